"""Reads come from a streaming replica: they say how far they are, and wait when told to."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import text

from projections import rebuild as rebuilding
from projections.rebuild import rebuild
from service import limits
from service.app import create_app
from service.store import Store
from tests import records, servers
from tests.records import issue, party, position, statement, tell
from tests.servers import eventually

QUESTION = "/v1/parties/ukraine/positions/nato"


@pytest.fixture(scope="module")
def pair():
    """A primary and its replica."""
    with (
        servers.primary(fsync="off") as primary,
        servers.replica_of(primary, max_standby_streaming_delay="1s") as replica,
    ):
        yield primary, replica


@pytest.fixture
def primary(pair):
    return pair[0]


@pytest.fixture
def replica(pair):
    yield pair[1]
    pair[1].resume_replay()


@pytest.fixture
def url(primary, replica, request):
    """A database with one report, which the replica has too."""
    name = f"t{abs(hash(request.node.name))}"
    url = primary.create_database(name)
    store = Store(url)
    tell(store, party("ukraine"), issue("nato"), statement("r-1", positions=[position()]))
    store.close()
    replica.wait_until_caught_up()
    return url


@pytest.fixture
def app(url, primary, replica, monkeypatch):
    """An app that writes to the primary and reads from the replica."""
    monkeypatch.setenv(
        "STANCELOG_READ_DATABASE", url.replace(str(primary.folder), str(replica.folder))
    )
    monkeypatch.setattr(limits, "LONGEST_WAIT", 0.5)
    app = create_app(url)
    yield app
    app.extensions["stancelog"].close()


@pytest.fixture
def client(app):
    return app.test_client()


post = partial(records.post, occurred="2020-03-01")


def assert_told_to_wait(answer):
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"].isdigit()


def test_a_write_is_acknowledged_though_the_replica_is_behind_and_reads_say_so(client, replica):
    replica.pause_replay()
    written = post(client, "r-2")
    assert (written.status_code, written.json["seq"]) == (201, 4)
    assert written.headers["Stancelog-Seq"] == "4"
    plain = client.get(QUESTION)
    assert (plain.status_code, plain.json["position"], plain.json["seq"]) == (200, "support", 3)
    for ask in (
        lambda: client.get(QUESTION, query_string={"min_seq": 4}),
        lambda: client.get(QUESTION, headers={"Stancelog-Seq": "4"}),
        lambda: client.get(f"{QUESTION}?min_seq=1&min_seq=4"),
    ):
        start = time.monotonic()
        answer = ask()
        assert_told_to_wait(answer)
        assert 0.5 <= time.monotonic() - start < 3
        assert "seq 3, not yet to 4" in answer.json["detail"]
    assert client.get(QUESTION, query_string={"min_seq": 3}).json["position"] == "support"
    assert client.get(QUESTION, query_string={"min_seq": "four"}).status_code == 422
    assert post(client, "r-2").status_code == 200, "it knows what it has though it is not shown"
    replica.resume_replay()
    replica.wait_until_caught_up()
    fresh = client.get(QUESTION, headers={"If-None-Match": plain.headers["ETag"]})
    assert (fresh.status_code, fresh.json["position"]) == (200, "oppose")


def test_a_read_that_waits_is_answered_once_the_replica_has_come_so_far(
    client, app, replica, monkeypatch
):
    monkeypatch.setattr(limits, "LONGEST_WAIT", 30)
    replica.pause_replay()
    seq = post(client, "r-2").headers["Stancelog-Seq"]
    asked = threading.Event()

    def read(**how):
        asked.set()
        return app.test_client().get(QUESTION, **how)

    with ThreadPoolExecutor(2) as executor:
        waiting = [
            executor.submit(read, query_string={"min_seq": seq}),
            executor.submit(read, headers={"Stancelog-Seq": seq}),
        ]
        assert asked.wait(10)
        assert client.get(QUESTION).json["position"] == "support"
        assert not any(one.done() for one in waiting)
        replica.resume_replay()
        for one in waiting:
            answer = one.result(20)
            assert (answer.status_code, answer.json["position"]) == (200, "oppose")


def test_how_far_a_read_insists_on_is_no_part_of_its_answer(client):
    for path in (QUESTION, "/v1/matrix", "/v1/changes", "/v1/reports?limit=1"):
        separator = "&" if "?" in path else "?"
        answer = client.get(f"{path}{separator}min_seq=3")
        assert answer.status_code == 200
        assert "min_seq" not in f"{answer.text}{answer.headers}"
        assert answer.headers["ETag"] == client.get(path).headers["ETag"]
        link = answer.json["links"]["permalink"]
        pinned, same = client.get(link), client.get(f"{link}&min_seq=3")
        assert pinned.headers["ETag"] == same.headers["ETag"]
        assert pinned.headers["Cache-Control"] == same.headers["Cache-Control"]


def test_what_is_no_position_in_the_log_is_refused(client):
    for seq in ("", "-1", "1.5", "four", "٤", "9" * 17, "3,"):
        answer = client.get(QUESTION, query_string={"min_seq": seq})
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
        assert answer.json["errors"][0]["field"] == "min_seq"


def test_what_was_just_recorded_can_be_amended_before_the_replica_has_it(client, replica):
    etag = client.get("/v1/reports/r-1").headers["ETag"]
    replica.pause_replay()
    assert post(client, "r-2").status_code == 201
    change = {"changes": {"summary": "Otherwise."}, "reason": "other"}
    for name in ("r-1", "r-2"):
        answer = client.post(f"/v1/reports/{name}/corrections", json=change)
        assert answer.status_code == 201, answer.json
    stale = client.post("/v1/reports/r-1/corrections", json=change, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert client.post("/v1/reports/r-2/retraction", json={"reason": "other"}).status_code == 201
    assert client.post("/v1/reports/r-3/retraction", json={"reason": "other"}).status_code == 404


def test_a_rebuild_of_the_primary_never_shows_on_the_replica_as_a_wrong_answer(
    client, app, url, replica, monkeypatch
):
    monkeypatch.setattr(rebuilding, "PORTION", 2_000)
    store = Store(url)
    names = [f"later-{n}" for n in range(40)]
    tell(store, *(statement(name, positions=[position()]) for name in names))
    replica.wait_until_caught_up()
    found, enough = [], threading.Event()

    def read():
        reader = app.test_client()
        while not enough.is_set():
            for path in (f"{QUESTION}?as_of=2021-01-0{len(found) % 7 + 1}", f"{QUESTION}/history"):
                answer = reader.get(path)
                found.append(
                    (answer.status_code, "oppose" in answer.text, '"support"' in answer.text)
                )

    with ThreadPoolExecutor(1) as executor:
        reading = executor.submit(read)
        try:
            for _ in range(3):
                before = len(found)
                rebuild(store.engine, store.timeline)
                eventually(lambda before=before: len(found) > before + 10, "reads go on")
            replica.wait_until_caught_up()
            before = len(found)
            eventually(lambda: len(found) > before + 10, "reads go on")
        finally:
            enough.set()
        reading.result()
    assert set(found) == {(200, False, True)}
    assert client.get(QUESTION).json["seq"] == 43
    store.close()


def test_a_mended_row_is_told_of_by_the_replica_and_no_kept_answer_outlives_it(
    client, url, replica
):
    store = Store(url)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE positions SET says = 'oppose'"))
    replica.wait_until_caught_up()
    spoilt = client.get(QUESTION)
    assert spoilt.json["position"] == "oppose"
    rebuild(store.engine, store.timeline)
    replica.wait_until_caught_up()
    again = client.get(QUESTION, headers={"If-None-Match": spoilt.headers["ETag"]})
    assert (again.status_code, again.json["position"]) == (200, "support")
    store.close()


def test_reads_go_on_without_the_primary_and_writes_are_told_to_come_again(
    client, primary, replica
):
    primary.stop()
    try:
        assert client.get(QUESTION).json["position"] == "support"
        assert client.get("/v1/reports").status_code == 200
        assert_told_to_wait(post(client, "r-2"))
        assert client.get("/readyz").status_code == 200
    finally:
        primary.start()
    assert post(client, "r-2").status_code == 201
    seen = lambda: client.get(QUESTION).json["position"] == "oppose"  # noqa: E731
    eventually(seen, "the replica follows again", 20)
