"""The documentation of the API works under the same strict policy as every page."""

from tests.browser.conftest import until


def test_it_shows_every_operation_and_tries_one_out(berlin, visit):
    page = visit(f"{berlin}/docs")
    until(page, "document.querySelectorAll('.opblock').length > 20")
    block = page.locator("#operations-system-get_healthz, .opblock-get").filter(
        has=page.get_by_text("/v1/parties", exact=True)
    )
    block.first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.click()
    until(page, "document.querySelector('.live-responses-table')")
    assert "Ukraine" in page.locator(".live-responses-table").inner_text()
