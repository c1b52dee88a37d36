"""What docs/widgets.md shows works as it is shown."""

import re

import pytest

from tests.browser.conftest import ROOT
from tests.browser.test_widgets import ITS_OWN

SNIPPETS = re.findall(
    r"^```html\n(.*?)^```", (ROOT / "docs" / "widgets.md").read_text(), re.MULTILINE | re.DOTALL
)

VENDORED = (
    ("https://cdn.knightlab.com/libs/timeline3/latest/", "/vendor/timelinejs/"),
    ("https://unpkg.com/vis-timeline@8/styles/", "/served/vis-timeline/"),
    ("https://unpkg.com/vis-timeline@8/standalone/umd/", "/served/vis-timeline/"),
    (
        "https://unpkg.com/timelines-chart@2",
        "/vendor/timelines-chart/timelines-chart.min.js",
    ),
)

FONTS = ("font.default.css", "204", "MIME type", "cdn.knightlab.com", "ERR_FAILED")
"""TimelineJS asks for its fonts, which are not vendored."""

SHOWN = (".tl-slide .tl-headline-date", ".vis-item.position-oppose", ".series-segment")


def test_there_is_a_snippet_for_each_widget():
    assert len(SNIPPETS) == len(SHOWN)


@pytest.mark.parametrize(("snippet", "shown"), [*zip(SNIPPETS, SHOWN, strict=True)], ids=SHOWN)
def test_a_snippet_shows_something(visit, site, berlin, snippet, shown):
    html = snippet.replace("https://desk.example.org", berlin)
    for there, here in VENDORED:
        html = html.replace(there, here)
    page = visit(site.page(f"<!doctype html>\n{html}"), allowed=(*FONTS, *ITS_OWN))
    page.wait_for_selector(shown, state="attached")
    assert page.locator(shown).count() > 1
