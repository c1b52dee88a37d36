"""What widgets fetch: never more than the evidence, whatever the widget makes of it."""

import csv
import io
import re

import pytest

from service.escaping import clean, inert, link
from service.wording import date_in_words
from tests.records import (
    correction,
    meeting,
    party,
    position,
    retraction,
    statement,
    status,
)


def vis(client, query="", **wanted):
    answer = client.get(f"/widgets/vis.json?issue=nato{query}")
    assert answer.status_code == 200, answer.text
    items = answer.json["items"]
    assert len({item["id"] for item in items}) == len(items)
    groups = {group["id"] for group in answer.json["groups"]}
    assert {item["group"] for item in items if "group" in item} <= groups
    return [item for item in items if all(item.get(k) == v for k, v in wanted.items())]


def positions(client, query=""):
    return [item for item in vis(client, query) if item["id"].startswith("position:")]


def chart(client, query="?issue=nato"):
    answer = client.get(f"/widgets/timelines-chart.json{query}")
    assert answer.status_code == 200, answer.text
    return {
        (group["group"], line["label"]): [
            (*segment["timeRange"], segment["val"]) for segment in line["data"]
        ]
        for group in answer.json
        for line in group["data"]
    }


# Positions


@pytest.mark.usefixtures("scene")
def test_each_run_is_a_range_and_silence_is_none(client, told):
    told(
        statement("r-1", occurred="2020-02-01", positions=[position("support")]),
        statement("r-2", occurred="2020-04-01", positions=[position("conditional_oppose")]),
    )
    first, second = positions(client, "&as_of=2020-12-31")
    assert (first["start"], first["end"]) == ("2020-02-01T23:59:59.999", "2020-04-01T23:59:59.999")
    assert (second["start"], second["end"]) == (first["end"], "2020-12-31T23:59:59.999")
    assert first["className"] == "position state-declared position-support"
    assert second["className"] == "position state-declared position-conditional_oppose open"
    assert chart(client, "?issue=nato&as_of=2020-12-31") == {
        ("Ukraine", "Nato"): [
            (first["start"], first["end"], "support"),
            (second["start"], second["end"], "conditional oppose"),
        ]
    }
    assert positions(client, "&party=russia&as_of=2020-12-31") == []


@pytest.mark.usefixtures("scene")
def test_lapsed_taken_back_and_contested_are_told_apart(client, told):
    told(
        statement(
            "r-1", occurred="2020-02-01", positions=[position("support", until="2020-03-01")]
        ),
        statement("r-2", occurred="2020-04-01", positions=[position("undeclared")]),
        statement("r-3", occurred="2020-05-01", positions=[position("support")]),
        statement("r-4", occurred="2020-05-01", positions=[position("oppose")]),
    )
    found = positions(client, "&as_of=2020-12-31")
    assert [(one["state"], one["position"], one["contested"]) for one in found] == [
        ("declared", "support", False),
        ("lapsed", None, False),
        ("undeclared", None, False),
        ("declared", "oppose", True),
    ]
    assert [one["content"] for one in found] == [
        "support",
        "lapsed",
        "taken back",
        "oppose (contested)",
    ]
    assert found[1]["start"] == "2020-03-02T00:00:00"
    assert "It was support, of 1 February 2020, until 2020-03-01" in found[1]["title"]
    assert "contested" in found[3]["className"].split()
    assert "position-" not in found[1]["className"] + found[2]["className"]
    assert [row[2] for row in chart(client)["Ukraine", "Nato"]] == [
        "support",
        "lapsed",
        "taken back",
        "oppose (contested)",
    ]
    answer = client.get("/v1/parties/ukraine/positions/nato?as_of=2020-12-31").json
    assert (answer["state"], answer["position"], answer["contested"]) == (
        "declared",
        "oppose",
        True,
    )


@pytest.mark.usefixtures("scene")
def test_what_others_say_is_no_range_unless_the_floor_is_lowered(client, told):
    told(statement("r-1", parties=["russia"], positions=[position("oppose", party="ukraine")]))
    assert positions(client) == []
    (found,) = positions(client, "&floor=third_party_claim")
    assert found["group"] == "ukraine"


@pytest.mark.usefixtures("scene")
def test_a_widget_tells_what_was_known_then(client, told):
    told(statement("r-1", positions=[position("support")]))
    seq = client.get("/readyz").json["seq"]
    told(retraction("r-1"))
    assert positions(client) == []
    (found,) = positions(client, f"&seq={seq}")
    assert found["position"] == "support"
    link = client.get(f"/widgets/vis.json?issue=nato&seq={seq}").headers["Link"]
    address = re.findall('<(.*)>; rel="cite-as"', link)[0]
    before = client.get(address)
    assert "immutable" in before.headers["Cache-Control"]
    told(statement("r-2", positions=[position("oppose")]))
    assert client.get(address).data == before.data


