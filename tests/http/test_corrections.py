"""What we took back is public: every correction and retraction, and what each changed."""

import pytest
from sqlalchemy import event

from service.answers.comparing import changes_between
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    statement,
)

pytestmark = pytest.mark.usefixtures("scene")


def asked(client, status=200, **query):
    answer = client.get("/v1/corrections", query_string=query)
    assert answer.status_code == status, answer.json
    return answer.json


def ids(client, **query):
    return [row["id"] for row in asked(client, **query)["corrections"]]


@pytest.fixture
def amended(scene, told):
    """Three reports, each amended. The scene has seq 1 to 4, the reports 5 to 7."""
    told(
        statement("r-1", positions=[position(), position("oppose", "guarantees")]),
        statement("r-2", parties=["russia"]),
        meeting("m-1"),
        correction("r-1", "c-1", occurred="2020-02-03"),
        retraction("r-2", "x-1", note="It was made up.", reason="fabricated"),
        correction("r-1", "c-2", parties=["russia"], positions=[position("oppose")]),
        reinstatement("r-2", "b-1"),
    )


@pytest.mark.usefixtures("amended")
def test_the_list_has_every_amendment_newest_first_with_what_it_changed(client):
    answer = asked(client)
    assert [(row["type"], row["id"], row["report"]) for row in answer["corrections"]] == [
        ("reinstatement", "b-1", "r-2"),
        ("correction", "c-2", "r-1"),
        ("retraction", "x-1", "r-2"),
        ("correction", "c-1", "r-1"),
    ]
    assert (answer["seq"], answer["next"]) == (11, None)
    _, second, retracted, first = answer["corrections"]
    assert first["changes"] == [
        {"field": "occurred", "before": "2020-02-01", "after": "2020-02-03"}
    ]
    assert (first["seq"], first["version"], first["stands"]) == (8, 2, True)
    assert (retracted["stands"], retracted["changes"]) == (False, [])
    assert (retracted["reason"], retracted["note"]) == ("fabricated", "It was made up.")
    assert [change["field"] for change in second["changes"]] == ["parties", "positions"]
    for row in answer["corrections"]:
        assert row["recorded_by"] == "http"
        then = client.get(row["links"]["permalink"]).json
        assert (then["version"], then["stands"]) == (row["version"], row["stands"])
        assert then["recorded_at"] == row["recorded_at"]
        assert client.get(row["links"]["report"]).status_code == 200
        versions = client.get(row["links"]["history"]).json["versions"]
        assert versions[row["version"] - 1]["changes"] == row["changes"]


@pytest.mark.usefixtures("amended")
def test_the_list_can_be_narrowed(client):
    assert ids(client, type="correction") == ["c-2", "c-1"]
    assert ids(client, type="retraction") == ["x-1"]
    assert ids(client, type="reinstatement") == ["b-1"]
    assert ids(client, report="r-2") == ["b-1", "x-1"]
    assert ids(client, report="m-1") == []
    assert ids(client, report="r-1", type="retraction") == []
    assert ids(client, party="moscow", type="correction") == ["c-2"]


@pytest.mark.usefixtures("amended")
def test_an_amendment_concerns_whom_the_report_named_before_it_and_after_it(client):
    assert ids(client, party="ukraine") == ["c-2", "c-1"]  # c-2 took the report from Ukraine
    assert ids(client, party="russia") == ["b-1", "c-2", "x-1"]  # and gave it to Russia
    assert ids(client, issue="guarantees") == ["c-2", "c-1"]
    assert ids(client, issue="nato") == ["c-2", "c-1"]
    assert ids(client, party="russia", issue="guarantees") == ["c-2"]


@pytest.mark.usefixtures("amended")
def test_what_was_known_then_is_what_was_taken_back_by_then(client):
    assert ids(client, seq=9) == ["x-1", "c-1"]
    assert ids(client, seq=7) == []
    recorded_at = asked(client)["corrections"][2]["recorded_at"]
    assert ids(client, known_at=recorded_at)[-2:] == ["x-1", "c-1"]


def test_nothing_was_taken_back_at_first(client):
    assert asked(client)["corrections"] == []


