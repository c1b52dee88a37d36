"""What goes wrong around the service is told clearly, in bounded time, and leaves no trace.

Those faults that are quick to try. `make soak` tries the rest: see docs/reliability.md.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from projections.verify import differences
from service.app import create_app
from service.cli import main
from service.store import Store
from tests import servers
from tests.records import brief, issue, party, position, post, sent, statement, tell

QUESTION = "/v1/parties/ukraine/positions/nato"
BOUND = 8
"""Seconds within which every answer is due, when a lock is waited for one second."""


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A client of an app that waits one second for what others hold."""
    monkeypatch.setenv("STANCELOG_LOCK_TIMEOUT", "1")
    app = create_app(url)
    tell(store_of(app), party("ukraine"), issue("nato"), statement("r-1", positions=[position()]))
    yield app.test_client()
    store_of(app).close()


def store_of(app: Any) -> Store:
    store: Store = app.extensions["stancelog"]
    return store


def assert_clear(response: TestResponse) -> None:
    """A client knows what is wrong, and that it may send it again."""
    assert response.status_code == 503
    assert response.mimetype == "application/problem+json"
    assert response.headers["Retry-After"].isdigit()
    assert response.json
    assert "Traceback" not in response.json["detail"]


def assert_whole(client: FlaskClient, *names: str) -> None:
    """Each report is there once, and the read models are what a rebuild would give."""
    found = client.get("/v1/log?limit=200").json
    assert found
    ids = [entry["data"]["id"] for entry in found["events"]]
    assert sorted(set(ids)) == sorted(ids)
    assert set(names) <= set(ids)
    store = store_of(client.application)
    assert list(differences(store.engine, store.timeline)) == []


@contextmanager
def another_holds(url: str, lock: str) -> Iterator[None]:
    """Let another connection hold a lock."""
    if url.startswith("sqlite"):
        other: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN")
    else:
        other = psycopg.connect(url)
    try:
        other.execute(lock)
        yield
    finally:
        other.rollback()
        other.close()


def at_once(ask: Callable[[int], TestResponse], count: int) -> list[TestResponse]:
    """Let as many threads ask at once. Returns what they were answered."""
    with ThreadPoolExecutor(count) as executor:
        return list(executor.map(ask, range(2, count + 2)))


LOCKS = [
    ("sqlite", "DELETE FROM checkpoint"),
    ("postgresql", "LOCK TABLE timeline_events IN EXCLUSIVE MODE"),
    ("postgresql", "SELECT * FROM checkpoint FOR UPDATE"),
]


@pytest.mark.parametrize(("engine", "lock"), LOCKS)
def test_a_write_is_refused_when_another_holds_a_lock_for_too_long(
    client: FlaskClient, url: str, lock: str
) -> None:
    start = time.monotonic()
    with another_holds(url, lock):
        assert_clear(post(client, "r-2"))
        answer = client.get(QUESTION)
        assert (answer.status_code, answer.json["position"]) == (200, "support")
    assert time.monotonic() - start < BOUND
    assert post(client, "r-2").status_code in (200, 201)
    assert client.get(QUESTION).json["position"] == "oppose"
    assert_whole(client, "r-1", "r-2")


@pytest.mark.parametrize(("engine", "lock"), LOCKS)
def test_of_many_writes_behind_one_lock_none_waits_for_all_those_before_it(
    client: FlaskClient, url: str, lock: str
) -> None:
    def post_one(number: int) -> TestResponse:
        return post(client.application.test_client(), f"r-{number}")

    with another_holds(url, lock):
        start = time.monotonic()
        answers = at_once(post_one, 8)
        assert time.monotonic() - start < BOUND / 2
    for answer in answers:
        assert_clear(answer)
    assert_whole(client, "r-1")


@pytest.mark.parametrize("engine", ["postgresql"])
def test_readers_that_take_up_every_connection_are_told_so_and_served_when_they_are_free(
    client: FlaskClient, url: str
) -> None:
    def read(_: int) -> TestResponse:
        return client.application.test_client().get(QUESTION)

    with another_holds(url, "LOCK TABLE positions IN ACCESS EXCLUSIVE MODE"):
        start = time.monotonic()
        for answer in at_once(read, 40):
            assert_clear(answer)
        assert time.monotonic() - start < BOUND
        assert client.get("/healthz").status_code == 200
    assert {answer.status_code for answer in at_once(read, 40)} == {200}
    assert_whole(client, "r-1")