@pytest.mark.usefixtures("scene")
def test_as_of_ends_the_story(client, told):
    told(
        statement("r-1", occurred="2020-02-01", positions=[position("support")]),
        statement("r-2", occurred="2020-04-01", positions=[position("oppose")]),
    )
    items = vis(client, "&as_of=2020-03-01T12:00:00Z")
    assert {item.get("report") for item in items} == {"r-1", None}
    (found,) = positions(client, "&as_of=2020-03-01T12:00:00Z")
    assert found["end"] == "2020-03-01T12:00:00"


# Reports


@pytest.mark.parametrize(
    ("occurred", "type_", "start", "end"),
    [
        ("2020-05-01", "point", "2020-05-01T00:00:00", None),
        ("2020-05-01T10:00:00+02:00", "point", "2020-05-01T08:00:00", None),
        ("2020-05", "range", "2020-05-01T00:00:00", "2020-05-31T23:59:59.999"),
        ("2020-05-01?", "range", "2020-05-01T00:00:00", "2020-05-01T23:59:59.999"),
        ("2020-05-01/2020-05-03", "range", "2020-05-01T00:00:00", "2020-05-03T23:59:59.999"),
        ("0999~", "range", "0999-01-01T00:00:00", "0999-12-31T23:59:59.999"),
    ],
)
@pytest.mark.usefixtures("scene")
def test_a_report_is_as_precise_as_its_date(client, told, occurred, type_, start, end):
    told(statement("r-1", occurred=occurred, statuses=[status()]))
    (found,) = vis(client, report="r-1")
    assert (found["type"], found["start"], found.get("end")) == (type_, start, end)
    assert found["title"].startswith(f"{date_in_words(occurred)}. Ukraine, on the record: ")
    assert found["url"] == "http://localhost/reports/r-1"


@pytest.mark.usefixtures("scene")
def test_a_joint_statement_is_in_the_lane_of_each_who_made_it(client, told):
    told(
        statement("r-1", parties=["ukraine", "russia"], statuses=[status()]),
        meeting("m-1", statuses=[status()]),
    )
    assert {item["group"] for item in vis(client, report="r-1")} == {"ukraine", "russia"}
    assert [item["group"] for item in vis(client, "&party=russia", report="r-1")] == ["russia"]
    assert [item["group"] for item in vis(client, report="m-1")] == [":meetings"]


@pytest.mark.usefixtures("scene")
def test_the_status_of_one_issue_lies_behind_all_else(client, told):
    told(
        statement("r-1", occurred="2020-02-01", statuses=[status("proposed")]),
        statement("r-2", occurred="2020-03-01", statuses=[status("negotiating")]),
    )
    found = vis(client, "&as_of=2020-12-31", type="background")
    assert [one["className"] for one in found] == [
        "status status-proposed",
        "status status-negotiating",
    ]
    told(statement("r-3", statuses=[status("proposed", "guarantees")]))
    both = client.get("/widgets/vis.json").json["items"]
    statuses = [item for item in both if item["id"].startswith("status:")]
    assert {(one["type"], one["group"]) for one in statuses} == {("range", ":statuses")}


# Where there are too many


@pytest.mark.usefixtures("scene")
def test_too_many_reports_are_counted_by_day(client, told):
    told(
        *(
            statement(f"r-{i}", occurred=f"2020-05-0{1 + i // 2}", statuses=[status()])
            for i in range(4)
        ),
        meeting("m-1", occurred="2020-04/2020-06", statuses=[status()]),
        statement("r-9", occurred="1950-05-01", statuses=[status()]),
        statement("r-8", occurred="2019-05-01", statuses=[status()]),
    )
    told(retraction("r-8"))
    assert len([one for one in vis(client) if "report" in one]) == 6
    found = [one for one in vis(client, "&limit=5") if "count" in one]
    assert [(one["start"], one["content"]) for one in found] == [
        ("1950-05-01T00:00:00", "1 statement"),
        ("2020-04-01T00:00:00", "1 meeting"),
        ("2020-05-01T00:00:00", "2 statements"),
        ("2020-05-02T00:00:00", "2 statements"),
    ]
    within = [
        one for one in vis(client, "&limit=1&from=2020-05-01&to=2020-05-01") if "count" in one
    ]
    assert [(one["start"], one["content"]) for one in within] == [
        ("2020-05-01T00:00:00", "1 meeting"),
        ("2020-05-01T00:00:00", "2 statements"),
    ]


