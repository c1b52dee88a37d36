"""The log as a feed: whoever follows it has all of it, once, in order, as it was recorded."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from events.dates import bounds_of
from service import limits
from service import store as store_module
from service.app import create_app
from service.importing import exported
from service.preferences import wait_of
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    sent,
    statement,
    tell,
)

BATCH = "application/cloudevents-batch+json"
REQUIRED = ("id", "source", "specversion", "type")
OPTIONAL = ("datacontenttype", "dataschema", "subject", "time", "data")


def log(client, path="/v1/log", status=200, **headers):
    answer = client.get(path, headers={key.replace("_", "-"): headers[key] for key in headers})
    assert answer.status_code == status, answer.json
    return answer


def everything(told):
    told(
        party("ukraine"),
        party("russia"),
        issue("nato"),
        statement("r-1", positions=[position()]),
        meeting("m-1"),
        correction("r-1", "c-1", occurred="2020-02-03"),
        retraction("r-1", "x-1"),
        reinstatement("r-1", "b-1"),
    )


def exported_by(client):
    """The export, in the shape in which a follower has it."""
    lines = [json.loads(line) for line in exported(client.application.extensions["stancelog"])]
    return [
        (seq, line.pop("recorded_at"), line.pop("recorded_by", "cli"), line)
        for seq, line in enumerate(lines, 1)
    ]


def followed(events):
    return [(event["seq"], event["time"], event["recordedby"], event["data"]) for event in events]


def test_the_feed_is_the_export_in_log_order(client, told):
    everything(told)
    answer = log(client).json
    assert followed(answer["events"]) == exported_by(client)
    assert (answer["after"], answer["seq"], answer["next"]) == (0, 8, None)
    assert answer["links"] == {
        "self": "/v1/log?after=0&limit=100",
        "next": "/v1/log?after=8&limit=100",
    }
    assert [event["subject"] for event in answer["events"]] == [
        *("ukraine", "russia", "nato", "r-1", "m-1"),
        *("r-1", "r-1", "r-1"),
    ]


def test_it_is_read_from_anywhere_in_pages_of_any_size(client, told):
    everything(told)
    whole = log(client).json["events"]
    for limit in range(1, 10):
        for after in range(9):
            answer = log(client, f"/v1/log?after={after}&limit={limit}").json
            assert answer["events"] == whole[after : after + limit]
            more = after + limit < 8
            assert answer["next"] == (after + limit if more else None)
            assert answer["links"]["next"] == f"/v1/log?after={min(after + limit, 8)}&limit={limit}"


def test_an_empty_log_has_nothing_yet(client):
    answer = log(client).json
    assert (answer["events"], answer["seq"], answer["next"]) == ([], 0, None)
    assert answer["links"]["next"] == "/v1/log?after=0&limit=100"


def test_every_event_is_a_cloud_event_about_a_record_of_its_schema(client, told):
    everything(told)
    seen = set()
    for event in log(client).json["events"]:
        # https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
        assert all(isinstance(event[name], str) and event[name] for name in REQUIRED)
        assert event["specversion"] == "1.0"
        for name, value in event.items():
            assert re.fullmatch(r"[a-z0-9]{1,20}", name), "naming of attributes"
            if name not in (*REQUIRED, *OPTIONAL):
                assert isinstance(value, str | int), "types of extensions"
        assert -(2**31) <= event["seq"] < 2**31
        assert event["datacontenttype"] == "application/json"
        earliest, latest = bounds_of(event["time"])
        assert earliest == latest, "an RFC 3339 timestamp"
        schema = urlsplit(event["dataschema"])
        assert (schema.scheme, schema.netloc) == ("http", "localhost"), "an absolute URI"
        Draft202012Validator(client.get(schema.path).json).validate(event["data"])
        assert event["type"] == f"stancelog.{event['data']['type']}.recorded"
        seen.add((event["source"], event["id"]))
    assert seen == {("/v1/log", str(seq)) for seq in range(1, 9)}


def test_a_batch_is_the_bare_events_under_its_media_type(client, told):
    everything(told)
    plain = log(client, "/v1/log?limit=3")
    for accept in (BATCH, f"application/json;q=0.5, {BATCH}"):
        batch = log(client, "/v1/log?limit=3", Accept=accept)
        assert batch.headers["Content-Type"] == BATCH
        assert batch.json == plain.json["events"]
        assert batch.headers["Link"] == '</v1/log?after=3&limit=3>; rel="next"'
        assert batch.headers["ETag"] != plain.headers["ETag"]
    for accept in ("*/*", "application/json", "text/html", ""):
        assert log(client, Accept=accept).mimetype == "application/json"
    assert plain.headers["Link"] == '</v1/log?after=3&limit=3>; rel="next"'
    assert plain.headers["Vary"] == "Prefer, Accept"


def test_who_has_an_answer_is_told_that_it_is_still_so(client, told):
    everything(told)
    answer = log(client, "/v1/log?after=8")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    kept = {"If_None_Match": answer.headers["ETag"]}
    assert log(client, "/v1/log?after=8", 304, **kept).data == b""
    told(party("eu"))
    assert log(client, "/v1/log?after=8", **kept).json["events"][0]["subject"] == "eu"


@pytest.mark.parametrize(
    "query",
    ["after=9", "after=-1", "after=x", "after=1.0", "limit=0", "limit=1001", "seq=1", "after="],
)
def test_a_question_that_makes_no_sense_is_refused(client, told, query):
    everything(told)
    answer = log(client, f"/v1/log?{query}", 422, Prefer="wait=5")
    assert answer.mimetype == "application/problem+json"


def test_a_log_that_was_replaced_by_a_shorter_one_is_not_followed_in_silence(client, told):
    everything(told)
    problem = log(client, "/v1/log?after=9", 422).json
    assert problem["errors"][0]["field"] == "after"
    assert "another log" in problem["detail"]


def test_a_follower_has_all_that_several_writers_record_once_and_in_order(client, open_store, url):
    stores = [open_store(url) for _ in range(3)]
    tell(stores[0], party("ukraine"), issue("nato"))
    done = Event()

    def write(number):
        for i in range(12):
            batch = [statement(f"r-{number}-{i}-{n}", positions=[position()]) for n in range(3)]
            tell(stores[number], *batch)
        return True

    def follow():
        path, events = "/v1/log?limit=3", []
        while True:
            last = done.is_set()
            answer = log(client, path, Prefer="wait=1").json
            events += answer["events"]
            path = answer["links"]["next"]
            if last and not answer["events"]:
                return events

    with ThreadPoolExecutor(4) as threads:
        following_ = threads.submit(follow)
        writing = [threads.submit(write, number) for number in range(3)]
        assert all(one.result(60) for one in writing)
        done.set()
        events = following_.result(60)
    assert len(events) == 2 + 3 * 12 * 3
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert followed(events) == exported_by(client)


def test_a_long_poll_is_answered_soon_after_another_process_records(client, told, open_store, url):
    everything(told)
    other = open_store(url)

    def write_later():
        time.sleep(0.5)
        tell(other, party("eu"))

    with ThreadPoolExecutor(1) as threads:
        began = time.monotonic()
        threads.submit(write_later)
        answer = log(client, "/v1/log?after=8", Prefer="wait=25")
        took = time.monotonic() - began
    assert [event["subject"] for event in answer.json["events"]] == ["eu"]
    assert answer.json["seq"] == 9
    assert 0.4 < took < 10
    assert answer.headers["Preference-Applied"] == "wait=25"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_long_poll_in_vain_is_empty_and_ends_in_time(client, told):
    everything(told)
    began = time.monotonic()
    answer = log(client, "/v1/log?after=8", Prefer="respond-async, WAIT = 1; x")
    assert 0.9 < time.monotonic() - began < 10
    assert (answer.json["events"], answer.json["next"]) == ([], None)
    assert answer.json["links"]["next"] == "/v1/log?after=8&limit=100"
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_a_long_poll_does_not_wait_when_there_is_something(client, told):
    everything(told)
    began = time.monotonic()
    answer = log(client, "/v1/log?after=7", Prefer="wait=60")
    assert time.monotonic() - began < 10
    assert len(answer.json["events"]) == 1
    assert answer.headers["Preference-Applied"] == "wait=30"


def test_who_does_not_wait_is_answered_at_once_without_a_word_of_it(client, told):
    everything(told)
    for prefer in ("", "wait=0", "wait=soon", "return=minimal", "respond-async;wait=9"):
        answer = log(client, "/v1/log?after=8", Prefer=prefer)
        assert "Preference-Applied" not in answer.headers
        assert answer.headers["Cache-Control"] == "public, no-cache"


def test_waiting_holds_up_no_writer_and_no_schema_change(client, told, open_store, url):
    everything(told)
    other = open_store(url)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(log, client, "/v1/log?after=8", Prefer="wait=2")
        time.sleep(0.3)
        if url.startswith("postgresql"):
            with other.engine.begin() as connection:
                connection.exec_driver_sql("SET lock_timeout = '1s'")
                connection.exec_driver_sql("LOCK TABLE log IN ACCESS EXCLUSIVE MODE")
        else:
            with other.engine.connect() as connection:
                row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                assert row[0] == 0, "nobody reads"
        assert waiting.result(30).json["events"] == []


def test_only_so_many_wait_and_the_others_are_answered_at_once(client, told):
    everything(told)
    most = limits.MOST_WAITING
    clients = [client.application.test_client() for _ in range(most)]
    with ThreadPoolExecutor(most) as threads:
        waiting = [threads.submit(log, one, "/v1/log?after=8", Prefer="wait=20") for one in clients]
        deadline = time.monotonic() + 10
        while store_module.waiting._value and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        answer = log(client, "/v1/log?after=8", Prefer="wait=20")
        assert time.monotonic() - began < 5
        assert "Preference-Applied" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        told(party("eu"))
        for one in waiting:
            assert len(one.result(30).json["events"]) == 1
    assert store_module.waiting._value == most


def test_a_read_model_that_is_behind_catches_up_before_the_feed_is_read(client, told):
    everything(told)
    store = client.application.extensions["stancelog"]
    # As if the writer had died between its two commits.
    store.timeline.record([sent(party("eu"))])
    assert log(client, "/v1/log?after=8").json["events"][0]["subject"] == "eu"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("Wait=5", 5),
        ('wait="5"', 5),
        ("wait \t= 5", 5),
        ("wait=5; unknown=1", 5),
        ("respond-async, wait=5", 5),
        ('foo="a, wait=9"; bar="\\", wait=9", wait=5', 5),
        (",, ,wait=007,", 7),
        ("wait=4, wait=9", 4),
        ("wait=31", 30),
        (f"wait={'9' * 5000}", 30),
        ("wait=0", 0),
        ("wait", 0),
        ("wait=", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait=٣", 0),
        ("wait=x, wait=9", 0),
        ("foo; wait=9", 0),
        ('"wait=9"', 0),
        ("waiting=9", 0),
        ('foo="wait=9', 0),
        ("", 0),
    ],
)
def test_preferences_are_read_as_the_rfc_has_them(header, seconds):
    assert wait_of(header) == seconds


def test_another_app_on_the_same_database_follows_too(client, told, url):
    everything(told)
    other = create_app(url)
    assert log(other.test_client()).json == log(client).json
    other.extensions["stancelog"].close()
