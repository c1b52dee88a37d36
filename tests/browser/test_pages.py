"""The pages as people use them: by mouse, by keyboard, without JavaScript, in any time zone."""

import json

import pytest

from tests.browser.conftest import ZONES, until
from tests.records import issue, party, position, statement

QUESTION = "/parties/ukraine/positions/ukraine-nato-membership"
ISSUE = "/issues/ukraine-nato-membership"
TITLE = "Ukraine's NATO membership"

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

VIEWS = (
    "/",
    ISSUE,
    "/parties",
    "/parties/ukraine",
    QUESTION,
    "/matrix",
    "/diff",
    "/reports/seed-033",
)


@pytest.fixture
def told(tell_live):
    """A party that changed its mind twice, and a vague report."""
    tell_live(
        party("ukraine", name="Ukraine"),
        issue("nato", title="NATO membership"),
        statement("r-1", occurred="2024-03-01", positions=[position("support")]),
        statement("r-2", occurred="2024-05-01", positions=[position("oppose")]),
        statement("r-3", occurred="2024-08-15", positions=[position("support")]),
        statement("r-4", occurred="2024-04"),
    )


def answer(page):
    """What the page says that the position was."""
    return page.locator("h1.answered").inner_text()


def timeline(page):
    """Wait until the timeline is drawn."""
    until(page, "document.querySelector('.vis')?.timeline")
    page.locator(".vis-item").first.wait_for()
    page.locator(".vis").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return page.locator(".vis-custom-time")


# The newcomer's question: what was Ukraine's position on NATO on 13 and on 20 December, and why?


def check_the_answers(page, ask):
    ask("2025-12-13")
    assert "For" in answer(page)
    assert "Against" not in answer(page)
    why = page.locator("section[aria-labelledby=why]")
    assert "accelerated NATO membership" in why.inner_text()
    ask("2025-12-20")
    assert "Against, on conditions" in answer(page)
    assert "Western guarantees" in why.inner_text()
    assert why.get_by_role("link", name="CGTN").get_attribute("href").startswith("https://")
    assert "on the record" in why.inner_text()


def test_a_newcomer_finds_the_answer_by_mouse(visit, berlin):
    page = visit(f"{berlin}/")
    page.get_by_role("link", name=TITLE, exact=True).first.click()
    page.get_by_role("table").first.get_by_role("link", name="Ukraine", exact=True).click()

    def ask(day):
        page.get_by_label("As of", exact=True).fill(day)
        page.get_by_role("button", name="Show").first.click()
        page.wait_for_url(f"**as_of={day}*")

    check_the_answers(page, ask)
    page.locator("section[aria-labelledby=why] a.when").first.click()
    assert "/reports/" in page.url
    assert page.get_by_role("heading", name="Sources").is_visible()


def test_a_newcomer_finds_the_answer_by_keyboard(visit, berlin):
    page = visit(f"{berlin}/")

    def tab_to(name):
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == name:
                return
        raise AssertionError(f"no way to {name}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(TITLE)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{ISSUE}*")
    tab_to("Ukraine")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{QUESTION}*")

    def ask(day):
        field = page.get_by_label("As of", exact=True)
        field.focus()
        year, month, of_month = day.split("-")
        page.keyboard.type(month + of_month + year)  # as an American date field takes it
        page.keyboard.press("Enter")
        page.wait_for_url(f"**as_of={day}*")

    check_the_answers(page, ask)


def test_a_newcomer_finds_the_answer_without_javascript(visit, berlin):
    page = visit(f"{berlin}/", java_script_enabled=False)
    page.get_by_role("link", name=TITLE, exact=True).first.click()
    page.get_by_role("table").first.get_by_role("link", name="Ukraine", exact=True).click()

    def ask(day):
        page.locator("#as_of").fill(day)
        page.get_by_role("button", name="Show").first.click()
        assert f"as_of={day}" in page.url

    check_the_answers(page, ask)
    page.get_by_role("link", name="To the change before, 15 December 2025").click()
    page.get_by_role("link", name="To the change before, 14 December 2025").click()
    page.get_by_role("link", name="To the change before, 30 September 2022").click()
    assert "as_of=2022-09-30" in page.url
    assert "For" in answer(page)


# The date


