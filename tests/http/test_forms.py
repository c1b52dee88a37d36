"""Recording by form: what the API refuses is refused with the same words, and nothing is lost."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from service.app import create_app
from service.settings import SettingError
from tests.http.access import no_writing, proof
from tests.records import issue, meeting, party, position, retraction, statement

pytestmark = pytest.mark.usefixtures("scene")

PEOPLE = {"Accept": "text/html"}

GOOD = {
    "occurred": "2025-12-14",
    "parties.0": "ukraine",
    "summary": "They said so.",
    "attribution": "on_record",
    "sources.0.publisher": "Reuters",
}

MET = {
    "occurred": "2025-12-14",
    "participants.0.party": "ukraine",
    "participants.1.party": "russia",
    "summary": "They met.",
    "attribution": "on_record",
    "sources.0.publisher": "Reuters",
}

EVIL = "<img src=x onerror=alert(1)></textarea></title><script>alert(2)</script> ' \" {{ 7*7 }}"


class Fields(HTMLParser):
    """The fields of a page, as a browser without JavaScript would send them."""

    def __init__(self, text):
        super().__init__()
        self.values, self.errors, self.ids, self.elements = {}, {}, set(), []
        self.buttons, self._inert, self._area, self._select, self._error = [], 0, None, None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self._inert += tag == "template"
        if self._inert:
            return
        self.elements.append((tag, told))
        self.ids.add(told.get("id"))
        if tag == "textarea":
            self._area = told["name"]
            self.values[self._area] = ""
        elif tag == "select":
            self._select = told["name"]
            self.values[self._select] = ""
        elif tag == "option" and "selected" in told:
            self.values[self._select] = told["value"]
        elif tag == "button" and told.get("name"):
            self.buttons.append((told["name"], told["value"]))
        elif tag == "input" and told.get("name", "q") != "q":
            if told.get("type") == "checkbox" and "checked" not in told:
                return
            self.values[told["name"]] = told.get("value", "")
        if (told.get("id") or "").endswith("-error"):
            self._error = told["id"].removesuffix("-error")
            self.errors[self._error] = ""

    def handle_endtag(self, tag):
        self._inert -= tag == "template"
        if tag == "textarea":
            self._area = None
        if tag == "p":  # the nearest names follow as buttons
            self._error = None

    def handle_data(self, data):
        if self._area:
            self.values[self._area] += data.removeprefix("\n")
        if self._error is not None:
            self.errors[self._error] += data

    def error_of(self, name):
        return " ".join(self.errors[name].split()).removeprefix("Error: ")


def fields(answer):
    return Fields(answer.text)


def head(client):
    return client.get("/readyz").json["seq"]


def send(client, path, form, **kwargs):
    sent = form | {"csrf": proof(client)}
    return client.post(path, data=sent, headers=PEOPLE, **kwargs)


def recorded(client, answer):
    assert answer.status_code == 303, answer.text
    return client.get(f"/v1{answer.location}").json


def opened(client, path):
    answer = client.get(path, headers=PEOPLE)
    assert answer.status_code == 200
    return fields(answer).values


# A statement


def test_a_statement_is_recorded_by_form(client):
    form = GOOD | {
        "speaker.name": "A. Sybiha",
        "speaker.role": "foreign minister",
        "venue": "Berlin",
        "quote": "One.\r\nTwo.",
        "credibility": "2",
        "tags": "talks\r\n\r\n berlin ",
        "positions.0.issue": "nato",
        "positions.0.position": "conditional_oppose",
        "positions.0.conditions": "guarantees first\r\nand money",
        "positions.0.red_line": "on",
        "positions.0.until": "2026-01-31",
        "statuses.0.issue": "guarantees",
        "statuses.0.status": "negotiating",
        "id": "r-1",
    }
    answer = send(client, "/record/statement", form)
    assert answer.location == "/reports/r-1"
    report = recorded(client, answer)
    assert report["speaker"] == {"name": "A. Sybiha", "role": "foreign minister"}
    assert (report["quote"], report["credibility"]) == ("One.\nTwo.", 2)
    assert report["tags"] == ["talks", "berlin"]
    (told,) = report["positions"]
    assert told["conditions"] == ["guarantees first", "and money"]
    assert (told["red_line"], told["until"], told["party"]) == (True, "2026-01-31", None)
    assert report["statuses"][0]["status"] == "negotiating"
    assert client.get("/reports/r-1", headers=PEOPLE).status_code == 200


def test_what_is_refused_is_shown_again_and_then_accepted(client):
    before = head(client)
    typed = GOOD | {"occurred": "2025-13", "summary": "", "venue": "Berlin", "quote": "\nLate."}
    answer = send(client, "/record/statement", typed)
    assert answer.status_code == 422
    again = fields(answer)
    assert again.values["occurred"] == "2025-13"
    assert (again.values["venue"], again.values["parties.0"]) == ("Berlin", "ukraine")
    assert set(again.errors) == {"occurred", "summary"}
    assert "<title>Error: Record a statement" in answer.text
    assert head(client) == before
    mended = again.values | {"occurred": "2025-12", "summary": "They said so."}
    assert recorded(client, send(client, "/record/statement", mended))["venue"] == "Berlin"


def test_each_field_in_error_says_so_to_all_who_read(client):
    answer = send(client, "/record/statement", GOOD | {"occurred": "2025-13"})
    page = fields(answer)
    told = dict(next(one for one in page.elements if one[1].get("id") == "occurred")[1])
    assert told["aria-invalid"] == "true"
    assert set(told["aria-describedby"].split()) == {"occurred-error", "occurred-hint"} <= page.ids
    links = {one["href"] for tag, one in page.elements if tag == "a" and "href" in one}
    assert "#occurred" in links


@pytest.mark.parametrize(
    ("typed", "record", "field"),
    [
        ({"occurred": "yesterday"}, {"occurred": "yesterday"}, "occurred"),
        ({"occurred": "2999"}, {"occurred": "2999"}, "occurred"),
        ({"summary": " "}, {"summary": None}, "summary"),
        ({"attribution": "rumour"}, {"attribution": "rumour"}, "attribution"),
        ({"parties.0": "ukrane"}, {"parties": ["ukrane"]}, "parties.0"),
        ({"parties.0": "nobody"}, {"parties": ["nobody"]}, "parties.0"),
        ({"parties.1": "ukraine"}, {"parties": ["ukraine", "ukraine"]}, "parties.1"),
        ({"sources.0.publisher": ""}, {"sources": None}, "sources"),
        (
            {"sources.0.url": "ftp://x"},
            {"sources": [{"publisher": "Reuters", "url": "ftp://x"}]},
            "sources.0.url",
        ),
        ({"credibility": "7"}, {"credibility": 7}, "credibility"),
        ({"credibility": "much"}, {"credibility": "much"}, "credibility"),
        ({"id": "a b"}, {"id": "a b"}, "id"),
        ({"venue": "x" * 1001}, {"venue": "x" * 1001}, "venue"),
        ({"quote": "a\0b"}, {"quote": "a\0b"}, "quote"),
        ({"positions.0.issue": "nato"}, {"positions": [{"issue": "nato"}]}, "positions.0.position"),
        (
            {"positions.0.issue": "nata", "positions.0.position": "oppose"},
            {"positions": [{"issue": "nata", "position": "oppose"}]},
            "positions.0.issue",
        ),
        (
            {
                "positions.0.issue": "nato",
                "positions.0.position": "undeclared",
                "positions.0.until": "2026-01-01",
            },
            {"positions": [position("undeclared", until="2026-01-01")]},
            "positions.0.until",
        ),
        (
            {
                "positions.0.issue": "nato",
                "positions.0.position": "oppose",
                "positions.4.issue": "nato",
                "positions.4.position": "support",
            },
            {"positions": [position("oppose"), position("support")]},
            "positions.1",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_each_message_is_that_of_the_api(client, typed, record, field):
    sent = statement(**{"occurred": "2025-12-14", **record})
    api = client.post("/v1/reports", json={k: v for k, v in sent.items() if v is not None})
    (fault,) = api.json["errors"]
    assert fault["field"].startswith(field)
    answer = send(client, "/record/statement", GOOD | typed)
    assert answer.status_code == api.status_code
    assert fields(answer).error_of(field) == fault["message"]
    assert head(client) == 4


def test_a_taken_id_is_a_conflict_and_another_one_is_offered(client, told):
    told(statement("r-1", summary="Otherwise."))
    answer = send(client, "/record/statement", GOOD | {"id": "r-1"})
    assert answer.status_code == 409
    page = fields(answer)
    assert "'r-1' is already recorded with other content" in page.error_of("id")
    other = next(button for button in page.buttons if button[0] == "use")
    again = send(client, "/record/statement", page.values | dict([other]))
    assert again.status_code == 200
    assert recorded(client, send(client, "/record/statement", fields(again).values))["id"] != "r-1"


def test_a_form_that_is_sent_twice_is_recorded_once(client):
    form = opened(client, "/record/statement") | GOOD
    first, second = (send(client, "/record/statement", form) for _ in range(2))
    assert first.location == second.location
    assert head(client) == 5


@pytest.mark.parametrize("text", ["ukraine", "UKRAINE", "Kyiv", "ukr", "Ukraine", " ukraine "])
def test_a_party_may_be_called_by_any_of_its_names(client, text):
    assert recorded(client, send(client, "/record/statement", GOOD | {"parties.0": text}))[
        "parties"
    ] == ["ukraine"]


def test_an_issue_may_be_called_by_its_title(client, told):
    told(issue("eu-23", title="Ukraine's accession", proposition="Ukraine should join the EU"))
    form = {"positions.0.issue": "UKRAINE'S accession", "positions.0.position": "support"}
    report = recorded(client, send(client, "/record/statement", GOOD | form))
    assert report["positions"][0]["issue"] == "eu-23"


def test_a_name_that_two_parties_share_is_asked_about(client, told):
    told(party("congo-b", name="Congo"), party("congo-k", name="Congo"))
    answer = send(client, "/record/statement", GOOD | {"parties.0": "congo"})
    assert answer.status_code == 422
    page = fields(answer)
    assert [text for name, text in page.buttons if name == "use"] == [
        "parties.0=congo-b",
        "parties.0=congo-k",
    ]
    chosen = send(client, "/record/statement", page.values | {"use": "parties.0=congo-k"})
    report = recorded(client, send(client, "/record/statement", fields(chosen).values))
    assert report["parties"] == ["congo-k"]


def test_every_unknown_name_is_told_of_at_once_with_the_nearest(client):
    form = {"parties.1": "Russland", "positions.0.issue": "natto", "positions.0.position": "oppose"}
    answer = send(client, "/record/statement", GOOD | {"parties.0": "Ukrane"} | form)
    page = fields(answer)
    assert {"parties.0", "parties.1", "positions.0.issue"} == set(page.errors)
    assert ("use", "parties.0=Ukraine") in page.buttons
    assert ("use", "positions.0.issue=Nato") in page.buttons
    used = send(client, "/record/statement", page.values | {"use": "parties.0=Ukraine"})
    assert (used.status_code, fields(used).values["parties.0"]) == (200, "Ukraine")


# Rows


def test_another_row_is_added_without_javascript_and_nothing_is_lost(client):
    form = opened(client, "/record/statement") | {"parties.0": "ukraine", "summary": "Half"}
    assert "positions.1.issue" not in form
    answer = send(client, "/record/statement", form | {"add": "positions"})
    more = fields(answer)
    assert answer.status_code == 200
    assert "positions.1.issue" in more.values
    assert not more.errors
    assert (more.values["parties.0"], more.values["summary"]) == ("ukraine", "Half")
    focused = [told["id"] for _, told in more.elements if "autofocus" in told]
    assert focused == ["positions.1.issue"]
    assert head(client) == 4


def test_a_row_is_removed_without_javascript(client):
    form = GOOD | {"parties.1": "russia", "parties.2": "nobody", "remove": "parties.1"}
    page = fields(send(client, "/record/statement", form))
    assert (page.values["parties.0"], page.values["parties.1"]) == ("ukraine", "nobody")
    assert "parties.2" not in page.values
    page = fields(send(client, "/record/statement", GOOD | {"remove": "sources.0"}))
    assert page.values["sources.0.publisher"] == ""


def test_rows_within_rows_are_added(client):
    form = opened(client, "/record/meeting")
    page = fields(send(client, "/record/meeting", form | {"add": "participants.1.representatives"}))
    assert "participants.1.representatives.1.name" in page.values
    assert "participants.0.representatives.1.name" not in page.values


@pytest.mark.parametrize(
    "button",
    [
        {"add": "nothing"},
        {"add": "summary"},
        {"add": "positions.9.conditions"},
        {"remove": "parties"},
        {"remove": "parties.-1"},
        {"remove": "parties.77"},
        {"use": "parties.9=x"},
        {"use": "=x"},
        {"use": "speaker=x"},
        {"add": ""},
        {"parties.999999999999": "x", "add": "parties"},
        {"parties": "x", "parties.0.issue.a.b.c.d": "x", "add": "sources"},
        {"speaker": "x", "type": "meeting", "add": "parties"},
    ],
)
def test_no_odd_button_makes_trouble(client, button):
    assert send(client, "/record/statement", GOOD | button).status_code == 200
    assert send(client, "/record/meeting", MET | button).status_code == 200


# A meeting


def test_a_meeting_is_recorded_by_form(client):
    form = MET | {
        "mode": "in_person",
        "place": "Berlin",
        "participants.1.role": "host",
        "participants.1.representatives.0.name": "S. Lavrov",
        "agenda": "security\nmoney",
        "positions.0.issue": "nato",
        "positions.0.party": "russia",
        "positions.0.position": "oppose",
    }
    report = recorded(client, send(client, "/record/meeting", form))
    assert report["type"] == "meeting"
    assert [one["role"] for one in report["participants"]] == ["participant", "host"]
    assert report["participants"][1]["representatives"] == [{"name": "S. Lavrov", "role": None}]
    assert report["agenda"] == ["security", "money"]


def test_a_position_at_a_meeting_needs_a_party_as_in_the_api(client):
    form = MET | {"positions.0.issue": "nato", "positions.0.position": "oppose"}
    api = client.post("/v1/reports", json=meeting("m-1", positions=[position("oppose")]))
    page = fields(send(client, "/record/meeting", form))
    assert page.error_of("positions.0.party") == api.json["errors"][0]["message"]


# A correction


def correct(client, report, **typed):
    form = opened(client, f"/reports/{report}/correct") | {"reason": "typo"} | typed
    return send(client, f"/reports/{report}/correct", form)


def last_correction(client):
    (found,) = client.get("/v1/corrections?limit=1").json["corrections"]
    return found


WHOLE = {
    "speaker": {"name": "A", "role": "B"},
    "quote": "  a quote\n",
    "positions": [position(conditions=["two\nlines", "one"]), position("oppose", "guarantees")],
    "statuses": [{"issue": "nato", "status": "proposed"}],
    "tags": ["x", "y"],
    "credibility": 3,
}


def test_a_correction_is_only_what_was_changed(client, told):
    told(statement("r-1", **WHOLE))
    form = opened(client, "/reports/r-1/correct")
    assert (form["speaker.role"], form["parties.0"], form["credibility"]) == ("B", "Ukraine", "3")
    answer = correct(client, "r-1", **{"speaker.role": "minister", "venue": "Kyiv"})
    assert answer.location == "/reports/r-1"
    (first, second) = (e for e in client.get("/v1/log?limit=100").json["events"][-2:])
    assert second["data"]["changes"] == {"speaker": {"role": "minister"}, "venue": "Kyiv"}
    assert second["data"]["reason"] == "typo"
    report = client.get("/v1/reports/r-1").json
    assert report["quote"] == "  a quote\n"
    assert report["positions"][0]["conditions"] == ["two\nlines", "one"]
    assert first["data"]["id"] == "r-1"


def test_what_a_form_cannot_hold_stays_in_the_rows_that_are_left_alone(client, told):
    told(statement("r-1", **WHOLE))
    recorded(client, correct(client, "r-1", **{"positions.1.position": "neutral"}))
    first, second = client.get("/v1/reports/r-1").json["positions"]
    assert (first["conditions"], second["position"]) == (["two\nlines", "one"], "neutral")
    form = {"positions.0.issue": "", "positions.0.position": "", "positions.0.conditions": ""}
    recorded(client, correct(client, "r-1", **form))
    (left,) = client.get("/v1/reports/r-1").json["positions"]
    assert left["issue"] == "guarantees"


def test_a_field_that_is_emptied_is_taken_out(client, told):
    told(statement("r-1", **WHOLE))
    recorded(client, correct(client, "r-1", **{"speaker.role": "", "tags": "", "quote": ""}))
    report = client.get("/v1/reports/r-1").json
    assert (report["speaker"], report["tags"], report["quote"]) == (
        {"name": "A", "role": None},
        [],
        None,
    )


@pytest.mark.parametrize(
    ("typed", "changes", "field"),
    [
        ({"occurred": "2025-13"}, {"occurred": "2025-13"}, "occurred"),
        ({"occurred": "2999"}, {"occurred": "2999"}, "occurred"),
        ({"parties.0": "nobody"}, {"parties": ["nobody"]}, "parties.0"),
        ({"summary": ""}, {"summary": None}, "summary"),
        ({}, {}, ""),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_wrong_with_a_correction_is_said_as_the_api_says_it(
    client, told, typed, changes, field
):
    told(statement("r-1"))
    api = client.post("/v1/reports/r-1/corrections", json={"changes": changes, "reason": "typo"})
    (fault,) = api.json["errors"]
    answer = correct(client, "r-1", **typed)
    assert answer.status_code == api.status_code == 422
    if field:
        assert fields(answer).error_of(field) == fault["message"]
    assert fault["message"] in unescape(answer.text)


def test_a_correction_needs_a_reason(client, told):
    told(statement("r-1"))
    answer = correct(client, "r-1", reason="", venue="Kyiv")
    assert answer.status_code == 422
    assert fields(answer).error_of("reason") == "is required"
    assert fields(answer).values["venue"] == "Kyiv"


def test_a_report_that_was_corrected_meanwhile_is_not_changed_unseen(client, told):
    told(statement("r-1", venue="Lviv"))
    mine = opened(client, "/reports/r-1/correct") | {"reason": "typo", "summary": "Mine."}
    recorded(client, correct(client, "r-1", venue="Odesa", summary="Theirs."))
    answer = send(client, "/reports/r-1/correct", mine)
    assert answer.status_code == 412
    assert "report 'r-1' has changed since: it is at version 2 now" in unescape(answer.text)
    assert "<del" in answer.text
    assert "Lviv" in answer.text
    page = fields(answer)
    assert (page.values["venue"], page.values["summary"]) == ("Odesa", "Mine.")
    assert (page.values["reason"], page.values["version"]) == ("typo", "2")
    recorded(client, send(client, "/reports/r-1/correct", page.values))
    report = client.get("/v1/reports/r-1").json
    assert (report["venue"], report["summary"], report["version"]) == ("Odesa", "Mine.", 3)


@pytest.mark.parametrize("version", ["", "0", "9", "x", "-1", "9" * 30])
def test_a_form_that_does_not_say_what_it_was_opened_on_changes_nothing(client, told, version):
    told(statement("r-1"))
    assert correct(client, "r-1", venue="Kyiv", version=version).status_code == 412
    form = {"reason": "other", "version": version}
    assert send(client, "/reports/r-1/retract", form).status_code == 412
    assert client.get("/v1/reports/r-1").json["version"] == 1


def test_a_row_is_added_to_a_correction_too(client, told):
    told(statement("r-1"))
    page = fields(correct(client, "r-1", add="sources", reason="date_error"))
    assert "sources.1.publisher" in page.values
    assert (page.values["reason"], page.values["version"]) == ("date_error", "1")


# A retraction


def test_a_report_is_retracted_and_reinstated_by_form(client, told):
    told(statement("r-1", positions=[position()]))
    form = opened(client, "/reports/r-1/retract")
    refused = send(client, "/reports/r-1/retract", form)
    assert (refused.status_code, fields(refused).error_of("reason")) == (422, "is required")
    form |= {"reason": "fabricated", "note": "It is <b>made up</b>."}
    assert send(client, "/reports/r-1/retract", form).location == "/reports/r-1"
    assert send(client, "/reports/r-1/retract", form).status_code == 303  # the same, once
    assert client.get("/v1/reports/r-1").json["version"] == 2
    other = form | {"record_id": "other", "version": "2"}
    assert send(client, "/reports/r-1/retract", other).status_code == 409
    for path in ("retract", "correct"):
        answer = client.get(f"/reports/r-1/{path}", headers=PEOPLE)
        assert answer.status_code == 409
        assert "is retracted" in answer.text
        assert "/reports/r-1/reinstate" in answer.text
    form = opened(client, "/reports/r-1/reinstate")
    assert send(client, "/reports/r-1/reinstate", form).status_code == 303
    assert client.get("/v1/parties/ukraine/positions/nato").json["position"] == "support"
    assert client.get("/reports/r-1/reinstate", headers=PEOPLE).status_code == 409


def test_a_report_that_was_changed_meanwhile_is_not_retracted_unseen(client, told):
    told(statement("r-1"))
    form = opened(client, "/reports/r-1/retract") | {"reason": "other"}
    recorded(client, correct(client, "r-1", summary="It is another now."))
    answer = send(client, "/reports/r-1/retract", form)
    assert answer.status_code == 412
    assert "It is another now." in answer.text
    assert fields(answer).values["version"] == "2"
    assert send(client, "/reports/r-1/retract", fields(answer).values).status_code == 303


def test_a_retraction_meanwhile_is_told_of(client, told):
    told(statement("r-1"))
    form = opened(client, "/reports/r-1/correct") | {"reason": "typo", "venue": "Kyiv"}
    told(retraction("r-1"))
    answer = send(client, "/reports/r-1/correct", form)
    assert answer.status_code == 412
    assert "is retracted" in answer.text


def test_an_unknown_report_cannot_be_amended(client):
    for what in ("correct", "retract", "reinstate"):
        assert client.get(f"/reports/nope/{what}", headers=PEOPLE).status_code == 404
        assert send(client, f"/reports/nope/{what}", {"reason": "other"}).status_code == 404


# Where writing is allowed, and what is kept of it


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("/", "/record/statement"),
        ("/issues/nato", "/record/statement?issue=nato"),
        ("/parties/ukraine", "/record/statement?party=ukraine"),
        ("/parties/ukraine/positions/nato", "/record/statement?party=ukraine&issue=nato"),
        ("/reports/r-1", "/reports/r-1/correct"),
        ("/reports/r-1", "/reports/r-1/retract"),
    ],
)
def test_pages_lead_to_the_forms_where_writing_is_allowed(client, told, page, link):
    told(statement("r-1"))
    assert f'href="{link}"' in unescape(client.get(page, headers=PEOPLE).text)
    no_writing(client)
    told_nothing = unescape(client.get(f"{page}?as_of=2030-01-01", headers=PEOPLE).text)
    assert f'href="{link}"' not in told_nothing


def test_a_retracted_report_leads_to_its_reinstatement(client, told):
    told(statement("r-1"), retraction("r-1"))
    page = client.get("/reports/r-1", headers=PEOPLE).text
    assert 'href="/reports/r-1/reinstate"' in page
    assert 'href="/reports/r-1/correct"' not in page
    assert "/reinstate" not in client.get("/reports/r-1?seq=5", headers=PEOPLE).text


def test_a_server_for_reading_shows_and_takes_no_forms(client, told):
    told(statement("r-1"))
    no_writing(client)
    for path in ("/record/statement", "/record/meeting", "/reports/r-1/correct"):
        answer = client.get(path, headers=PEOPLE)
        assert answer.status_code == 403
        assert "for reading" in answer.text
        assert send(client, path, GOOD).status_code == 403
    assert head(client) == 5


def test_an_operator_turns_writing_off(new_url, monkeypatch):
    monkeypatch.setenv("STANCELOG_WRITES", "off")
    app = create_app(new_url())
    assert send(app.test_client(), "/record/statement", GOOD).status_code == 403
    app.extensions["stancelog"].close()
    monkeypatch.setenv("STANCELOG_WRITES", "no")
    with pytest.raises(SettingError, match="give on or off"):
        create_app(new_url())


def test_where_reads_are_behind_what_is_recorded_counts_and_is_waited_for(url, client, monkeypatch):
    monkeypatch.setenv("STANCELOG_PROJECTION", "async")
    app = create_app(url)
    behind = app.test_client()
    assert behind.put("/v1/parties/france", json=party("france")).status_code == 201
    answer = send(behind, "/record/statement", GOOD | {"parties.0": "france", "id": "r-1"})
    assert answer.location == "/reports/r-1?min_seq=6"
    form = {"reason": "other", "version": "1"}
    answer = send(behind, "/reports/r-1/retract", form)
    assert answer.location == "/reports/r-1?min_seq=7"
    app.extensions["stancelog"].close()


def test_a_link_fills_in_what_it_is_about(client):
    form = opened(client, "/record/statement?party=ukraine&issue=nato&utm_source=x")
    assert (form["parties.0"], form["positions.0.issue"]) == ("Ukraine", "Nato")


def test_nobody_keeps_a_form(client):
    for answer in (
        client.get("/record/statement"),
        send(client, "/record/statement", {}),
        client.get("/record/statement", headers={"If-None-Match": "*"}),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
        assert answer.status_code in (200, 422)
    ids = {opened(client, "/record/statement")["id"] for _ in range(2)}
    assert len(ids) == 2


def test_pages_of_other_sites_record_nothing(client):
    for headers in ({"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post(
            "/record/statement", data=GOOD | {"csrf": proof(client)}, headers=PEOPLE | headers
        )
        assert answer.status_code == 403
    assert head(client) == 4


def test_hostile_text_stays_text(client, told):
    told(party("evil", name=EVIL), issue("odd", title=EVIL, proposition=EVIL))
    texts = ("occurred", "summary", "quote", "venue", "speaker.name", "attribution", "parties.0")
    form = GOOD | dict.fromkeys([*texts, "positions.0.conditions", "reason", "add"], EVIL)
    for typed in (form, {k: v for k, v in form.items() if k != "add"}):
        answer = send(client, "/record/statement", typed)
        page = fields(answer)
        assert page.values["summary"] == page.values["occurred"] == EVIL
        assert not re.search(r"<(img|script>)", answer.text)
        chosen = answer.text.replace(page.values["id"], "").replace(page.values["csrf"], "")
        assert "49" not in chosen
    told(statement("r-1", parties=["evil"], summary=EVIL, positions=[position(issue_id="odd")]))
    for path in ("correct", "retract"):
        assert not re.search(r"<(img|script>)", client.get(f"/reports/r-1/{path}").text)
    assert correct(client, "r-1", venue=EVIL).status_code == 303


def test_a_vote_of_hundreds_of_rows_is_corrected(client, told):
    told(*(party(f"p-{i}") for i in range(150)))
    told(
        meeting(
            "m-1",
            participants=[{"party": f"p-{i}"} for i in range(150)],
            positions=[position(party=f"p-{i}") for i in range(150)],
        )
    )
    recorded(client, correct(client, "m-1", **{"positions.99.position": "oppose"}))
    assert client.get("/v1/reports/m-1").json["positions"][99]["position"] == "oppose"