@pytest.mark.usefixtures("amended")
def test_pages_stay_one_list_while_others_are_recorded(client, told):
    pages, page = [], asked(client, limit=1)
    while True:
        pages += [row["id"] for row in page["corrections"]]
        told(correction("m-1", summary=f"They met, {len(pages)}."))
        if page["next"] is None:
            break
        page = asked(client, cursor=page["next"], limit=1)
        assert page["seq"] == 11
    assert pages == ["b-1", "c-2", "x-1", "c-1"]
    assert len(ids(client)) == 8


@pytest.mark.usefixtures("amended")
def test_what_is_not_there_or_makes_no_sense_is_refused(client):
    for query in ({"party": "nobody"}, {"issue": "nothing"}, {"report": "r-9"}):
        asked(client, 404, **query)
    assert asked(client, 404, report="r-1x")["did_you_mean"] == ["r-1"]
    for query in (
        {"type": "statement"},
        {"seq": 99},
        {"seq": 1, "known_at": "2020-01-01"},
        {"limit": 0},
        {"cursor": "x"},
        {"floor": "readout"},
        {"kind": "correction"},
    ):
        asked(client, 422, **query)
    cursor = asked(client, limit=1, type="correction")["next"]
    asked(client, 422, cursor=cursor, type="retraction")
    reports = client.get("/v1/reports?limit=1").json["next"]
    asked(client, 422, cursor=reports)


def test_a_long_list_takes_as_many_statements_as_a_short_one(client, told):
    told(*(statement(f"r-{i}") for i in range(30)))
    told(*(correction(f"r-{i}", summary="Otherwise.") for i in range(30)))
    store = client.application.extensions["stancelog"]
    seen = []
    event.listen(store.engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
    counts = []
    client.get("/v1/parties")  # finds out which turn of the world this is
    for limit in (1, 30):
        seen.clear()
        assert len(asked(client, limit=limit)["corrections"]) == limit
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_correction_of_one_row_says_which(client, told):
    told(
        issue("eu"),
        party("eu"),
        statement(
            "r-1", positions=[position(), position("oppose", "guarantees", conditions=["a", "b"])]
        ),
        correction(
            "r-1",
            "c-1",
            speaker={"name": "B"},
            positions=[
                position("neutral", "eu"),
                position(),
                position("conditional_oppose", "guarantees", conditions=["a"]),
            ],
        ),
    )
    speaker, positions = asked(client)["corrections"][0]["changes"]
    assert speaker["before"] is None
    assert speaker["paths"] == [{"path": "speaker.name", "before": None, "after": "B"}]
    assert len(positions["before"]) == 2
    assert [part["path"] for part in positions["paths"]] == [
        "positions.0.issue",
        "positions.0.position",
        "positions.1.issue",
        "positions.1.position",
        "positions.1.conditions.0",
        "positions.1.conditions.1",
        "positions.2",
    ]


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ([1, 2, 3], [1, 9, 3], [("x.1", 2, 9)]),
        ([1, 2, 3], [1, 3], [("x.1", 2, None)]),
        ([1, 3], [1, 2, 3], [("x.1", None, 2)]),
        ([1, 1], [1], [("x.1", 1, None)]),
        ([1], [1, 1, 1], [("x.1", None, 1), ("x.2", None, 1)]),
        ([], [{"a": 1}], [("x.0", None, {"a": 1})]),
        ([{"a": 1}], [], [("x.0", {"a": 1}, None)]),
        ([{"a": 1, "b": [1]}], [{"a": 2, "b": [2]}], [("x.0.a", 1, 2), ("x.0.b.0", 1, 2)]),
        ({"a": 1}, None, [("x.a", 1, None)]),
        (None, {"a": {"b": 1}}, [("x.a.b", None, 1)]),
        ({"a": None}, {"a": []}, [("x.a", None, [])]),
        ({"a": 1}, {"b": 1}, [("x.a", 1, None), ("x.b", None, 1)]),
        ([1, 2], "text", [("x", [1, 2], "text")]),
        ([1, 2, 3, 4], [1, 5, 4], [("x.1", 2, 5), ("x.2", 3, None)]),
    ],
)
def test_the_smallest_parts_that_differ_are_told(before, after, paths):
    (change,) = changes_between({"x": before}, {"x": after})
    assert (change["field"], change["before"], change["after"]) == ("x", before, after)
    assert [tuple(part.values()) for part in change["paths"]] == paths


def test_a_plain_field_has_no_parts():
    assert changes_between({"x": None, "y": 1}, {"x": "a", "y": 1}) == [
        {"field": "x", "before": None, "after": "a"}
    ]