def test_the_slider_goes_from_change_to_change(visit, berlin):
    page = visit(f"{berlin}{QUESTION}?as_of=2025-12-20")
    slider = page.get_by_role("slider")
    slider.wait_for()
    stops = page.evaluate(
        "fetch(document.querySelector('form.clocks').dataset.stops).then(r => r.json())"
    )
    assert stops["are_changes"]
    assert slider.get_attribute("aria-valuetext") == stops["stops"][-1]
    slider.evaluate(
        "it => { it.value = 1; it.dispatchEvent(new Event('input')); it.dispatchEvent(new Event('change')) }"
    )
    page.wait_for_url(f"**as_of={stops['stops'][1]}*")
    page.get_by_role("slider").wait_for()
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == stops["stops"][1]


def test_the_slider_can_be_moved_by_many_keys_at_once(visit, berlin):
    page = visit(f"{berlin}{QUESTION}?as_of=2025-12-20")
    slider = page.get_by_role("slider")
    slider.wait_for()
    stops = page.evaluate(
        "fetch(document.querySelector('form.clocks').dataset.stops).then(r => r.json())"
    )["stops"]
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**as_of={stops[-3]}*")
    until(page, "document.activeElement?.id === 'slider'")  # where it was left
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**as_of={stops[-4]}*")


