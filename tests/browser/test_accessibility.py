"""Nothing keeps people from reading the pages: axe-core finds nothing serious on any of them."""

import pytest

from tests.browser.conftest import VENDOR, until

AXE = (VENDOR / "axe-core" / "axe.min.js").read_text()

QUESTION = "/parties/ukraine/positions/ukraine-nato-membership"
ISSUE = "/issues/ukraine-nato-membership"

VIEWS = (
    "/",
    ISSUE,
    f"{ISSUE}?as_of=2025-12-14&known_at=2025-12-20",
    "/parties",
    "/parties/ukraine",
    QUESTION,
    f"{QUESTION}?as_of=2007-01-01",
    "/matrix",
    "/diff?from=2025-12-01&to=2025-12-31",
    "/diff?clock=knowledge&from=2025-12-01&to=2025-12-31",
    "/reports/seed-033",
    "/embed/timeline?issue=ukraine-nato-membership",
    "/embed/matrix",
    "/embed/position?party=ukraine&issue=ukraine-nato-membership",
)

OF_NOTHING = ("/", "/parties", "/matrix", "/diff", "/embed/timeline", "/embed/matrix")

ERRORS = (("/issues/ukraine-nato-membershi", 404), (f"{ISSUE}?as_of=2025", 422), ("/nothing", 404))

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
}


def check(page):
    """Open all that opens, and let axe-core look at it."""
    page.wait_for_timeout(300)
    if page.locator(".vis").count():
        until(
            page,
            "document.querySelector('.vis').timeline || document.querySelector('.vis .silence')",
        )
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(AXE)
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(told => told.violations)"
    )
    assert not [
        (one["impact"], one["id"], [node["html"][:300] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", VIEWS)
def test_a_view_keeps_nobody_out(visit, berlin, path, look):
    check(visit(f"{berlin}{path}", **LOOKS[look]))


@pytest.mark.parametrize("path", OF_NOTHING)
def test_a_view_of_nothing_keeps_nobody_out(visit, live, path):
    check(visit(f"{live}{path}"))


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize(("path", "status"), ERRORS)
def test_an_error_keeps_nobody_out(visit, berlin, path, status, look):
    check(visit(f"{berlin}{path}", allowed=(f"{status}",), **LOOKS[look]))
