"""What nobody should send, and somebody will: never a 5xx, never a half-recorded record."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import orjson
import pytest
from sqlalchemy import text

from projections.database import connect, writing
from projections.rebuild import rebuild
from tests.records import correction, issue, party, position, statement

pytestmark = pytest.mark.usefixtures("scene")


@pytest.mark.parametrize("name", ["%00", "a%00b", "%2e%2e", "%ff", "x" * 5000, "🕊", "a%2Fb", "%20"])
def test_an_impossible_name_in_a_path_is_not_found(client, name):
    for path in (
        f"/v1/parties/{name}",
        f"/v1/parties/ukraine/positions/{name}",
        f"/v1/issues/{name}/status",
        f"/v1/reports/{name}/history",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path


def test_nul_in_the_question_of_a_page_is_refused(client):
    for path in ("/stops.json?party=a%00", "/matrix?issue=%00", "/search?q=%00", "/?as_of=%00"):
        assert client.get(path).status_code == 422, path


def test_parameters_that_nothing_takes_are_refused_and_nothing_is_recorded(client):
    body = json.dumps(statement("r-1"))
    for path in ("/v1/reports?dry_run=1", "/v1/reports/batch?x=1"):
        assert client.post(path, data=body).status_code == 422
    assert client.put("/v1/parties/x?y=1", json={"name": "X", "kind": "state"}).status_code == 422
    for path in ("/readyz?x=1", "/schemas/?x=1", "/v1/matrix?as_of=2020-01-01&as_of=2021-01-01"):
        assert client.get(path).status_code == 422
    assert client.get("/readyz").json["seq"] == 4


def sealed(*payload):
    raw = orjson.dumps(payload)
    return urlsafe_b64encode(sha256(raw).digest()[:6] + raw).decode().rstrip("=")


ODD = (
    None,
    -1,
    2**31,
    -(2**31) - 1,
    2**63,
    2**64 - 1,
    -(2**63),
    1.5,
    True,
    "x",
    "a\0b",
    [],
    [1],
    {},
    {"a": 1},
)
ODD_MOMENTS = ({"as_of": 5, "seq": 1}, {"as_of": "x", "seq": 1}, {"as_of": "2020-01-01", "seq": -1})


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/changes?to=2021-01-01",
        "/v1/diff?from=2019-01-01&to=2021-01-01",
        "/v1/diff?seq_from=4",
        "/v1/parties/ukraine/positions/nato/revisions?floor=on_record",
        "/v1/corrections?type=correction",
        "/v1/positions?party=ukraine",
        "/v1/parties/ukraine/positions?inherit=1",
        "/v1/reports?q=the",
        "/v1/search?q=the&year=2020",
    ],
)
def test_no_altered_cursor_makes_trouble(client, told, path):
    told(
        statement("r-1", summary="the", positions=[position(), position("oppose", "guarantees")]),
        statement("r-2", summary="the", occurred="2020-03", positions=[position("oppose")]),
        *(correction(f"r-{n}", f"c-{n}", summary="the other") for n in (1, 2)),
    )
    cursor = client.get(f"{path}&limit=1").json["next"]
    path = path.partition("?")[0]
    assert client.get(path, query_string={"cursor": cursor}).status_code == 200
    question, pins, after = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[6:])
    altered = [[odd, pins, after] for odd in ODD]
    altered += [[question, pins, odd] for odd in ODD]
    for odd in (*ODD, *ODD_MOMENTS):
        names = {*question, "party", "issue", "type", "kind", "q", "first", "status_floor"}
        altered += [[question | {name: odd}, pins, after] for name in names]
        altered += [[question, pins, [*after[:n], odd, *after[n + 1 :]]] for n in range(len(after))]
    for payload in altered:
        answer = client.get(path, query_string={"cursor": sealed(*payload)})
        assert answer.status_code in (200, 404, 422), payload


def test_a_made_up_cursor_is_refused(client):
    question = {"path": "/v1/reports"}
    for made_up in (
        sealed(question, ["x", "y", "z", "on_record"], [1, 1]),
        sealed([], [1, 1, 1, "on_record"], [1, 1]),
        sealed(question, [1, 1, 1, "nope"], [1, 1]),
        sealed(question, [1, 1, 99999, "on_record"], [1, 1]),
        sealed(question, [1, 1, 1, "on_record"], [{}]),
        sealed(question, [1, 1, 1, "on_record"], [1]),
        sealed(question, [2**63, 1, 1, "on_record"], [1, 1]),
        sealed(question),
    ):
        assert client.get("/v1/reports", query_string={"cursor": made_up}).status_code == 422


def test_a_strange_origin_is_foreign(client):
    for origin in ("http://[bad", "null", "http://localhost.example.org", "x"):
        answer = client.post("/v1/reports", data="{}", headers={"Origin": origin})
        assert answer.status_code == 403, origin


def test_a_long_chain_of_forward_references_is_recorded(client):
    chain = [issue(f"i-{i}", parent=f"i-{i + 1}") for i in range(1500)] + [issue("i-1500")]
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, chain)))
    assert answer.status_code == 201
    assert client.get("/readyz").json["seq"] == 4 + len(chain)


def test_a_forward_reference_is_no_fault_when_another_line_is(client):
    lines = [statement("r-1", parties=["france"]), party("france"), {"type": "statement"}]
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, lines)))
    assert {error["line"] for error in answer.json["errors"]} == {3}


def test_of_many_unknown_names_the_first_are_compared_with_all_that_there_are(client):
    unknown = [statement(f"r-{i}", parties=[f"ukraine-{i}"]) for i in range(120)]
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, unknown)))
    hints = [error.get("did_you_mean") for error in answer.json["errors"]]
    assert hints == [["ukraine"]] * 100 + [[]] * 20


def test_a_small_body_cannot_ask_for_a_huge_report(client):
    many = [f"p-{i}" for i in range(1500)]
    rows = [position(issue_id=f"i-{i}") for i in range(1500)]
    began = time.monotonic()
    answer = client.post("/v1/reports", json=statement("r-1", parties=many, positions=rows))
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "positions")
    assert time.monotonic() - began < 5


def test_an_answer_under_an_alias_is_not_kept_for_ever(client):
    pins = "as_of=2025-12-14T00:00:00Z&seq=4&floor=on_record"
    by_id = client.get(f"/v1/parties/ukraine/positions/nato?{pins}")
    by_alias = client.get(f"/v1/parties/kyiv/positions/nato?{pins}")
    assert "immutable" in by_id.headers["Cache-Control"]
    assert "immutable" not in by_alias.headers["Cache-Control"]


def test_null_codes_are_absent(client):
    body = {"name": "France", "kind": "state", "codes": {"iso": None, "iso3166": "FRA"}}
    assert client.put("/v1/parties/france", json=body).status_code == 201
    assert client.get("/v1/parties/fra").json["codes"] == {"iso3166": "FRA"}


def test_many_threads_of_one_server_lose_and_double_nothing(client):
    def work(worker):
        own = client.application.test_client()
        statuses = []
        for i in range(12):
            fields = {"summary": "Same."} if i % 2 else {"positions": [position()]}
            name = f"shared-{i}" if i % 2 else f"w-{worker}-{i}"
            answer = own.post("/v1/reports", data=json.dumps(statement(name, **fields)))
            statuses.append(answer.status_code)
            statuses.append(own.get("/v1/parties/ukraine/positions/nato").status_code)
        return statuses

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        seen = [status for statuses in pool.map(work, range(8)) for status in statuses]
    assert set(seen) <= {200, 201}
    assert time.monotonic() - began < 60
    assert seen.count(201) == 8 * 6 + 6
    assert client.get("/readyz").json["seq"] == 4 + 8 * 6 + 6
    assert client.get("/v1/parties/ukraine/positions/nato").json["reports"] == 8 * 6


def test_threads_that_fix_one_issue_at_once_all_get_their_turn(client):
    def work(worker):
        own = client.application.test_client()
        report = statement(f"r-{worker}", positions=[position(issue_id="guarantees")])
        return own.post("/v1/reports", data=json.dumps(report)).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(work, range(36))) == {201}


def test_a_lost_checkpoint_is_mended_by_a_rebuild(client, url):
    store = client.application.extensions["stancelog"]
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM checkpoint"))
    engine.dispose()
    assert rebuild(store.engine, store.timeline).seq == 4
    assert client.get("/readyz").json["seq"] == 4