@pytest.mark.usefixtures("scene")
def test_where_days_are_too_many_months_or_years_are_counted(client, told, monkeypatch):
    told(*(statement(f"r-{i}", occurred=f"201{i}-05-01", statuses=[status()]) for i in range(5)))
    told(
        *(statement(f"s-{i}", occurred=f"2019-05-0{1 + i}", statuses=[status()]) for i in range(5))
    )
    told(
        *(statement(f"t-{i}", occurred=f"2019-0{1 + i}-01", statuses=[status()]) for i in range(3))
    )
    for most, number, last in ((13, 13, "2019-05-05"), (9, 9, "2019-05"), (6, 6, "2019")):
        monkeypatch.setattr("service.widgets.vis.MOST_CLUSTERS", most)
        found = [one for one in vis(client, f"&limit=9&_={most}") if "count" in one]
        assert len(found) == number
        assert found[-1]["id"] == f"cluster:statement:{last}"
        assert sum(one["count"] for one in found) == 13


@pytest.mark.parametrize(("bound", "most"), [("MOST_ROWS", 2), ("MOST_SPANS", 0)])
@pytest.mark.usefixtures("scene")
def test_too_many_positions_are_left_out_and_that_is_told(client, told, monkeypatch, bound, most):
    told(*(statement(f"r-{i}", positions=[position("support")]) for i in range(3)))
    monkeypatch.setattr(f"service.widgets.scene.{bound}", most)
    answer = client.get("/widgets/vis.json").json
    assert answer["left_out"] == ["positions"]
    assert len(answer["items"]) == 3
    refused = client.get("/widgets/timelines-chart.json")
    assert refused.status_code == 422
    assert "name parties or issues" in refused.json["detail"]


# TimelineJS


def story(client, query=""):
    answer = client.get(f"/widgets/timelinejs.json{query}")
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json
    return answer.json


@pytest.mark.usefixtures("scene")
def test_a_story_has_a_slide_for_each_report_and_eras_of_the_status(client, told):
    told(
        statement("r-1", occurred="2020-05", statuses=[status("proposed")]),
        meeting("m-1", occurred="2020-06-01T10:00:00Z/2020-06-02T11:00:00Z"),
        statement("r-2", occurred="2020-07-01/2020-07-02", statuses=[status("negotiating")]),
    )
    one, two, three = story(client)["events"]
    assert one["start_date"] == {"year": 2020, "month": 5}
    assert one["display_date"] == "May 2020"
    assert "end_date" not in one
    assert two["start_date"]["hour"] == 10
    assert two["end_date"]["day"] == 2
    assert two["group"] == "Meetings"
    assert three["end_date"] == {"year": 2020, "month": 7, "day": 2}
    assert story(client)["eras"] == []
    eras = story(client, "?issue=nato&as_of=2020-12-31")["eras"]
    assert [era["text"]["headline"] for era in eras] == ["Status: proposed", "Status: negotiating"]
    assert eras[1]["end_date"]["year"] == 2020


@pytest.mark.usefixtures("scene")
def test_a_story_tells_how_much_it_leaves_out(client, told):
    told(*(statement(f"r-{i}", occurred=f"2020-05-0{1 + i}") for i in range(4)))
    found = story(client, "?limit=2")
    assert [one["unique_id"] for one in found["events"]] == ["report-r-2", "report-r-3"]
    assert "The last 2 of 4 reports to take effect." in found["title"]["text"]["text"]


def test_a_story_of_nothing_says_so(client):
    (only,) = story(client, "?as_of=2020-05-01")["events"]
    assert only["text"]["headline"] == "Nothing is on record"
    assert only["start_date"] == {"year": 2020, "month": 5, "day": 1}