def test_reads_go_on_while_what_a_dead_writer_left_cannot_be_taken_in(
    client: FlaskClient, url: str
) -> None:
    store = store_of(client.application)
    store.timeline.record([sent(statement("r-2", positions=[position("oppose")]))])
    lock = "SELECT * FROM checkpoint FOR UPDATE"
    with another_holds(url, "DELETE FROM checkpoint" if url.startswith("sqlite") else lock):
        answer = client.get(QUESTION)
        assert (answer.status_code, answer.json["position"]) == (200, "support")
        ready = client.get("/readyz").json
        assert (ready["status"], ready["seq"]) == ("degraded", 3)
        assert ready["behind"] > 0
    assert client.get(QUESTION).json["position"] == "oppose"
    assert brief(client) == {"status": "ready", "seq": 4}
    assert_whole(client, "r-1", "r-2")


def test_postgresql_that_is_down_is_told_of_at_once_and_back_with_the_first_request() -> None:
    with servers.primary() as server:
        app = create_app(server.url())
        client = app.test_client()
        tell(store_of(app), party("ukraine"), issue("nato"))
        assert post(client, "r-1").status_code == 201
        server.kill9()
        start = time.monotonic()
        for answer in (post(client, "r-2"), client.get(QUESTION), post(client, "r-3")):
            assert_clear(answer)
        assert time.monotonic() - start < 1
        server.start()
        assert post(client, "r-2").status_code == 201
        server.kill9()
        server.start()  # which nobody noticed
        assert client.get(QUESTION).status_code == 200
        assert post(client, "r-3").status_code == 201
        assert_whole(client, "r-1", "r-2", "r-3")
        store_of(app).close()


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "1.5"])
def test_a_lock_timeout_that_is_no_number_of_seconds_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("STANCELOG_LOCK_TIMEOUT", seconds)
    done = CliRunner().invoke(main, ["--database", f"sqlite:///{tmp_path / 'a.db'}", "init"])
    assert done.exit_code == 2
    assert f"STANCELOG_LOCK_TIMEOUT is '{seconds}': give a whole number" in done.stderr


T = datetime(2021, 6, 1, tzinfo=UTC)


def test_a_clock_that_steps_back_changes_no_answer_about_what_was_known_before(
    store: Store, url: str
) -> None:
    def record(hour: int, *records: dict[str, Any]) -> None:  # as the machine's clock has it
        store.timeline.record([sent(one, T + timedelta(hours=hour)) for one in records])

    def known(client: FlaskClient, hour: int) -> tuple[int, str]:
        at = (T + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")
        answer = client.get(QUESTION, query_string={"known_at": at, "as_of": "2021-12-31"}).json
        assert answer
        return answer["seq"], answer["position"]

    record(0, party("ukraine"), issue("nato"))
    record(2, statement("r-1", occurred="2021-01-01", positions=[position()]))
    record(5, statement("r-2", occurred="2021-01-02", positions=[position("oppose")]))
    app = create_app(url)
    client = app.test_client()
    before = {hour: known(client, hour) for hour in range(8)}
    assert before[1][0] == 2
    assert before[4] == (3, "support")
    assert before[7] == (4, "oppose")
    record(1, statement("r-3", occurred="2021-01-03", positions=[position("support")]))
    record(3, statement("r-4", occurred="2021-01-04", positions=[position("neutral")]))
    assert {hour: known(client, hour) for hour in range(5)} == {h: before[h] for h in range(5)}
    assert known(client, 5) == known(client, 7) == (6, "neutral")
    events = client.get("/v1/log?limit=200").json["events"]
    times = [event["time"] for event in events]
    assert times == sorted(times)
    assert_whole(client, "r-1", "r-2", "r-3", "r-4")
    store_of(app).close()
