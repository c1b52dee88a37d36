"""The server is told to stop: nobody is cut off, and nobody who waits holds it up."""

import http.client
import json
import os
import signal
import threading
import time
from contextlib import closing, suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.loads import Service
from tests.records import party
from tests.servers import eventually
from tests.test_faults import another_holds

LOCKED = "SELECT * FROM checkpoint FOR UPDATE"


class Asked(threading.Thread):
    """One request, sent at once."""

    def __init__(self, service, method, path, record=None, **headers):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        self.sent = method, path, record and json.dumps(record), headers
        self.status, self.headers, self.body = 0, {}, b""
        self.start()

    def run(self):
        with closing(self.connection), suppress(ConnectionError, http.client.HTTPException):
            self.connection.request(*self.sent)
            answer = self.connection.getresponse()
            self.headers, self.body = answer.headers, answer.read()
            self.status = answer.status

    def end(self, seconds=20):
        self.join(seconds)
        assert not self.is_alive(), self.sent
        return self


@pytest.fixture
def serving(url):
    """A function that starts a server with settings, which is ready when it returns."""
    begun = []

    def serve(workers=1, **settings):
        environment = {f"STANCELOG_{name}": value for name, value in settings.items()}
        begun.append(Service(url, workers, **environment))
        eventually(begun[-1].is_ready, "it is ready")
        return begun[-1]

    yield serve
    for service in begun:
        service.kill()


def stopped(service, how=signal.SIGTERM):
    """Tell a server to stop. Returns how it did, and after how many seconds."""
    began = time.monotonic()
    service.process.send_signal(how)
    return service.process.wait(60), time.monotonic() - began


def test_a_request_in_flight_gets_its_whole_answer(serving, url):
    service = serving()
    body = {key: value for key, value in party("ukraine").items() if key not in ("type", "id")}
    with another_holds(url, "DELETE FROM checkpoint" if url.startswith("sqlite") else LOCKED):
        write = Asked(service, "PUT", "/v1/parties/ukraine", body)
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert write.is_alive()
        assert service.process.poll() is None
        assert service.ask("GET", "/healthz").status == 0, "it takes no more"
    assert (write.end().status, json.loads(write.body)["seq"]) == (201, 1)
    assert service.process.wait(10) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_what_waits_for_news_ends_at_once_with_what_there_is(serving, workers):
    service = serving(workers, STREAMS="2")
    poll = Asked(service, "GET", "/v1/log", Prefer="wait=30")
    stream = Asked(service, "GET", "/v1/stream")
    insists = Asked(service, "GET", "/v1/parties?min_seq=9")
    time.sleep(0.7)
    assert poll.is_alive()
    assert stream.is_alive()
    assert insists.is_alive()
    code, seconds = stopped(service)
    assert (code, seconds < 5) == (0, True)
    assert (poll.end().status, json.loads(poll.body)["events"]) == (200, [])
    assert stream.end().status == 200
    assert (insists.end().status, insists.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_at_once(serving, how, engine):
    assert stopped(serving(), how)[0] == 0


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_takes_longer_than_the_operator_allows_is_ended(serving, url, engine):
    service = serving(STOP_TIMEOUT="1")
    with another_holds(url, "DELETE FROM checkpoint"):
        write = Asked(service, "PUT", "/v1/parties/ukraine", {"name": "U", "kind": "state"})
        time.sleep(0.5)
        code, seconds = stopped(service)
        assert (code, 0.9 < seconds < 10) == (0, True)
        assert write.end().status == 0
    assert "refused to gracefully stop" in service.said()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_while_its_workers_start_does(tmp_path, how):
    service = Service(f"sqlite:///{tmp_path / 'a.db'}", 4)
    try:
        eventually(lambda: len(service.workers()) == 4, "the workers are there, and not ready")
        assert stopped(service, how)[1] < 15
    finally:
        service.kill()


# What the workers of a server count together


def scraped(service):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    with closing(connection):
        connection.request("GET", "/metrics")
        return {
            (one.name, *sorted(one.labels.values())): one.value
            for family in text_string_to_metric_families(connection.getresponse().read().decode())
            for one in family.samples
        }


def test_workers_count_together_and_what_a_dead_one_counted_stays(serving, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    service = serving(2)
    for _ in range(40):
        assert service.ask("GET", "/v1/parties").status == 200
    key = "stancelog_request_seconds_count", *sorted(["/v1/parties", "GET", "2xx"])
    before = scraped(service)
    assert before[key] == 40
    assert before["stancelog_log_position",] == 0
    time.sleep(6)  # to the server, a worker that dies in its first 5.5 s is one that cannot start
    dead = service.workers()[0]
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: dead not in service.workers() and len(service.workers()) == 2, "another")
    assert scraped(service)[key] == 40
    assert not list(tmp_path.glob(f"*/gauge_live*_{dead}.db"))
    assert stopped(service)[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_server_logs_off_a_terminal_is_json(serving):
    service = serving(LOG_REQUESTS="all", LOG_LEVEL="debug")
    assert stopped(service)[0] == 0
    lines = [json.loads(line) for line in service.said().splitlines()]
    assert {"_granian", "stancelog.requests"} <= {line["logger"] for line in lines}
    assert any(line.get("path") == "/readyz" and line["request_id"] for line in lines)
