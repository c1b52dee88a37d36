"""The feeds for widgets, in the widgets themselves, on another site's page."""

import pytest

from tests.browser.conftest import ZONES
from tests.records import (
    issue,
    meeting,
    party,
    position,
    statement,
    status,
)

TIMELINEJS = """<!doctype html>
<link rel="stylesheet" href="/vendor/timelinejs/css/timeline.css">
<script src="/vendor/timelinejs/js/timeline.js"></script>
<div id="timeline" style="width: 1100px; height: 700px"></div>
<script>
  const it = new TL.Timeline("timeline", "%s", {font: null});
  it.on("loaded", () => document.title = "loaded");
</script>"""

VIS = """<!doctype html>
<link rel="stylesheet" href="/served/vis-timeline/vis-timeline-graph2d.min.css">
<script src="/served/vis-timeline/vis-timeline-graph2d.min.js"></script>
<div id="timeline"></div>
<script>
  fetch("%s").then(answer => answer.json()).then(({items, groups}) => {
    const options = {groupOrder: "order", xss: {disabled: %s}, tooltip: {delay: 0}};
    window.it = new vis.Timeline(document.getElementById("timeline"), new vis.DataSet(items),
                                 new vis.DataSet(groups), options);
    window.shown = items;
    it.on("changed", () => document.title = "loaded");
  });
</script>"""

CHART = """<!doctype html>
<script src="/vendor/timelines-chart/timelines-chart.min.js"></script>
<div id="chart"></div>
<script>
  fetch("%s").then(answer => answer.json()).then(data => {
    window.it = new TimelinesChart(document.getElementById("chart"));
    it.maxHeight(2000).data(data);
    setTimeout(() => document.title = "loaded", 1500);
  });
</script>"""

ITS_OWN = ("NaN", "reading 'domain'")
"""What timelines-chart logs by itself: where there is no data, and on a machine that is slow."""

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script> &lt;b&gt; ' \" ]]>"


def loaded(page):
    page.wait_for_function("document.title === 'loaded'")
    return page


@pytest.fixture
def hostile(tell_live, live):
    tell_live(
        party("ukraine", name=f"U {EVIL}"),
        party("france", name=f"F {EVIL}"),
        issue("nato", title=f"N {EVIL}", proposition=EVIL),
        issue("eu", title=f"E {EVIL}", proposition=EVIL),
        statement(
            "r-1",
            occurred="2024-05-01",
            summary=f"S {EVIL} {'x' * 10_000}",
            quote=EVIL,
            venue=EVIL,
            attribution_phrase=EVIL,
            speaker={"name": EVIL, "role": EVIL},
            positions=[position("support", conditions=[EVIL]), position("oppose", "eu")],
            statuses=[status("proposed", note=EVIL)],
            sources=[{"publisher": EVIL, "url": "https://example.org/a'b", "title": EVIL}],
        ),
        meeting(
            "m-1",
            occurred="2024-06",
            place=EVIL,
            agenda=[EVIL],
            participants=[{"party": "ukraine"}, {"party": "france"}],
            summary=EVIL,
        ),
    )
    return live


# TimelineJS


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize("zone", ZONES)
def test_timelinejs_shows_each_report_under_its_date(visit, site, berlin, kind, zone):
    address = f"{berlin}/widgets/timelinejs.{kind}?issue=ukraine-nato-membership"
    page = loaded(visit(site.page(TIMELINEJS % address), zone))
    assert page.locator(".tl-message-full").count() == 0
    assert page.locator(".tl-slide").count() == 21  # 20 reports and the title
    assert page.locator(".tl-slide-titleslide h2").inner_text() == "Ukraine's NATO membership"
    shown = page.locator(".tl-slide .tl-headline-date").all_text_contents()
    assert {"April 2008", "17 December 2021", "about October 2024"} <= set(shown)
    assert "14 December 2025" in shown
    assert "13 December 2025" not in shown
    groups = page.locator(".tl-timegroup-message").all_text_contents()
    assert "Ukraine" in groups
    eras = page.locator(".tl-timeera").all_text_contents()
    assert any("Status: latent" in era for era in eras)


@pytest.mark.parametrize("zone", ZONES)
def test_timelinejs_puts_a_report_on_its_day(visit, site, live, tell_live, zone):
    tell_live(party(), statement("r-1", occurred="2024-05-01"))
    page = loaded(visit(site.page(TIMELINEJS % f"{live}/widgets/timelinejs.json"), zone))
    shown = page.evaluate("it.config.events[0].start_date.data.date_obj.toString()")
    assert shown.startswith("Wed May 01 2024 00:00:00")


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_timelinejs_says_that_nothing_is_on_record(visit, site, live, kind):
    page = loaded(visit(site.page(TIMELINEJS % f"{live}/widgets/timelinejs.{kind}")))
    assert page.locator(".tl-message-full").count() == 0
    assert "Nothing is on record" in page.locator(".tl-slide h2").all_inner_texts()


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_timelinejs_runs_nothing_of_what_is_recorded(visit, site, hostile, kind):
    address = f"{hostile}/widgets/timelinejs.{kind}?issue=nato"
    page = loaded(visit(site.page(TIMELINEJS % address)))
    page.wait_for_timeout(500)
    assert page.locator("#timeline img[src=x], #timeline script, #timeline b").count() == 0
    (group,) = page.locator(".tl-timegroup-message").all_text_contents()
    assert group == f"U {EVIL}"
    told = page.locator(".tl-slide .tl-text").all_text_contents()
    assert any(EVIL in text for text in told)
    quoted = page.locator(".tl-slide blockquote").all_text_contents()
    assert quoted == [EVIL]


