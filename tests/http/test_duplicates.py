"""Reports that may tell of one utterance are suggested on read, and never merged."""

from itertools import combinations
from time import perf_counter

import orjson
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event

from events.records import stances_of
from projections.reading import Prepared
from service.answers.duplicates import MOST_SUGGESTED, NEAR_SAME, similarity, words_in
from tests.http.test_blocs import EXAMPLE
from tests.records import correction, meeting, position, reinstatement, retraction, statement

pytestmark = pytest.mark.usefixtures("scene")

QUESTION = "/v1/parties/ukraine/positions/nato"
ONE = "President Zelenskyy says that Ukraine is ready to drop its NATO bid for guarantees."
SAME = "Zelenskyy says Ukraine is ready to drop its bid for NATO, for security guarantees."
OTHER = "The chancellor welcomes what he calls a serious and tangible concept."


def said(report, summary=ONE, stance="support", **fields):
    return statement(report, summary=summary, **{"positions": [position(stance)]} | fields)


def likely(client, report="r-1", **query):
    answer = client.get(f"/v1/reports/{report}", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json["likely_duplicates"]


def groups(client, **query):
    return client.get(QUESTION, query_string=query).json["likely_duplicates"]


def test_a_report_of_what_another_outlet_words_much_the_same_is_suggested(client, told):
    told(said("r-1"), said("r-2", SAME, sources=[{"publisher": "AFP"}, {"publisher": "DW"}]))
    assert likely(client) == [
        {
            "report": "r-2",
            "similarity": 0.86,
            "shares": [{"party": "ukraine", "issue": "nato"}],
            "publishers": ["AFP", "DW"],
        }
    ]
    assert [one["report"] for one in likely(client, "r-2")] == ["r-1"]
    assert groups(client) == [{"reports": ["r-2", "r-1"], "similarity": 0.86}]


def test_what_is_suggested_is_not_merged(client, told):
    told(said("r-1"), said("r-2"))
    answer = client.get(QUESTION).json
    assert (answer["reports"], answer["utterances"]) == (2, 2)
    assert answer["likely_duplicates"] == [{"reports": ["r-2", "r-1"], "similarity": 1.0}]
    assert [row["report"] for row in answer["evidence"]] == ["r-2", "r-1"]
    told(correction("r-1", utterance="u"), correction("r-2", utterance="u"))
    answer = client.get(QUESTION).json
    assert (answer["reports"], answer["utterances"]) == (2, 1)
    assert answer["likely_duplicates"] == likely(client) == []


@pytest.mark.parametrize(
    "other",
    [
        {"summary": OTHER},
        {"occurred": "2020-02-02"},
        {"occurred": "2020-02-01T12:00:00Z"},
        {"positions": [position("support", "guarantees")]},
        {"positions": [position("support", party="russia")]},
        {"positions": []},
        {"parties": ["russia"]},
        {"utterance": "u"},
    ],
)
def test_what_differs_in_more_than_a_few_words_is_not_suggested(client, told, other):
    told(said("r-1", utterance="u"), said("r-2", **other))
    assert likely(client) == likely(client, "r-2") == []
    assert groups(client) == []


@pytest.mark.parametrize(
    "other",
    [
        {"occurred": "2020-02-01T23:59:59.999999Z"},
        {"occurred": "2020-01/2020-02-01"},
        {"utterance": "another"},
        {"stance": "oppose"},  # two readings of one utterance, maybe
        {"attribution": "media_report"},
        {"summary": ONE.upper()},
    ],
)
def test_what_is_the_same_but_for_how_it_was_entered_is_suggested(client, told, other):
    told(said("r-1", utterance="u"), said("r-2", **other))
    assert [one["report"] for one in likely(client)] == ["r-2"]


def test_a_meeting_and_a_statement_may_tell_of_one_utterance(client, told):
    told(
        said("r-1", positions=[position(), position("neutral", "guarantees")]),
        meeting(
            "m-1",
            summary=SAME,
            participants=[{"party": "ukraine"}, {"party": "russia"}],
            positions=[
                position("oppose", "guarantees", party="russia"),
                position("neutral", "guarantees", party="ukraine"),
                position(party="ukraine"),
            ],
        ),
    )
    (found,) = likely(client)
    assert found["shares"] == [
        {"party": "ukraine", "issue": "guarantees"},
        {"party": "ukraine", "issue": "nato"},
    ]


def test_a_retracted_report_is_not_suggested_nor_is_anything_for_it(client, told):
    told(said("r-1"), said("r-2"), retraction("r-2"))
    assert likely(client) == likely(client, "r-2") == groups(client) == []
    told(reinstatement("r-2"))
    assert [one["report"] for one in likely(client)] == ["r-2"]


def test_suggestions_are_those_of_what_was_known_then(client, told):
    told(said("r-1"))
    before = client.get("/v1/reports/r-1").json
    told(said("r-2", OTHER))
    told(correction("r-2", "c-1", summary=SAME))
    seq = client.get("/v1/reports/r-2").json["version_seq"]
    assert [one["report"] for one in likely(client)] == ["r-2"]
    assert likely(client, seq=seq - 1) == groups(client, seq=seq - 1) == []
    assert likely(client, known_at=before["recorded_at"]) == []
    assert client.get(before["links"]["permalink"]).json == before
    told(retraction("r-2"))
    assert [one["report"] for one in likely(client, seq=seq)] == ["r-2"]
    assert len(groups(client, seq=seq)) == 1


def test_the_best_come_first_and_are_few(client, told):
    told(said("r-1"), *[said(f"s-{i:02}", SAME) for i in range(MOST_SUGGESTED)], said("z", ONE))
    found = likely(client)
    assert [one["report"] for one in found] == ["z", *[f"s-{i:02}" for i in range(9)]]
    assert found[0]["similarity"] == 1


def test_lists_suggest_nothing(client, told):
    told(said("r-1"), said("r-2"))
    for path in ("/v1/reports", "/v1/parties/ukraine/positions", "/v1/issues/nato/positions"):
        assert "likely_duplicates" not in client.get(path).text


def test_a_group_is_of_those_that_are_all_alike(client, told):
    parts = ["alpha beta gamma", "delta epsilon zeta", "eta theta iota", "kappa lambda mu"]
    told(
        *[said(f"r-{i}", " ".join(parts[i : i + 3])) for i in range(2)],
        said("r-2", " ".join(parts[2:])),
        said("x-1", OTHER),
        said("x-2", OTHER, utterance="u"),
        said("x-3", OTHER, utterance="u"),
        said("y-1", OTHER, occurred="2020-02-03"),
    )
    assert groups(client) == [
        {"reports": ["x-3", "x-2", "x-1"], "similarity": 1.0},
        {"reports": ["r-2", "r-1"], "similarity": 0.8},  # r-0 is like r-1, and not like r-2
    ]


def test_the_question_costs_a_statement_more_only_where_utterances_tie(client, told):
    told(
        said("r-1", occurred="2020-02-01", utterance="u"),
        said("r-2", occurred="2020-02-01", utterance="u"),
        said("r-3", occurred="2020-02-02"),
    )
    without = statements_of(client)
    assert not [one for one in without if "FROM reports" in one]
    told(said("r-4", occurred="2020-02-02"))
    assert len(statements_of(client)) == len(without) + 1


def statements_of(client, path=QUESTION):
    """The statements that an answer takes, besides the look at the checkpoint."""
    client.get("/v1/parties")  # finds out which turn of the world this is
    seen = []
    engine = client.application.extensions["stancelog"].engine
    run = Prepared._cursor

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    def noted(prepared, *given):
        seen.append(str(prepared.query))
        return run(prepared, *given)

    event.listen(engine, "before_cursor_execute", note)
    Prepared._cursor = noted
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
        Prepared._cursor = run
    return seen


def test_what_is_suggested_is_as_described(client, told):
    told(said("r-1"), said("r-2"))
    document = client.get("/openapi.json").json
    for path, question in {
        "/v1/reports/{report}": "/v1/reports/r-1",
        "/v1/parties/{party}/positions/{issue}": QUESTION,
    }.items():
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        answer = client.get(question).json
        assert answer["likely_duplicates"]
        Draft202012Validator(schema).validate(answer)
    schemas = document["components"]["schemas"]
    assert likely(client)[0].keys() == schemas["LikelyDuplicate"]["properties"].keys()
    assert groups(client)[0].keys() == schemas["LikelyOne"]["properties"].keys()


def test_a_report_that_was_kept_is_asked_for_again_when_something_else_is_suggested(client, told):
    told(said("r-1"))
    first = client.get("/v1/reports/r-1").headers["ETag"]
    told(said("r-9", OTHER))
    assert client.get("/v1/reports/r-1", headers={"If-None-Match": first}).status_code == 304
    told(said("r-2"))
    second = client.get("/v1/reports/r-1", headers={"If-None-Match": first})
    assert second.status_code == 200
    body = {"changes": {"venue": "Kyiv"}, "reason": "other"}
    path = "/v1/reports/r-1/corrections"
    match = {"If-Match": second.headers["ETag"]}
    assert client.post(path, json=body, headers=match).status_code == 201
    assert client.post(path, json=body, headers=match).status_code == 412
    for foreign in ('"2"', 'W/"v2"', '"v22"', '"v"', '"-v2"'):
        answer = client.post(path, json=body, headers={"If-Match": foreign})
        assert answer.status_code == 412, foreign


def test_many_long_summaries_are_soon_compared(client, told):
    long = " ".join(f"word{i}" for i in range(2_200))
    for start in range(0, 150, 50):
        told(*[said(f"r-{i}", f"{i} {long}") for i in range(start, start + 50)])
    began = perf_counter()
    assert len(likely(client)) == MOST_SUGGESTED
    assert perf_counter() - began < 5  # 0.2 s, measured


def test_similarity_is_of_words_whatever_their_case_and_order():
    def of(one, other):
        return round(similarity(words_in(one), words_in(other)), 2)

    assert of("Ready to talk.", "READY, to talk!") == 1
    assert of("a b c d", "d c b a") == 1
    assert of("no no no", "no") == 0.5
    assert of("Straße", "STRASSE") == 1
    assert of("Готов говорить", "готов молчать") == 0.5
    assert of("…", "…") == of("", "a") == 0


def test_the_bundled_example_suggests_nothing_as_its_desk_marked_what_is_one():
    records = [orjson.loads(line) for line in EXAMPLE.read_text().splitlines() if line]
    told = [one for one in records if one["type"] in ("statement", "meeting")]
    alike = {}
    for one, other in combinations(told, 2):
        pairs = [{stance[:2] for stance in stances_of(report)} for report in (one, other)]
        utterance = one.get("utterance")
        if pairs[0] & pairs[1] and not (utterance and utterance == other.get("utterance")):
            words = words_in(one["summary"]), words_in(other["summary"])
            alike[one["id"], other["id"]] = similarity(*words)
    assert max(alike, key=alike.get) == ("seed-012", "seed-033")  # years apart
    assert round(max(alike.values()), 2) == 0.57 < NEAR_SAME