@pytest.mark.usefixtures("scene")
def test_no_cell_of_the_csv_is_a_formula(client, told):
    told(
        party("ukraine", name="=cmd|' /C calc'!A0"),
        statement("r-1", summary='=HYPERLINK("http://evil")\n+1'),
        statement("r-2", occurred="2020-05", parties=["russia"]),
    )
    answer = client.get("/widgets/timelinejs.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    header, title, *rows = csv.reader(io.StringIO(answer.text))
    assert header[:3] == ["Year", "Month", "Day"]
    assert title[header.index("Type")] == "title"
    assert [row[0] for row in rows] == ["2020", "2020"]
    for row in rows:
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert rows[0][header.index("Headline")].startswith("&#61;cmd")
    assert rows[1][header.index("Display Date")] == "May 2020"


# Names, and questions


@pytest.mark.usefixtures("scene")
def test_the_chart_tells_namesakes_apart(client, told):
    told(
        party("congo-a", name="Congo"),
        party("congo-b", name="Congo"),
        statement("r-1", parties=["congo-a", "congo-b"], positions=[position("support")]),
    )
    assert {group for group, _ in chart(client)} == {"Congo (congo-a)", "Congo (congo-b)"}


@pytest.mark.parametrize(
    "text", ["<b>", "</b>", "<!--", "<?x", "&lt;", "&#60;", "a < b & c", "<<b>", "AT&T"]
)
def test_inert_text_is_no_markup_and_reads_the_same(text):
    made = inert(text)
    assert not re.search(r"<[A-Za-z/!?]|&[A-Za-z#]", made)
    assert made.replace("\u200b", "") == text


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil", "", " x"],
)
def test_nothing_but_the_web_is_linked_to(address):
    assert link(address, "<Reuters>") == "&lt;Reuters&gt;"
    assert link("https://example.org/?a='\"", "R").count('"') == 2


def test_a_mark_that_turns_text_around_turns_no_other_text():
    assert clean("\u202eabc") == "\u202eabc\u202c"
    assert clean("\u2067a\u2069b\u202ac\u202dd") == "\u2067a\u2069b\u202ac\u202dd\u202c\u202c"
    assert clean("\u2066a") == "\u2066a\u2069"
    assert clean("\x00\x0b\ufffea\tb\n") == "\ufffd\ufffd\ufffda\tb\n"


@pytest.mark.parametrize(
    ("occurred", "words"),
    [
        ("2025", "2025"),
        ("2025-12", "December 2025"),
        ("2024-10~", "about October 2024"),
        ("2026-02-18?", "perhaps 18 February 2026"),
        ("2026-02-18%", "perhaps about 18 February 2026"),
        ("2025-12-13/2025-12-15", "13 to 15 December 2025"),
        ("2025-12-30/2026-01-02", "30 December 2025 to 2 January 2026"),
        ("2025-12-14/..", "from 14 December 2025 on"),
        ("2025-12-14T10:00:00+02:00", "14 December 2025, 10:00 UTC+02:00"),
        ("2025-12-14T10:00:05.5Z", "14 December 2025, 10:00:05 UTC"),
    ],
)
def test_dates_are_told_as_vague_as_they_were_given(occurred, words):
    assert date_in_words(occurred) == words


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("vis.json?party=kyiv,moscow&issue=nato&issue=guarantees", 200),
        ("vis.json?party=kyiv&party=moscow&_=1700000000", 200),
        ("timelinejs.json?_=1", 200),
        ("timelines-chart.json?from=2020&to=2021-05", 200),
        ("vis.json?colour=red", 422),
        ("vis.json?asof=2020-01-01", 422),
        ("vis.json?as_of=2020", 422),
        ("vis.json?from=never", 422),
        ("vis.json?limit=501", 422),
        ("vis.json?seq=1&seq=2", 422),
        ("timelines-chart.json?limit=5", 422),
        ("timelinejs.json?cursor=x", 422),
        ("vis.json?party=nobody", 404),
        ("vis.json?issue=nothing", 404),
        ("other.json", 404),
        ("vis.json?known_at=2019-01-01", 200),
    ],
)
@pytest.mark.usefixtures("scene")
def test_odd_questions_are_told_apart(client, path, status_code):
    answer = client.get(f"/widgets/{path}")
    assert answer.status_code == status_code, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.usefixtures("scene")
def test_only_routes_that_take_parameters_have_any(client):
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/schemas/"):
        assert client.get(f"{path}?x=1").status_code == 422, path
    assert client.get("/nothing?x=1").status_code == 404
    assert client.get("/v1/nothing?x=1").status_code == 404


@pytest.mark.usefixtures("scene")
def test_who_has_it_is_told_that_nothing_changed(client, told):
    told(statement("r-1", positions=[position("support")]))
    for name in ("vis.json", "timelinejs.json", "timelinejs.csv", "timelines-chart.json"):
        first = client.get(f"/widgets/{name}")
        again = client.get(f"/widgets/{name}", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304, name
    told(correction("r-1", venue="Kyiv"))
    etag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"/widgets/{name}", headers=etag).status_code == 200