# vis-timeline


@pytest.mark.parametrize("zone", ZONES)
def test_vis_shows_positions_reports_and_statuses(visit, site, berlin, zone):
    address = f"{berlin}/widgets/vis.json?issue=ukraine-nato-membership&from=2021&as_of=2026-01-31"
    page = loaded(visit(site.page(VIS % (address, "false")), zone))
    lanes = page.locator(".vis-label .vis-inner").all_text_contents()
    assert lanes == sorted(lanes)
    assert {"Ukraine", "Russian Federation", "United States of America"} <= set(lanes)
    assert page.locator(".vis-range.position-conditional_oppose").count() == 2
    assert page.locator(".vis-background.status").count() >= 1
    assert page.locator(".vis-dot.report").count() >= 1


@pytest.mark.parametrize("zone", ZONES)
def test_vis_puts_a_report_on_its_day(visit, site, live, tell_live, zone):
    tell_live(
        party(),
        issue(),
        statement("r-1", occurred="2024-05-01", positions=[position("support")]),
        statement("r-2", occurred="2024-05"),
    )
    address = f"{live}/widgets/vis.json?as_of=2024-12-31"
    page = loaded(visit(site.page(VIS % (address, "false")), zone))

    def date(name, end):
        return page.evaluate(f"name => it.itemSet.items[name].data.{end}.toString()", name)

    assert date("report:r-1", "start").startswith("Wed May 01 2024 00:00:00")
    assert date("report:r-2", "start").startswith("Wed May 01 2024 00:00:00")
    assert date("report:r-2", "end").startswith("Fri May 31 2024 23:59:59")
    name = "position:ukraine:nato:2024-05-01T23:59:59.999"
    assert date(name, "start").startswith("Wed May 01 2024 23:59:59")
    assert date(name, "end").startswith("Tue Dec 31 2024 23:59:59")


def test_vis_runs_nothing_of_what_is_recorded_even_unprotected(visit, site, hostile):
    address = f"{hostile}/widgets/vis.json?from=2024-01&to=2024-12"
    page = loaded(visit(site.page(VIS % (address, "true"))))
    page.wait_for_timeout(300)
    assert page.locator("#timeline img[src=x], #timeline script, #timeline b").count() == 0
    lanes = page.locator(".vis-label .vis-inner").all_text_contents()
    assert f"U {EVIL}" in lanes
    page.locator(".vis-item.report").first.hover()
    page.wait_for_selector(".vis-tooltip")
    assert page.locator(".vis-tooltip img, .vis-tooltip script").count() == 0
    assert "<img src=x" in page.locator(".vis-tooltip").inner_text()


# timelines-chart


@pytest.mark.parametrize("zone", ZONES)
def test_the_chart_shows_a_segment_for_each_position(visit, site, berlin, zone):
    address = f"{berlin}/widgets/timelines-chart.json?issue=ukraine-nato-membership"
    page = loaded(visit(site.page(CHART % address), zone, allowed=ITS_OWN))
    data = page.evaluate("it.data()")
    told = {one["group"]: one["data"][0]["data"] for one in data}
    assert [one["val"] for one in told["Ukraine"]] == [
        "conditional oppose",
        "support",
        "conditional oppose",
    ]
    shown = page.evaluate(
        "d3 => [...document.querySelectorAll('.series-segment')]"
        ".map(one => one.__data__).filter(one => one.group === 'Ukraine')"
        ".map(one => one.timeRange[0].toString())"
    )
    assert any(one.startswith("Fri Sep 30 2022 23:59:59") for one in shown)


def test_the_chart_runs_nothing_of_what_is_recorded(visit, site, hostile):
    address = f"{hostile}/widgets/timelines-chart.json"
    page = loaded(visit(site.page(CHART % address), allowed=ITS_OWN))
    for part in (".series-segment", ".series-group", ".grp-axis text", ".y-axis text"):
        for one in page.locator(part).all()[:3]:
            one.dispatch_event("mouseover")
            page.wait_for_timeout(100)
    assert page.locator("img[src=x], #chart b").count() == 0
    assert page.locator(".chart-tooltip").count() >= 1
    groups = {one["group"] for one in page.evaluate("it.data()")}
    assert {one.replace("\u200b", "") for one in groups} == {f"U {EVIL}"}


def test_the_chart_takes_an_empty_log(visit, site, live):
    address = f"{live}/widgets/timelines-chart.json"
    page = loaded(visit(site.page(CHART % address), allowed=ITS_OWN))
    assert page.evaluate("it.data()") == []