def test_arrow_keys_go_to_the_change_before_and_after(visit, live, told):
    page = visit(f"{live}/parties/ukraine/positions/nato?as_of=2024-06-01")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**as_of=2024-05-01*")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**as_of=2024-03-01*")
    assert "For" in answer(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**as_of=2024-05-01*")
    assert "Against" in answer(page)
    page.get_by_label("As of", exact=True).focus()
    page.keyboard.press("ArrowRight")  # within the date
    page.wait_for_timeout(200)
    assert "as_of=2024-05-01" in page.url


def test_empty_fields_do_not_get_into_the_address(visit, berlin):
    page = visit(f"{berlin}{ISSUE}")
    page.locator("#as_of").fill("2025-12-13")
    page.locator(".as-of button").click()
    page.wait_for_url("**as_of=2025-12-13")
    assert page.url.endswith("?as_of=2025-12-13")


def test_the_second_clock_tells_what_was_known(visit, berlin):
    page = visit(f"{berlin}{QUESTION}?as_of=2025-12-20")
    page.get_by_text("As known now").click()
    page.get_by_label("As known on").fill("2025-12-10")
    page.locator(".knowledge button").click()
    page.wait_for_url("**known_at=2025-12-10*")
    assert "For" in answer(page)
    assert page.get_by_text("As known on 10 December 2025").is_visible()
    page.get_by_role("link", name="what is known now").click()
    page.wait_for_url(f"**{QUESTION}?as_of=2025-12-20")
    assert "Against, on conditions" in answer(page)


def test_a_view_can_be_cited(visit, berlin):
    page = visit(f"{berlin}{QUESTION}?as_of=2025-12-20")
    page.get_by_text("Cite this view").click()
    link = page.get_by_label("Permalink").input_value()
    assert "seq=134" in link
    assert "as_of=2025-12-20T23:59:59.999999Z" in link
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    said = page.locator("main").inner_text()
    page.goto(link)
    assert page.locator("main").inner_text() == said


# The timeline


@pytest.mark.parametrize("zone", ZONES)
def test_the_line_stands_at_the_day_and_is_dragged_to_another(visit, live, told, zone):
    page = visit(f"{live}/issues/nato?as_of=2024-06-10", zone)
    line = timeline(page)
    assert page.evaluate(
        "String(document.querySelector('.vis').timeline.getCustomTime('line'))"
    ).startswith("Mon Jun 10 2024")
    centre = page.locator(".vis-panel.vis-center").bounding_box()
    start = line.bounding_box()
    x, y = start["x"] + start["width"] / 2, centre["y"] + 15
    target = page.evaluate(
        """() => { const it = document.querySelector('.vis').timeline, {start, end} = it.getWindow();
        return (new Date(2024, 2, 20, 12) - start) / (end - start) }"""
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(centre["x"] + centre["width"] * (target + 0.03), y, steps=4)
    page.mouse.move(centre["x"] + centre["width"] * target, y, steps=4)
    page.wait_for_timeout(200)
    said = line.get_attribute("title")
    page.mouse.up()
    page.wait_for_url(lambda address: "as_of=2024-06-10" not in address)
    day = page.url.partition("as_of=")[2][:10]
    assert "2024-03-10" <= day <= "2024-04-05"
    assert day in said  # the day under the line is the day of the answer
    assert page.locator("#as_of").input_value() == day
    timeline(page)
    shown = page.evaluate(
        "(d => [d.getFullYear(), d.getMonth() + 1, d.getDate()])(document.querySelector('.vis').timeline.getCustomTime('line'))"
    )
    assert shown == [int(part) for part in day.split("-")]
    told_by = page.evaluate(
        "at => fetch(at).then(r => r.json())",
        f"{live}/v1/parties/ukraine/positions/nato?as_of={day}",
    )
    assert told_by["position"] == "support"
    row = page.locator("table.positions tbody tr").first.inner_text()
    assert "For" in row
    assert "1 March 2024" in row


@pytest.mark.parametrize("zone", ZONES)
def test_dates_are_the_same_in_every_zone(visit, live, told, zone):
    page = visit(f"{live}/issues/nato?as_of=2024-12-31", zone)
    timeline(page)
    starts = page.evaluate(
        "document.querySelector('.vis').timeline.itemsData.get().filter(one => one.report === 'r-2').map(one => String(one.start))"
    )
    assert starts
    assert all(start.startswith("Wed May 01 2024") for start in starts)
    assert "1 May 2024" in page.locator("main").inner_text()


def test_the_timeline_shows_lanes_positions_reports_and_statuses(visit, berlin):
    page = visit(f"{berlin}{ISSUE}?as_of=2025-12-20")
    timeline(page)
    lanes = page.locator(".vis-label .vis-inner").all_text_contents()
    assert {"Ukraine", "Russian Federation"} <= set(lanes)
    assert page.locator(".vis-range.position-oppose").count() >= 1
    assert page.locator(".vis-background.status").count() >= 1
    texts = page.locator(".vis-range.position-oppose .vis-item-content").all_inner_texts()
    assert all(
        "\N{MINUS SIGN} Against" in text for text in texts
    )  # as the tables say it, with its sign


def test_a_position_on_the_timeline_leads_to_why_by_the_same_clocks(visit, berlin):
    page = visit(f"{berlin}{ISSUE}?as_of=2025-12-20&seq=120")
    timeline(page)
    page.locator(".vis-range.position-oppose").first.click()
    page.wait_for_url("**/positions/ukraine-nato-membership*")
    assert "seq=120" in page.url


def test_the_timeline_asks_for_windows_where_there_is_much(visit, live, tell_live):
    tell_live(
        party("ukraine"),
        issue(),
        *(
            statement(
                f"s-{n}",
                occurred=f"20{n % 20:02}-{n % 12 + 1:02}-{n % 28 + 1:02}",
                positions=[position()],
            )
            for n in range(1500)
        ),
    )
    page = visit(f"{live}/issues/nato")
    timeline(page)
    assert page.locator(".vis-item.cluster").count() >= 1
    asked = []
    page.on("request", lambda one: "/widgets/vis.json" in one.url and asked.append(one.url))
    with page.expect_response(lambda one: "/widgets/vis.json" in one.url and "from=" in one.url):
        page.evaluate(
            "document.querySelector('.vis').timeline.setWindow('2010-03-01', '2010-06-30', {animation: false})"
        )
    until(page, "document.querySelector('.vis').timeline.itemsData.get().some(one => one.report)")
    assert page.locator(".vis-item.report").count() >= 1


def test_the_timeline_stays_sound_however_far_one_zooms(visit, live, told):
    page = visit(f"{live}/issues/nato")
    timeline(page)
    for first, last in (
        ("2024-05-01T11:00", "2024-05-01T12:00"),
        ("0001-01-01", "9999-12-31"),
        ("1400-01-01", "1400-01-02"),
    ):
        page.evaluate(
            "([a, b]) => document.querySelector('.vis').timeline.setWindow(a, b, {animation: false})",
            [first, last],
        )
        page.wait_for_timeout(300)
    page.evaluate("document.querySelector('.vis').timeline.fit({animation: false})")
    assert page.locator(".vis-item").count() >= 3


def test_where_nothing_is_to_draw_there_is_no_timeline(visit, live, tell_live):
    tell_live(party(), issue())
    page = visit(f"{live}/issues/nato")
    page.wait_for_timeout(400)
    assert page.locator("section.timeline").is_hidden()
    assert page.get_by_text("No position on record").first.is_visible()


# Live


def test_an_open_page_shows_a_new_report_within_seconds(visit, live, told, tell_live):
    page = visit(f"{live}/issues/nato")
    timeline(page)
    page.locator("h1").click()  # somebody is reading
    tell_live(
        statement(
            "r-9", occurred="2024-09-01", summary="A new turn.", positions=[position("oppose")]
        )
    )
    page.locator(".reports").get_by_text("A new turn.").wait_for(timeout=12_000)
    assert "Against" in page.locator("table.positions tbody tr").first.inner_text()
    page.locator(".news[role=status]").wait_for()
    until(
        page,
        "document.querySelector('.vis').timeline.itemsData.get().some(one => one.report === 'r-9')",
    )
    assert page.locator(".vis-timeline").count() == 1
    page.get_by_text("Cite this view").click()
    assert "seq=7" in page.get_by_label("Permalink").input_value()


def test_an_open_page_takes_nothing_from_under_the_hands(visit, live, told, tell_live):
    page = visit(f"{live}/issues/nato")
    page.locator("table.positions summary").focus()
    tell_live(
        statement("r-9", occurred="2024-09-01", summary="A new turn.", positions=[position()])
    )
    page.get_by_role("link", name="Show it").wait_for(timeout=12_000)
    assert page.locator("table.positions summary").evaluate("it => it === document.activeElement")
    page.get_by_role("link", name="Show it").click()
    page.locator(".reports").get_by_text("A new turn.").wait_for()


def test_a_pinned_page_stays_as_it_is(visit, live, told, tell_live):
    page = visit(f"{live}/issues/nato?seq=6")
    asked = []
    page.on("request", lambda one: asked.append(one.url))
    page.wait_for_timeout(1500)
    asked.clear()
    page.wait_for_timeout(5500)
    assert not asked


# On paper and in the hand


@pytest.mark.parametrize("path", VIEWS)
def test_a_phone_never_has_to_scroll_sideways(visit, berlin, path):
    page = visit(f"{berlin}{path}", **PHONE)
    page.wait_for_timeout(500)
    wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= 390 >= room


@pytest.mark.parametrize("path", [ISSUE, QUESTION, "/matrix"])
def test_on_paper_there_is_the_answer_and_nothing_to_press(visit, berlin, path):
    page = visit(f"{berlin}{path}")
    page.wait_for_timeout(300)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for part in ("nav", ".search", ".slider", "button"):
        assert not any(one.is_visible() for one in page.locator(part).all()), part
    assert page.locator("h1").is_visible()
    if path == ISSUE:
        assert page.locator("ul.evidence").first.is_visible()
    assert len(page.pdf()) > 5000


def test_hostile_text_runs_nothing(visit, live, tell_live):
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script></script>\u202e"
    tell_live(
        party("ukraine", name=evil),
        issue("nato", title=evil, proposition=evil),
        statement(
            "r-1",
            occurred="2024-05-01",
            summary=evil + "x" * 10_000,
            quote=evil,
            positions=[position(conditions=[evil])],
            sources=[{"publisher": evil, "url": "https://example.org/'\"<b>", "title": evil}],
        ),
    )
    for path in (
        "/",
        "/issues/nato",
        "/parties/ukraine",
        "/parties/ukraine/positions/nato",
        "/matrix",
        "/diff",
        "/reports/r-1",
        "/embed/timeline?issue=nato",
        "/embed/position?party=ukraine&issue=nato",
        "/embed/matrix",
    ):
        page = visit(f"{live}{path}")
        if page.locator(".vis").count():
            timeline(page)
            page.locator(".vis-item.report").first.hover()
            page.wait_for_timeout(400)
        assert page.locator("img[src=x]").count() == 0, path
        for data in page.locator("script[type='application/ld+json']").all_text_contents():
            assert json.loads(data)["@context"] == "https://schema.org"
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
