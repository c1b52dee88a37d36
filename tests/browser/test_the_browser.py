"""The browser that the other tests look through sees what goes wrong."""

import pytest

from tests.browser.conftest import ZONES


@pytest.mark.parametrize("zone", ZONES)
def test_it_lives_in_the_time_zone_that_is_asked_for(visit, site, zone):
    page = visit(site.page("<title>A page</title>"), zone)
    assert page.title() == "A page"
    found = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert found == zone


def test_it_reads_the_live_server_from_another_site(visit, site, berlin):
    page = visit(site.page("<p>"))
    answer = page.evaluate("at => fetch(at).then(answer => answer.json())", f"{berlin}/readyz")
    assert (answer["status"], answer["seq"]) == ("ready", 134)


def test_it_asks_no_other_host(visit, site):
    html = "<img src='https://example.org/spy.png' onerror='document.title = \"refused\"'>"
    foreign = ("asked another host: https://example.org/spy.png", "example.org", "ERR_FAILED")
    page = visit(site.page(html), allowed=foreign)
    page.wait_for_function("document.title === 'refused'")
