"""Idempotency-Key: what is sent again is answered again, and recorded once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from projections.database import writing
from service import idempotency, limits
from service.access.tables import sent_keys
from tests.http.access import bearing, token_for
from tests.records import position, statement

pytestmark = pytest.mark.usefixtures("scene")

NO_ID = {key: value for key, value in statement(positions=[position()]).items() if key != "id"}


def send(client, body, key="k-1", path="/v1/reports", **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(path, data=data, headers={"Idempotency-Key": key} | headers)


def reports(client):
    return [row["id"] for row in client.get("/v1/reports").json["reports"]]


def change(client, **values):
    """Change what is kept of every key, as time or a crash would."""
    with writing(client.application.extensions["stancelog"].engine) as connection:
        connection.execute(sent_keys.update().values(values))


def crashed(client):
    """Leave every key as a process does that is killed before it could answer, a while ago."""
    change(client, status=None, location=None, seq=None, body=None, sent_at=long_ago(client))


def long_ago(client, seconds=limits.KEY_IN_FLIGHT):
    with client.application.extensions["stancelog"].engine.connect() as connection:
        sent_at = connection.execute(sent_keys.select()).first().sent_at
    return sent_at - seconds * 1_000_000


def test_the_same_key_and_body_get_the_same_answer_and_are_recorded_once(client):
    first = send(client, NO_ID)
    assert (first.status_code, first.json["result"]) == (201, "recorded")
    assert "Idempotent-Replayed" not in first.headers
    again = send(client, NO_ID)
    assert (again.status_code, again.data, again.mimetype) == (201, first.data, first.mimetype)
    for name in ("Location", "Stancelog-Seq"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert reports(client) == [first.json["id"]]


def test_without_a_key_the_same_body_is_another_report(client):
    for _ in range(2):
        assert client.post("/v1/reports", json=NO_ID).status_code == 201
    assert len(reports(client)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"body": NO_ID | {"summary": "Otherwise."}},
        {"path": "/v1/reports/batch"},
        {"If-Match": '"3"'},
    ],
)
def test_the_same_key_with_another_request_is_refused(client, change):
    send(client, NO_ID)
    answer = send(client, **{"body": NO_ID} | change)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["errors"] == [
        {
            "field": "Idempotency-Key",
            "rule": "reused",
            "message": "was sent with another request before: each request has its own",
        }
    ]
    assert len(reports(client)) == 1


def test_a_key_that_is_being_answered_is_a_conflict_to_be_tried_again(client):
    send(client, NO_ID)
    change(client, status=None)  # as long as its first request is not answered
    answer = send(client, NO_ID)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
    assert send(client, NO_ID | {"summary": "Otherwise."}).status_code == 422


def test_of_many_requests_at_once_one_records_and_the_others_wait_or_hear_the_same(client):
    app = client.application

    def one(_):
        return send(app.test_client(), NO_ID)

    with ThreadPoolExecutor(8) as threads:
        answers = [*threads.map(one, range(24))]
    assert {answer.status_code for answer in answers} <= {201, 409}
    recorded = {answer.data for answer in answers if answer.status_code == 201}
    assert len(recorded) == 1
    assert len(reports(client)) == 1


def test_what_a_crash_left_unanswered_is_not_recorded_again(client):
    first = send(client, NO_ID)
    crashed(client)
    again = send(client, NO_ID)
    assert (again.status_code, again.json["result"]) == (200, "unchanged")
    assert again.json["id"] == first.json["id"]
    assert send(client, NO_ID).data == again.data
    assert len(reports(client)) == 1


def test_neither_is_a_batch_nor_a_correction_of_an_exact_version(client):
    lines = b"\n".join(json.dumps(NO_ID | {"venue": city}).encode() for city in ("Bern", "Oslo"))
    batch = send(client, lines, "k-batch", "/v1/reports/batch")
    report = batch.json["records"][0]["id"]
    body = {"reason": "typo", "changes": {"venue": "Basel"}}
    etag = client.get(f"/v1/reports/{report}").headers["ETag"]
    wanted = {"path": f"/v1/reports/{report}/corrections", "If-Match": etag}
    correction = send(client, body, "k-correction", **wanted)
    assert correction.status_code == 201, correction.text
    crashed(client)
    again = send(client, lines, "k-batch", "/v1/reports/batch")
    assert [row["id"] for row in again.json["records"]] == [
        row["id"] for row in batch.json["records"]
    ]
    again = send(client, body, "k-correction", **wanted)
    assert (again.status_code, again.json["id"]) == (200, correction.json["id"])
    assert len(reports(client)) == 2


def test_a_crash_before_anything_was_recorded_leaves_the_key_usable(client):
    send(client, NO_ID)
    crashed(client)
    other = idempotency.identity.new_id()
    change(client, first_id=other)  # whose record is not in the log
    answer = send(client, NO_ID)
    assert (answer.status_code, answer.json["id"]) == (201, other)


def test_a_refusal_is_decided_anew_once_it_is_mended(client):
    bad = send(client, NO_ID | {"summary": ""})
    assert bad.status_code == 422
    assert send(client, NO_ID).status_code == 201


def test_a_refused_batch_leaves_no_key(client):
    bad = json.dumps(NO_ID | {"positions": [position(party="nobody")]})
    assert send(client, bad, path="/v1/reports/batch").status_code == 422
    assert send(client, NO_ID).status_code == 201


def test_so_is_a_report_that_is_not_there(client):
    path = "/v1/reports/r-1/retraction"
    body = {"reason": "source_retracted"}
    assert send(client, body, path=path).status_code == 404
    client.post("/v1/reports", json=statement("r-1"))
    assert send(client, body, path=path).status_code == 201


def test_each_token_has_keys_of_its_own(client):
    desk, wire = (token_for(client, "write", name) for name in ("desk", "wire"))
    first = send(client, NO_ID, **bearing(desk))
    other = send(client, NO_ID | {"summary": "Otherwise."}, **bearing(wire))
    assert (first.status_code, other.status_code) == (201, 201)
    assert send(client, NO_ID, **bearing(desk)).data == first.data


def test_a_key_is_forgotten_after_three_days(client):
    first = send(client, NO_ID)
    change(client, sent_at=long_ago(client, limits.KEY_KEPT + 1))
    assert send(client, NO_ID).json["id"] != first.json["id"]


def test_the_next_key_clears_those_away(client):
    send(client, NO_ID, "old")
    change(client, sent_at=long_ago(client, limits.KEY_KEPT + 1))
    send(client, NO_ID, "new")
    with client.application.extensions["stancelog"].engine.connect() as connection:
        assert [row.key for row in connection.execute(sent_keys.select())] == ["new"]


def test_a_key_may_be_written_as_a_quoted_string(client):
    first = send(client, NO_ID, 'a"b')
    assert send(client, NO_ID, '"a\\"b"').data == first.data


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "caf\u00e9", "a\tb"])
def test_a_key_that_is_none_is_refused(client, key):
    answer = send(client, NO_ID, key.encode("latin-1").decode("latin-1"))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert reports(client) == []


def test_the_description_of_the_api_tells_of_the_key(client):
    told = client.get("/openapi.json").json
    posts = [one["post"] for one in told["paths"].values() if "post" in one]
    assert len(posts) == 5
    for operation in posts:
        references = [one["$ref"] for one in operation["parameters"] if "$ref" in one]
        named = [told["components"]["parameters"][one.rpartition("/")[2]] for one in references]
        assert "Idempotency-Key" in [one["name"] for one in named]
