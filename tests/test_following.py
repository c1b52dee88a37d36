"""Where another process lets the read models catch up, writes only add to the log."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from projections.follower import Follower
from projections.verify import differences
from service import store as stores
from service.app import create_app
from service.cli import main
from service.opening import NotReadyError
from service.store import Store
from tests.records import brief, issue, party, position, post, statement, tell
from tests.servers import eventually

QUESTION = "/v1/parties/ukraine/positions/nato"


@pytest.fixture
def app(url, monkeypatch):
    """An app whose writes only add to the log. Its party and issue are applied."""
    store = Store(url)
    tell(store, party("ukraine"), issue("nato"))
    store.close()
    monkeypatch.setenv("STANCELOG_PROJECTION", "async")
    app = create_app(url)
    yield app
    app.extensions["stancelog"].close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def store(app):
    return app.extensions["stancelog"]


def shown(client):
    return client.get(QUESTION).json["seq"]


@contextmanager
def followed(url):
    """Let the read models of a database catch up meanwhile. Gives the trouble that it has."""
    store = Store(url, is_followed=True)
    follower = Follower(store.engine, store.timeline)
    trouble = []
    thread = Thread(target=follower.run, args=(trouble.append,))
    thread.start()
    try:
        yield trouble
    finally:
        follower.stop()
        thread.join(10)
        store.close()
    assert not thread.is_alive(), "it ends when it is told to"


def begun(url, *words):
    """Begin a command on a database."""
    environment = {name: value for name, value in os.environ.items() if "PROJECTION" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "--database", url, *words],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@contextmanager
def projecting(url):
    """Let `stancelog project --follow` run meanwhile, once it has caught up."""
    process = begun(url, "project", "--follow")
    try:
        assert process.stderr.readline().startswith("Caught up")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_writes_are_told_their_place_in_the_log_before_it_is_shown(client, store):
    before = client.get(QUESTION)
    for seq in (3, 4, 5):
        written = post(client, f"r-{seq}")
        assert (written.status_code, written.json["seq"]) == (201, seq)
        assert written.headers["Stancelog-Seq"] == str(seq)
    batch = [party("france"), statement("r-7"), statement("r-4", positions=[position("oppose")])]
    written = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, batch)))
    assert written.status_code == 201
    assert [row["seq"] for row in written.json["records"]] == [6, 7, 4]
    for name, seq in (("r-3", 3), ("r-5", 5)):
        again = post(client, name)
        assert (again.status_code, again.json["seq"]) == (200, seq)
    assert client.put("/v1/parties/france", json=party("france")).json["seq"] == 6
    after = client.get(QUESTION, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 304, "nothing of it is shown yet"
    assert shown(client) == 2
    assert client.get("/v1/reports/r-3").status_code == 404
    change = {"changes": {"summary": "Otherwise."}, "reason": "other"}
    amended = client.post("/v1/reports/r-3/corrections", json=change)
    assert (amended.status_code, amended.json["seq"]) == (201, 8)
    store.catch_up()
    assert shown(client) == 8
    assert client.get("/v1/reports/r-3").json["summary"] == "Otherwise."
    assert list(differences(store.engine, store.timeline)) == []


def test_writes_are_told_their_place_however_many_wait_to_be_applied(client, store):
    names = [f"r-{n}" for n in range(600)]
    lines = [json.dumps(statement(name)) for name in names]
    written = client.post("/v1/reports/batch", data="\n".join(lines))
    assert [row["seq"] for row in written.json["records"]] == list(range(3, 603))
    assert post(client, "last").json["seq"] == 603
    again = client.post("/v1/reports/batch", data="\n".join(reversed(lines)))
    assert [row["seq"] for row in again.json["records"]] == list(range(602, 2, -1))
    assert shown(client) == 2
    store.catch_up()
    with store.reading() as (connection, _):
        order = connection.execute(text("SELECT record, seq FROM log WHERE seq > 2 ORDER BY seq"))
        assert [tuple(row) for row in order] == [
            *zip(names, range(3, 603), strict=True),
            ("last", 603),
        ]


def test_a_follower_shows_what_is_recorded_within_a_second(client, url):
    with followed(url) as trouble:
        for seq in range(3, 8):
            post(client, f"r-{seq}")
            eventually(lambda seq=seq: shown(client) == seq, "it is shown", 1)
        answer = client.get(QUESTION, query_string={"min_seq": post(client, "r-8").json["seq"]})
        assert (answer.status_code, answer.json["seq"]) == (200, 8)
    assert trouble == []
    post(client, "r-9")
    assert shown(client) == 8, "nobody follows any more"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_follower_goes_on_after_its_connections_were_ended(client, store, url):
    end = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with followed(url) as trouble:
        post(client, "r-3")
        eventually(lambda: shown(client) == 3, "it is shown")
        store.close()
        with store.engine.connect() as connection:
            assert connection.execute(end).scalar_one() > 0
        eventually(lambda: trouble, "it notices")
        eventually(lambda: post(client, "r-4").status_code in (200, 201), "it is recorded")
        eventually(lambda: shown(client) == 4, "it is shown", 5)
        post(client, "r-5")
        eventually(lambda: shown(client) == 5, "it listens again", 1.5)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_follows_until_it_is_told_to_end(client, store, url, how):
    with projecting(url) as process:
        post(client, "r-3")
        eventually(lambda: shown(client) == 3, "it is shown", 5)
        process.send_signal(how)
        assert process.wait(5) == 0
        assert process.stderr.read() == ""
    assert post(client, "r-4").status_code == 201
    assert shown(client) == 3
    once = begun(url, "project")
    assert once.communicate(timeout=30)[1] == "Caught up: seq 4.\n"
    assert once.returncode == 0
    assert shown(client) == 4
    assert list(differences(store.engine, store.timeline)) == []


def test_two_that_follow_apply_each_event_once(client, store, url):
    with followed(url) as one, followed(url) as other:
        for n in range(30):
            post(client, f"r-{n}")
        eventually(lambda: shown(client) == 32, "it is shown")
    assert one == other == []
    assert brief(client) == {"status": "ready", "seq": 32}
    assert list(differences(store.engine, store.timeline)) == []


def test_readiness_says_when_nobody_follows(client, store, monkeypatch):
    assert brief(client) == {"status": "ready", "seq": 2}
    post(client, "r-3")
    found = client.get("/readyz").json
    assert (found["status"], found["seq"]) == ("ready", 2), "it may take a moment"
    assert 0 < found["behind"] < 5
    monkeypatch.setattr(stores, "LATE", 0.2)

    def is_late():
        found = client.get("/readyz").json
        assert (found["behind"] > 0.2) == (found["status"] == "degraded")
        return found["status"] == "degraded"

    eventually(is_late, "it is late", 5)
    assert client.get("/readyz").status_code == 200, "reads go on"
    store.catch_up()
    assert brief(client) == {"status": "ready", "seq": 3}


@pytest.mark.parametrize("value", ["sometimes", "ASYNC", "1"])
def test_another_value_of_the_setting_is_wrong_usage(tmp_path, value):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    words = [sys.executable, "-m", "service.cli", "--database", url, "serve", "--port", "1"]
    environment = os.environ | {"STANCELOG_PROJECTION": value}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert f"STANCELOG_PROJECTION is {value!r}: give sync or async" in done.stderr


# A log that was restored from an older backup


@pytest.fixture
def cut(url):
    """A database whose read models have two reports that its log has not."""
    store = Store(url)
    tell(store, party("ukraine"), issue("nato"))
    for n in range(4):
        tell(store, statement(f"r-{n}", positions=[position()]))
    table = store.timeline.recorder.events_table_name
    id_ = "rowid" if url.startswith("sqlite") else "notification_id"
    with store.reading() as (connection, _):
        after = connection.execute(text("SELECT position FROM log WHERE seq = 4")).scalar_one()
    with store.engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {table} WHERE {id_} > {after}"))
    store.close()
    return url


def test_read_models_of_a_log_that_had_come_further_are_not_served(cut):
    with pytest.raises(NotReadyError, match="--accept-new-root"):
        Store(cut)
    server = begun(cut, "serve", "--port", "1")
    _, said = server.communicate(timeout=30)
    assert server.returncode == 4, said
    assert "stancelog rebuild --accept-new-root" in said
    assert "Traceback" not in said


def test_they_are_made_anew_when_the_log_as_it_is_is_accepted(cut):
    run = CliRunner()
    done = run.invoke(main, ["--database", cut, "rebuild"])
    assert done.exit_code == 3, done.output
    assert "nothing was rebuilt" in done.stderr
    done = run.invoke(main, ["--database", cut, "rebuild", "--accept-new-root"])
    assert done.exit_code == 0, done.output
    store = Store(cut)
    with store.reading() as (_, head):
        assert head.seq == 4
    assert tell(store, statement("r-3"))[0].seq == 5
    assert list(differences(store.engine, store.timeline)) == []
    store.close()
