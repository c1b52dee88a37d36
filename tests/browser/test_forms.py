"""The forms in a real browser: with JavaScript, without it, with the keyboard, on a phone."""

import pytest
from playwright.sync_api import expect

from tests.records import issue, party, position, statement

REFUSED = ("422", "412", "409")
"""What the browser logs of an answer that a form is shown again with."""


@pytest.fixture
def desk(tell_live, live):
    tell_live(
        party("ukraine", name="Ukraine", aliases=["Kyiv"]),
        party("russia", name="Russian Federation"),
        issue("nato", title="NATO membership", proposition="Ukraine should join NATO"),
        statement("r-1", positions=[position(conditions=["a"])], venue="Lviv"),
    )
    return live


def field(page, name):
    return page.locator(f'[id="{name}"]')


def fill(page, **typed):
    for name, text in typed.items():
        where = field(page, name.replace("__", "."))
        if where.evaluate("one => one.tagName") == "SELECT":
            where.select_option(text)
        else:
            where.fill(text)


GOOD = {
    "occurred": "2025-12-14",
    "parties__0": "Kyiv",
    "summary": "They would drop it.",
    "attribution": "on_record",
    "positions__0__issue": "NATO membership",
    "positions__0__position": "conditional_oppose",
    "positions__0__conditions": "guarantees\nmoney",
    "sources__0__publisher": "Reuters",
}


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_statement_is_refused_mended_and_recorded(desk, visit, scripts):
    address = f"{desk}/record/statement"
    page = visit(address, allowed=REFUSED, java_script_enabled=scripts)
    fill(page, **GOOD | {"occurred": "2025-13", "parties__0": "Ukrane"})
    page.get_by_role("button", name="Add another position").click()
    expect(field(page, "positions.1.issue")).to_be_focused()
    expect(field(page, "positions.0.conditions")).to_have_value("guarantees\nmoney")
    page.get_by_role("button", name="Add another source").click()
    fill(page, sources__1__publisher="AFP")
    page.locator("button.main").click()
    expect(page.locator("#errors")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.locator("#errors a", has_text="Date").click()
    fill(page, occurred="2025-12")
    page.locator(".wrong").get_by_role("button", name="Ukraine").click()
    expect(field(page, "parties.0")).to_have_value("Ukraine")
    expect(field(page, "occurred")).to_have_value("2025-12")
    page.locator("button.main").click()
    page.wait_for_url(f"{desk}/reports/*")
    main = page.locator("main").inner_text()
    assert "They would drop it." in main
    assert "Against, on conditions" in main
    assert "guarantees; money" in main
    assert "AFP" in main


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_rows_come_and_go(desk, visit, scripts):
    page = visit(f"{desk}/record/meeting", java_script_enabled=scripts)
    fill(page, participants__0__party="Kyiv", participants__1__party="russia")
    who = page.get_by_role("button", name="Add another representative")
    who.nth(1).click()
    fill(page, participants__1__representatives__1__name="S. Lavrov")
    page.get_by_role("button", name="Add another participant").click()
    expect(field(page, "participants.2.party")).to_be_focused()
    expect(field(page, "participants.2.representatives.0.name")).to_have_count(1)
    page.get_by_role("button", name="Remove participant 1").click()
    left = page.locator("[name^='participants.'][name$='.party']")
    assert [one.input_value() for one in left.all()] == ["russia", ""]
    names = page.locator("[name*='.representatives.'][name$='.name']")
    assert "S. Lavrov" in [one.input_value() for one in names.all()]


def test_what_rows_that_were_removed_in_place_leave_is_recorded(desk, visit):
    page = visit(f"{desk}/record/statement")
    fill(page, **GOOD)
    page.get_by_role("button", name="Add another party").click()
    page.get_by_role("button", name="Add another party").click()
    fill(page, parties__1="nobody", parties__2="russia")
    page.get_by_role("button", name="Remove party 2").click()
    page.locator("button.main").click()
    page.wait_for_url(f"{desk}/reports/*")
    assert "Russian Federation" in page.locator("main").inner_text()


def test_enter_records_and_does_not_add_a_row(desk, visit):
    page = visit(f"{desk}/record/statement")
    fill(page, **GOOD)
    field(page, "sources.0.publisher").press("Enter")
    page.wait_for_url(f"{desk}/reports/*")


def test_parties_and_issues_on_record_are_suggested(desk, visit):
    page = visit(f"{desk}/record/statement")
    listed = field(page, "parties.0").get_attribute("list")
    options = page.locator(f"#{listed} option")
    values = options.evaluate_all("all => all.map(one => one.value)")
    assert values == ["Russian Federation", "Ukraine"]
    fill(page, positions__0__issue="nato Membership")
    field(page, "positions.0.issue").blur()
    expect(page.locator("[data-proposition='positions.0.issue']")).to_have_text(
        "Ukraine should join NATO"
    )


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_two_desks_that_correct_one_report_see_each_other(desk, visit, scripts):
    page = visit(f"{desk}/reports/r-1", allowed=REFUSED, java_script_enabled=scripts)
    page.get_by_role("link", name="Correct this report").click()
    other = visit(f"{desk}/reports/r-1/correct")
    fill(other, venue="Odesa", reason="typo")
    other.locator("button.main").click()
    other.wait_for_url(f"{desk}/reports/r-1")
    fill(page, summary="Mine.", reason="mistranslation")
    page.locator("button.main").click()
    expect(page.locator("#errors")).to_contain_text("has changed since")
    expect(page.locator(".meanwhile")).to_contain_text("Odesa")
    expect(field(page, "venue")).to_have_value("Odesa")
    page.locator("button.main").click()
    page.wait_for_url(f"{desk}/reports/r-1")
    assert "version 3" in page.locator("main").inner_text()
    page.get_by_role("link", name="Retract it").click()
    assert "nothing is deleted" in page.locator("main").inner_text()
    fill(page, reason="source_retracted", note="They took it down.")
    page.locator("button.main").click()
    page.wait_for_url(f"{desk}/reports/r-1")
    assert "Retracted: source retracted" in page.locator("main").inner_text()


def test_what_is_typed_stays_while_others_record(desk, visit, tell_live):
    page = visit(f"{desk}/record/statement")
    fill(page, summary="Half a sentence")
    page.locator("h1").click()  # nothing in the form has the focus
    tell_live(statement("r-2"))
    page.wait_for_timeout(6000)
    expect(field(page, "summary")).to_have_value("Half a sentence")


@pytest.mark.parametrize("path", ["/record/statement", "/record/meeting", "/reports/r-1/correct"])
def test_every_field_has_a_label_and_fits_a_phone(desk, visit, path):
    page = visit(f"{desk}{path}", viewport={"width": 360, "height": 700}, color_scheme="dark")
    without = page.evaluate(
        """() => [...document.querySelectorAll("main input, main select, main textarea")]
            .filter(one => one.type !== "hidden" && !one.labels.length).map(one => one.name)"""
    )
    assert without == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(width)


def test_a_form_is_filled_in_with_the_keyboard(desk, visit):
    page = visit(f"{desk}/reports/r-1/retract")
    field(page, "reason").focus()
    page.keyboard.type("Fabricated")
    page.keyboard.press("Tab")
    page.keyboard.type("Made up.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desk}/reports/r-1")
