"""What other sites show of ours, on another site's page."""

from html import escape
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from tests.browser.conftest import until
from tests.records import issue, party, position, statement

SCRIPT = """<!doctype html>
<body style="width: 700px">
<div data-stancelog="{kind}" {data}></div>
<script src="{root}/embed.js"></script>"""

QUESTION = "/parties/ukraine/positions/ukraine-nato-membership"
DATA = 'data-party="ukraine" data-issue="ukraine-nato-membership"'

NOWHERE = (
    "https://example.org/matrix",
    "javascript:alert(1)",
    "data:text/html,<script>",
    "//127.0.0.1/matrix",
    "http://[bad",
    "http://user@evil.example/matrix",
    "ftp://127.0.0.1/matrix",
    "",
)


@pytest.fixture
def told(tell_live):
    tell_live(
        party("ukraine", name="Ukraine"),
        issue("nato", title="NATO membership"),
        statement("r-1", occurred="2024-03-01", positions=[position("support")]),
    )


def frame_in(page):
    """The frame that the script has made, once it is loaded."""
    page.locator("iframe").wait_for()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_load_state()
    return frame


def test_two_lines_show_a_position(visit, site, berlin):
    html = SCRIPT.format(kind="position", data=f'{DATA} data-as-of="2025-12-13"', root=berlin)
    page = visit(site.page(html))
    frame = frame_in(page)
    assert "For" in frame.locator("h1").inner_text()
    assert "30 September 2022" in frame.locator("main").inner_text()
    assert page.locator("iframe").get_attribute("title")


def test_the_frame_is_as_high_as_what_it_shows(visit, site, berlin):
    page = visit(site.page(SCRIPT.format(kind="position", data=DATA, root=berlin)))
    frame = frame_in(page)
    inner = "document.documentElement.offsetHeight"
    until(page, "document.querySelector('iframe').style.height !== '300px'")
    page.wait_for_timeout(300)
    height = page.locator("iframe").bounding_box()["height"]
    assert abs(height - frame.evaluate(inner)) <= 2
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate("document.body.style.width = '260px'")
    page.wait_for_timeout(600)
    taller = page.locator("iframe").bounding_box()["height"]
    assert taller > height
    assert abs(taller - frame.evaluate(inner)) <= 2


def test_a_height_of_ones_own_is_kept(visit, site, berlin):
    page = visit(
        site.page(SCRIPT.format(kind="position", data=f'{DATA} data-height="222"', root=berlin))
    )
    frame_in(page)
    page.wait_for_timeout(500)
    assert page.locator("iframe").bounding_box()["height"] == 222


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_kept_whatever_the_reader_prefers(visit, site, berlin, theme):
    other = "light" if theme == "dark" else "dark"
    html = SCRIPT.format(kind="matrix", data=f'data-theme="{theme}"', root=berlin)
    frame = frame_in(visit(site.page(html), color_scheme=other))
    paper = frame.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 23, 27)"}[theme]


@pytest.mark.parametrize("kind", ["timeline", "matrix"])
def test_two_lines_show_the_other_kinds(visit, site, berlin, kind):
    html = SCRIPT.format(kind=kind, data='data-issue="ukraine-nato-membership"', root=berlin)
    frame = frame_in(visit(site.page(html)))
    if kind == "matrix":
        assert frame.locator("table.matrix thead th").count() == 2
    else:
        until(frame, "document.querySelector('.vis')?.timeline")
        frame.locator(".vis-item:not(.vis-background)").first.wait_for()
    link = frame.get_by_role("link", name="Stancelog")
    assert link.get_attribute("target") == "_blank"


def test_a_div_that_asks_for_nothing_known_is_left_alone(visit, site, berlin):
    page = visit(site.page(SCRIPT.format(kind="constructor", data="", root=berlin)))
    page.wait_for_timeout(300)
    assert page.locator("iframe").count() == 0


