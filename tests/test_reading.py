"""Connections that read are kept, given back whatever happens, and replaced when they are lost."""

import time
from threading import Barrier, Thread

import psycopg
import pytest
from sqlalchemy import text

from projections.database import driver
from projections.reading import MOST_READERS, reading
from service.app import create_app
from service.store import Store
from tests.records import issue, party, tell

TERMINATE = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def connections_of(store, count):
    """Let as many threads read at once, so that as many connections are idle afterwards."""
    together = Barrier(count)

    def read():
        with reading(store.engine):
            together.wait(30)

    threads = [Thread(target=read) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def used(store):
    with reading(store.engine) as connection:
        return driver(connection)


def test_a_question_that_is_refused_costs_no_connection_and_no_line_in_the_log(url, caplog):
    app = create_app(url)
    store, client = app.extensions["stancelog"], app.test_client()
    tell(store, party("ukraine"), issue("nato"))
    before = used(store)
    for path, status in (
        ("/v1/parties/nobody", 404),
        ("/v1/parties?seq=99", 422),
        ("/v1/parties/ukraine/positions/nato?as_of=2020-01-01&seq=99", 422),
        ("/v1/reports/r-1", 404),
    ):
        assert client.get(path).status_code == status
        assert used(store) is before
    assert client.get("/v1/parties/ukraine").status_code == 200
    assert caplog.records == []
    store.close()


def test_whatever_goes_wrong_in_more_readings_than_there_is_room_for_leaves_room(store, caplog):
    for error in (ValueError, KeyboardInterrupt, GeneratorExit):
        for _ in range(MOST_READERS + 1):
            with pytest.raises(error), reading(store.engine) as connection:
                connection.execute(text("SELECT count(*) FROM log")).scalar_one()
                raise error
    for _ in range(MOST_READERS + 1):
        with pytest.raises(Exception, match="nothing_of_the_kind"), reading(store.engine) as one:
            one.execute(text("SELECT * FROM nothing_of_the_kind"))
    connections_of(store, MOST_READERS)
    assert caplog.records == []


def test_after_a_refusal_the_next_reading_sees_what_was_recorded_since(store):
    with pytest.raises(ValueError, match="no"), reading(store.engine) as connection:
        connection.execute(text("SELECT count(*) FROM log")).scalar_one()
        raise ValueError("no")
    tell(store, party("ukraine"))
    with reading(store.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM log")).scalar_one() == 1


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_reader_waits_for_a_lock_once_however_many_connections_are_idle(url, monkeypatch):
    monkeypatch.setenv("STANCELOG_LOCK_TIMEOUT", "1")
    store = Store(url)
    connections_of(store, 5)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            start = time.monotonic()
            with pytest.raises(psycopg.errors.LockNotAvailable), reading(store.engine):
                pass
            assert time.monotonic() - start < 1.9
    used(store)
    store.close()


@pytest.mark.parametrize("engine", ["postgresql"])
def test_connections_that_were_ended_while_idle_are_replaced_and_nobody_notices(store, caplog):
    connections_of(store, 5)
    with store.engine.connect() as connection:
        assert connection.execute(text(TERMINATE)).scalar_one() >= 5
    connections_of(store, MOST_READERS)
    assert caplog.records == []
