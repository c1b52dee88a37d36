"""The questions of the contract, section 4."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.records import (
    brief,
    correction,
    issue,
    meeting,
    party,
    position,
    retraction,
    statement,
    status,
)

pytestmark = pytest.mark.usefixtures("scene")

QUESTION = "/v1/parties/ukraine/positions/nato"


def ask(client, path=QUESTION, **query):
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_the_question_is_answered_in_full(client, told):
    told(
        statement("r-0", occurred="2022-09-30", positions=[position("support")]),
        statement(
            "r-1",
            occurred="2025-12-14",
            utterance="u",
            positions=[
                position(
                    "conditional_oppose",
                    posture="offers_concession",
                    conditions=["guarantees"],
                    summary="Ready to drop it.",
                    red_line=True,
                    until="2030-01-01",
                )
            ],
        ),
        statement(
            "r-2",
            occurred="2025-12-14",
            utterance="u",
            sources=[{"publisher": "AFP"}, {"publisher": "DW"}, {"publisher": "AFP"}],
            positions=[position("conditional_oppose")],
        ),
        statement(
            "r-3",
            occurred="2025-12-14",
            attribution="media_report",
            positions=[position("oppose")],
        ),
    )
    answer = ask(client, as_of="2025-12-20")
    assert answer["known_at"] == client.get("/v1/reports/r-3").json["recorded_at"]
    links = answer.pop("links")
    del answer["known_at"]
    assert answer == {
        "party": "ukraine",
        "issue": "nato",
        "proposition": "Ukraine should become a member of NATO",
        "as_of": "2025-12-20T23:59:59.999999Z",
        "seq": 8,
        "floor": "leaked_document",
        "state": "declared",
        "position": "conditional_oppose",
        "contested": False,
        "against": [],
        "since": "2025-12-14",
        "effect": "2025-12-14T23:59:59.999999Z",
        "posture": None,
        "conditions": [],
        "red_line": False,
        "until": None,
        "summary": None,
        "lapsed": None,
        "reports": 2,
        "utterances": 1,
        "below_floor": 1,
        "evidence": [
            {
                "report": "r-2",
                "occurred": "2025-12-14",
                "attribution": "on_record",
                "position": "conditional_oppose",
                "publishers": ["AFP", "DW"],
            },
            {
                "report": "r-1",
                "occurred": "2025-12-14",
                "attribution": "on_record",
                "position": "conditional_oppose",
                "publishers": ["Reuters"],
            },
        ],
        "previous": {"state": "declared", "position": "support", "since": "2022-09-30"},
        "likely_duplicates": [],
    }
    assert links["permalink"] == (
        f"{QUESTION}?as_of=2025-12-20T23:59:59.999999Z&seq=8&floor=leaked_document"
    )
    lowered = ask(client, as_of="2025-12-20", floor="media_report")
    assert lowered["contested"] is True
    assert [row["report"] for row in lowered["against"]] == ["r-3"]


def test_silence_is_unreported_and_never_neutral(client):
    answer = ask(client)
    assert (answer["state"], answer["position"], answer["evidence"]) == ("unreported", None, [])
    assert (answer["since"], answer["effect"], answer["previous"]) == (None, None, None)


def test_a_lapsed_offer_says_what_lapsed_and_when(client, told):
    offer = position("conditional_support", until="2025-11-27")
    told(statement("r-1", occurred="2025-11-21", positions=[offer]))
    answer = ask(client, as_of="2025-11-28")
    assert (answer["state"], answer["position"]) == ("lapsed", None)
    assert (answer["since"], answer["effect"]) == ("2025-11-28", "2025-11-28T00:00:00Z")
    assert answer["lapsed"]["position"] == "conditional_support"
    assert (answer["lapsed"]["until"], answer["lapsed"]["report"]) == ("2025-11-27", "r-1")
    assert answer["previous"]["position"] == "conditional_support"
    assert ask(client, as_of="2025-11-27")["state"] == "declared"


def test_a_permalink_gives_the_same_answer_for_ever(client, told):
    told(statement("r-1", positions=[position("support")]))
    then = ask(client)
    told(
        party("ukraine", name="Renamed"),
        statement("r-2", occurred="2020-01-01", positions=[position("oppose")]),
        retraction("r-1"),
    )
    again = client.get(then["links"]["permalink"])
    assert again.json == then | {"links": again.json["links"]}
    assert again.json["links"]["permalink"] == then["links"]["permalink"]
    assert "immutable" in again.headers["Cache-Control"]
    assert ask(client)["position"] == "oppose"


def test_known_at_takes_the_log_back(client, told):
    told(statement("r-1", positions=[position("support")]))
    recorded_at = client.get("/v1/reports/r-1").json["recorded_at"]
    told(retraction("r-1"))
    assert ask(client)["state"] == "unreported"
    known = ask(client, known_at=recorded_at)
    assert (known["position"], known["known_at"]) == ("support", recorded_at)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    before = ask(client, known_at=yesterday)
    assert (before["state"], before["seq"]) == ("unreported", 0)
    assert before["known_at"] == f"{yesterday}T23:59:59.999999Z"
    assert before["proposition"] is None


def test_today_or_a_minute_ahead_means_latest_and_later_is_refused(client, told):
    told(statement("r-1", positions=[position("support")]))
    now = datetime.now(UTC)
    for known_at in (now.date().isoformat(), (now + timedelta(seconds=50)).isoformat()):
        assert ask(client, known_at=known_at)["position"] == "support"
    for known_at in (
        (now + timedelta(days=1)).date().isoformat(),
        (now + timedelta(seconds=90)).isoformat(),
    ):
        answer = client.get(QUESTION, query_string={"known_at": known_at})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "known_at"


def test_seq_and_known_at_exclude_each_other_and_seq_stops_at_the_head(client):
    both = client.get(QUESTION, query_string={"seq": 1, "known_at": "2020-01-01"})
    above = client.get(QUESTION, query_string={"seq": 5})
    assert (both.status_code, above.status_code) == (422, 422)
    assert ask(client, seq=4)["seq"] == 4
    empty = ask(client, seq=0)
    assert (empty["state"], empty["known_at"]) == ("unreported", None)


def test_as_of_may_lie_in_the_future_and_keeps_its_offset(client, told):
    told(statement("r-1", occurred="2025-12-14T10:00:00+01:00", positions=[position()]))
    assert ask(client, as_of="2025-12-14T09:00:00Z")["state"] == "declared"
    assert ask(client, as_of="2025-12-14T08:59:59.999999Z")["state"] == "unreported"
    plus_read_as_blank = client.get(f"{QUESTION}?as_of=2025-12-14T10:00:00+01:00").json
    assert plus_read_as_blank["as_of"] == "2025-12-14T09:00:00Z"
    assert ask(client, as_of="9999-12-31")["state"] == "declared"


@pytest.mark.parametrize("as_of", ["2025", "2025-12", "2025-12-14T10:00:00", "soon", "2025-02-30"])
def test_a_coarse_or_impossible_date_is_refused_with_a_hint(client, as_of):
    answer = client.get(QUESTION, query_string={"as_of": as_of})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "as_of"


def test_a_party_is_found_by_code_and_alias_whatever_the_case(client):
    for name in ("kyiv", "KYIV", "ukr", "Ukraine"):
        assert ask(client, f"/v1/parties/{name}/positions/nato")["party"] == "ukraine"


def test_unknown_ids_are_404_with_the_nearest(client):
    answer = client.get("/v1/parties/ukrain/positions/nato")
    assert answer.status_code == 404
    assert answer.json["did_you_mean"] == ["ukraine"]
    assert client.get("/v1/parties/ukraine/positions/nat0").json["did_you_mean"] == ["nato"]


def test_the_history_lists_all_runs_oldest_first(client, told):
    told(
        statement("r-1", occurred="2020-01-01", positions=[position("support")]),
        statement("r-2", occurred="2021", positions=[position("support")]),
        statement("r-3", occurred="2022-03~", positions=[position("neutral", until="2022-04-02")]),
        statement("r-4", occurred="2999-01-01/..", positions=[]) | {"occurred": "2023-01-01/.."},
    )
    answer = ask(client, f"{QUESTION}/history")
    assert [(s["state"], s["position"], s["since"], s["reports"]) for s in answer["segments"]] == [
        ("declared", "support", "2020-01-01", 2),
        ("declared", "neutral", "2022-03~", 1),
        ("lapsed", None, "2022-04-03", 0),
    ]
    ends = [segment["effect_end"] for segment in answer["segments"]]
    assert ends == ["2022-03-31T23:59:59.999999Z", "2022-04-03T00:00:00Z", None]
    assert not any(segment["future"] for segment in answer["segments"])
    assert client.get(answer["links"]["permalink"]).json["segments"] == answer["segments"]


def test_a_run_that_begins_after_now_is_marked_as_future(client, told):
    ahead = datetime.now(UTC).year + 1
    told(statement("r-1", positions=[position("support", until=f"{ahead}-12-31")]))
    segments = ask(client, f"{QUESTION}/history")["segments"]
    assert [(s["state"], s["future"]) for s in segments] == [("declared", False), ("lapsed", True)]


def test_a_party_has_a_position_on_every_issue_and_an_issue_one_of_every_party(client, told):
    told(statement("r-1", parties=["ukraine", "russia"], positions=[position("support")]))
    rows = ask(client, "/v1/parties/kyiv/positions")["positions"]
    assert [(row["issue"], row["state"]) for row in rows] == [
        ("guarantees", "unreported"),
        ("nato", "declared"),
    ]
    rows = ask(client, "/v1/issues/nato/positions")["positions"]
    assert [(row["party"], row["position"]) for row in rows] == [
        ("russia", "support"),
        ("ukraine", "support"),
    ]


def test_the_matrix_has_only_cells_with_evidence(client, told):
    told(
        statement("r-1", positions=[position("support")]),
        statement("r-2", parties=["russia"], positions=[position("oppose", "guarantees")]),
    )
    matrix = ask(client, "/v1/matrix")
    assert matrix["parties"] == ["russia", "ukraine"]
    assert matrix["issues"] == ["guarantees", "nato"]
    assert matrix["cells"] == [
        {
            "party": "russia",
            "issue": "guarantees",
            "state": "declared",
            "position": "oppose",
            "since": "2020-02-01",
            "contested": False,
        },
        {
            "party": "ukraine",
            "issue": "nato",
            "state": "declared",
            "position": "support",
            "since": "2020-02-01",
            "contested": False,
        },
    ]
    some = client.get("/v1/matrix?party=kyiv&party=moscow&issue=nato,guarantees").json
    assert some["parties"] == ["ukraine", "russia"]
    only = ask(client, "/v1/matrix", party="kyiv")
    assert [cell["party"] for cell in only["cells"]] == ["ukraine"]


def test_a_status_shows_its_run_its_step_and_how_the_parties_lie(client, told):
    told(
        meeting(
            "m-1",
            occurred="2020-01-01",
            attribution="media_report",
            statuses=[status("negotiating", note="They talk.")],
        ),
        statement("r-1", occurred="2020-03-01", statuses=[status("in_force")]),
        statement("r-2", positions=[position("support")]),
        statement("r-3", parties=["russia"], positions=[position("conditional_oppose")]),
    )
    answer = ask(client, "/v1/issues/nato/status")
    assert (answer["state"], answer["status"], answer["since"]) == (
        "reported",
        "in_force",
        "2020-03-01",
    )
    assert answer["unusual_transition"] is True
    assert answer["previous"] == {
        "state": "reported",
        "status": "negotiating",
        "since": "2020-01-01",
    }
    assert answer["alignment"] == "split"
    assert answer["floor"] == "media_report"
    earlier = ask(client, "/v1/issues/nato/status", as_of="2020-02-01")
    assert (earlier["note"], earlier["unusual_transition"]) == ("They talk.", False)
    runs = ask(client, "/v1/issues/nato/status/history")["segments"]
    assert [(run["status"], run["unusual_transition"]) for run in runs] == [
        ("negotiating", False),
        ("in_force", True),
    ]
    nothing = ask(client, "/v1/issues/guarantees/status")
    assert (nothing["state"], nothing["status"], nothing["alignment"]) == (
        "unreported",
        None,
        "thin",
    )


@pytest.mark.parametrize(
    ("ukraine", "russia", "alignment"),
    [
        ("support", None, "thin"),
        ("neutral", "neutral", "thin"),
        ("support", "undeclared", "thin"),
        ("support", "oppose", "opposed"),
        ("conditional_support", "oppose", "split"),
        ("support", "support", "aligned"),
        ("oppose", "conditional_oppose", "converging"),
        ("support", "neutral", "converging"),
    ],
)
def test_alignment_is_computed_over_the_declared_parties(client, told, ukraine, russia, alignment):
    told(statement("r-1", positions=[position(ukraine)]))
    if russia:
        told(statement("r-2", parties=["russia"], positions=[position(russia)]))
    assert ask(client, "/v1/issues/nato/status")["alignment"] == alignment


def test_what_others_say_of_a_party_is_shown_and_does_not_set_its_position(client, told):
    told(statement("r-1", positions=[position("support", party="russia")]))
    answer = ask(client, "/v1/parties/russia/positions/nato")
    assert (answer["state"], answer["below_floor"]) == ("unreported", 1)
    lower = ask(client, "/v1/parties/russia/positions/nato", floor="third_party_claim")
    assert lower["evidence"][0]["attribution"] == "third_party_claim"


def test_a_list_stays_one_list_while_reports_come_in(client, told):
    told(*[statement(f"r-{i}", occurred=f"2020-01-{i:02}") for i in range(1, 8)])
    first = ask(client, "/v1/reports", limit=3)
    told(statement("early", occurred="2019-01-01"), retraction("r-5"))
    rest = ask(client, "/v1/reports", limit=3, cursor=first["next"])
    last = ask(client, "/v1/reports", limit=3, cursor=rest["next"])
    got = [report["id"] for page in (first, rest, last) for report in page["reports"]]
    assert got == [f"r-{i}" for i in range(1, 8)]
    assert last["next"] is None
    assert first["seq"] == rest["seq"] == last["seq"]
    assert first["as_of"] == rest["as_of"]
    ids = [report["id"] for report in ask(client, "/v1/reports")["reports"]]
    assert ids == ["early", "r-1", "r-2", "r-3", "r-4", "r-6", "r-7"]


@pytest.mark.parametrize(
    "path", ["/v1/parties", "/v1/issues", "/v1/parties/kyiv/positions", "/v1/issues/nato/positions"]
)
def test_every_list_is_paged(client, path):
    whole = ask(client, path)
    name = path.rsplit("/", 1)[1]
    first = ask(client, path, limit=1)
    rest = ask(client, path, limit=1, cursor=first["next"])
    assert first[name] + rest[name] == [
        one | {"links": two["links"]}
        for one, two in zip(whole[name], first[name] + rest[name], strict=True)
    ]
    assert rest["next"] is None


def test_a_foreign_or_damaged_cursor_is_refused(client, told):
    told(*[statement(f"r-{i}") for i in range(3)])
    cursor = ask(client, "/v1/reports", limit=1)["next"]
    for query in (
        {"cursor": cursor, "party": "russia"},
        {"cursor": cursor, "as_of": "2020-01-01"},
        {"cursor": cursor[:-3]},
        {"cursor": "é"},
        {"cursor": "AAAA"},
    ):
        answer = client.get("/v1/reports", query_string=query)
        assert answer.status_code == 422, query
    assert client.get("/v1/issues", query_string={"cursor": cursor}).status_code == 422


def test_reports_are_found_by_what_they_are_about(client, told):
    told(
        statement("s-1", occurred="2020-01", positions=[position("support")], quote="Peace NOW"),
        meeting(
            "m-1",
            occurred="2021-05-01/2021-05-03",
            participants=[{"party": "russia"}],
            positions=[position("oppose", "guarantees", party="ukraine")],
        ),
        statement("s-2", occurred="2022-07-01", parties=["russia"], summary="100% agreed_on"),
    )

    def ids(**query):
        return [report["id"] for report in ask(client, "/v1/reports", **query)["reports"]]

    assert ids(party="kyiv") == ["s-1", "m-1"]
    assert ids(party="russia", issue="guarantees") == ["m-1"]
    assert ids(type="statement") == ["s-1", "s-2"]
    assert ids(**{"from": "2021-05-03", "to": "2021"}) == ["m-1"]
    assert ids(**{"from": "2020-01-31", "to": "2020-01-31"}) == ["s-1"]
    assert ids(q="peace now") == ["s-1"]
    assert ids(q="100% agreed_") == ["s-2"]
    assert ids(q="%") == ["s-2"]
    assert ids(seq=4) == []


def test_a_report_shows_how_it_reads_and_how_it_read_before(client, told):
    told(
        statement("r-1", occurred="2020-02-01"),
        correction("r-1", "c-1", occurred="2020-02-03"),
        retraction("r-1", "x-1", note="It was made up."),
    )
    report = client.get("/v1/reports/r-1").json
    assert (report["occurred"], report["stands"], report["version"]) == ("2020-02-03", False, 3)
    assert report["amended_by"] == {
        "type": "retraction",
        "id": "x-1",
        "reason": "other",
        "note": "It was made up.",
    }
    assert report["credibility"] == 6
    assert report["sources"][0]["reliability"] == "F"
    versions = client.get("/v1/reports/r-1/history").json["versions"]
    assert [version["seq"] for version in versions] == [5, 6, 7]
    assert versions[1]["changes"] == [
        {"field": "occurred", "before": "2020-02-01", "after": "2020-02-03"}
    ]
    assert client.get("/v1/reports/r-1?seq=5").json["occurred"] == "2020-02-01"
    assert client.get("/v1/reports/r-1?seq=4").status_code == 404
    assert len(client.get("/v1/reports/r-1/history?seq=6").json["versions"]) == 2


def test_an_answer_can_be_kept_until_it_changes(client, told):
    for path in (QUESTION, f"{QUESTION}?as_of=2025-12-14", "/v1/matrix", "/v1/parties"):
        etag = client.get(path).headers["ETag"]
        same = client.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.data) == (304, b"")
        assert same.headers["Access-Control-Allow-Origin"] == "*"
    etag = client.get(QUESTION).headers["ETag"]
    told(statement("r-1", positions=[position("support")]))
    assert client.get(QUESTION, headers={"If-None-Match": etag}).status_code == 200


def test_anyone_may_read_from_any_origin(client):
    for path in (QUESTION, "/v1/parties/nobody", f"{QUESTION}?as_of=x", "/nowhere", "/healthz"):
        answer = client.get(path, headers={"Origin": "https://example.org"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*", path
    assert client.options(QUESTION).headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert client.head(QUESTION).status_code == 200


def test_old_answers_keep_their_old_names(client, told):
    told(issue("nato", title="Old", proposition="The old wording"))
    then = client.get("/v1/issues/nato").json
    told(issue("nato", title="New", proposition="The new wording"))
    assert ask(client)["proposition"] == "The new wording"
    assert ask(client, seq=then["seq"])["proposition"] == "The old wording"
    assert client.get(f"/v1/issues/nato?seq={then['seq']}").json["title"] == "Old"
    assert client.get("/v1/issues/nato?seq=0").status_code == 404


def test_health_is_told_apart_from_readiness(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert brief(client) == {"status": "ready", "seq": 4}


def test_an_answer_is_json_that_ends_nowhere_early(client):
    answer = client.get(QUESTION)
    assert answer.mimetype == "application/json"
    assert json.loads(answer.data)["party"] == "ukraine"