def test_a_timeline_of_nothing_says_so(visit, live, tell_live):
    tell_live(party())
    page = visit(f"{live}/embed/timeline?party=ukraine")
    page.get_by_text("Nothing is on record to draw.").wait_for()


def test_an_embed_shows_a_new_report_within_seconds(visit, site, live, told, tell_live):
    html = SCRIPT.format(kind="position", data='data-party="ukraine" data-issue="nato"', root=live)
    page = visit(site.page(html))
    frame = frame_in(page)
    assert "For" in frame.locator("h1").inner_text()
    tell_live(statement("r-2", occurred="2024-06-01", positions=[position("oppose")]))
    frame.get_by_text("Against").first.wait_for(timeout=12_000)


def test_a_page_itself_is_not_framed_by_others(visit, site, berlin):
    page = visit(
        site.page(f'<iframe src="{berlin}{QUESTION}"></iframe>'),
        allowed=("frame-ancestors", "ERR_BLOCKED_BY_RESPONSE", "chrome-error"),
    )
    page.wait_for_timeout(500)
    assert page.frames[1].locator("h1.answered").count() == 0


# oEmbed


def oembed(page, root, url, **asked):
    query = "".join(f"&{name}={value}" for name, value in asked.items())
    return page.request.get(f"{root}/oembed?url={quote(url, safe='')}{query}")


def test_a_page_leads_to_what_embeds_it(visit, site, berlin):
    page = visit(f"{berlin}{QUESTION}?as_of=2025-12-13")
    found = {
        one.get_attribute("type"): one.get_attribute("href")
        for one in page.locator("link[rel=alternate][type$=oembed]").all()
    }
    told = page.request.get(berlin + found["application/json+oembed"])
    assert told.headers["content-type"].startswith("application/json")
    body = told.json()
    assert (body["version"], body["type"]) == ("1.0", "rich")
    xml = page.request.get(berlin + found["text/xml+oembed"])
    assert xml.headers["content-type"].startswith("text/xml")
    told_in_xml = {one.tag: one.text for one in ET.fromstring(xml.text())}
    assert told_in_xml == {name: str(value) for name, value in body.items()}
    frame = frame_in(visit(site.page(body["html"])))
    assert "For" in frame.locator("h1").inner_text()


@pytest.mark.parametrize(
    "path", ["/matrix", "/issues/ukraine-nato-membership", "/parties/ukraine", QUESTION]
)
def test_each_of_these_pages_can_be_embedded(visit, berlin, path):
    page = visit(f"{berlin}/parties")
    told = oembed(page, berlin, f"{berlin}{path}?utm_source=x&as_of=2025-12-13", maxwidth=300)
    assert told.status == 200
    body = told.json()
    assert body["width"] == 300
    assert "utm_source" not in body["html"]
    source = body["html"].partition('src="')[2].partition('"')[0].replace("&amp;", "&")
    assert page.request.get(source).status == 200


def test_only_our_own_pages_are_embedded(visit, berlin):
    page = visit(f"{berlin}/parties")
    for address in NOWHERE:
        assert oembed(page, berlin, address).status in (404, 422), address
    for path in ("/", "/diff", "/reports/seed-033", "/v1/matrix", "/static/page.js"):
        assert oembed(page, berlin, berlin + path).status == 404, path
    assert oembed(page, berlin, f"{berlin}/matrix", format="yaml").status == 501
    assert oembed(page, berlin, f"{berlin}/matrix", maxwidth="wide").status == 422


def test_an_address_out_for_trouble_stays_within_its_attribute(visit, site, berlin):
    page = visit(f"{berlin}/parties")
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    told = oembed(page, berlin, f"{berlin}/issues/{quote(evil, safe='')}?theme={quote(evil)}")
    if told.status == 200:
        html = told.json()["html"]
        assert "<script" not in html
        assert escape("<script") not in html or html.count("<") == 2
