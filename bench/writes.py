"""Measure how soon a read shows what was written, one write after another."""

import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from http.client import HTTPConnection
from itertools import count
from random import Random
from statistics import median

from bench import library, peers
from bench.servers import HOST, Databases
from bench.subject import Subject, is_shown
from bench.tables import Row, ratios
from events.batch import Sent
from events.records import Record
from service.schemas.records import load
from service.store import Store

WARM_UP = 10
LEAST = 30
DAYS = 2000
"""Days after the UN set's last that reports are made of: none of them is to come."""
Write = Callable[[Record], float]
"""Writes a report and reads it. Returns when the writing was done."""
Reports = Callable[[], Record]
"""Makes a new report each time."""


def writes(databases: Databases, engine: str, size: str, url: str, seconds: float) -> list[Row]:
    """Measure a report's way into an answer, beside the library's and a bare commit."""
    subject = Subject.of(url)
    made = _reports(subject)
    rows: dict[str, dict[str, float]] = {}
    with peers.ours(url) as port:
        rows["POST, then GET shows it"] = _timed(_over_http(port), made, seconds)
    store = Store(url)
    rows["Store.record, then a read shows it"] = _timed(_in_process(store), made, seconds)
    store.close()

    beside: dict[str, dict[str, float]] = {}
    connection, insert = library.connected(databases.new(engine, f"commits-{size}"))

    def commit(report: Record) -> float:
        connection.cursor().executemany(insert, library.rows_of(report))
        connection.commit()
        return time.perf_counter()

    beside["a bare insert and commit"] = _timed(commit, made, seconds)
    connection.close()
    if engine == "postgresql":
        with library.library(databases.new(engine, f"runner-{size}")) as running:

            def seen(report: Record) -> float:
                running.save(report)
                written = time.perf_counter()
                running.wait_for_row(report["id"])
                return written

            def waited(report: Record) -> float:
                last = running.save(report)
                written = time.perf_counter()
                running.wait(last)
                return written

            beside["ProjectionRunner, the row seen by asking"] = _timed(seen, made, seconds)
            beside["ProjectionRunner, its wait()"] = _timed(waited, made, seconds)
    ours = [
        Row("writes", engine, size, name, figures, ratios(figures, beside))
        for name, figures in rows.items()
    ]
    return ours + [Row("writes", engine, size, name, figures) for name, figures in beside.items()]


def _timed(write: Write, made: Reports, seconds: float) -> dict[str, float]:
    """Write for so many seconds. Returns the figures of write to read, and of the write alone."""
    whole: list[float] = []
    written: list[float] = []
    deadline = 0.0
    for number in count():
        report = made()
        began = time.perf_counter()
        done = write(report)
        now = time.perf_counter()
        if number < WARM_UP:
            deadline = now + seconds
            continue
        whole.append(now - began)
        written.append(done - began)
        if now > deadline and len(whole) >= LEAST:
            break
    whole.sort()
    return {
        "p50 ms": median(whole) * 1e3,
        "p99 ms": whole[int(len(whole) * 0.99)] * 1e3,
        "write alone p50 ms": median(written) * 1e3,
        "writes": len(whole),
    }


def _reports(subject: Subject) -> Reports:
    """Return a function that makes a new report each time, of a day after those that are there."""
    rng = Random(3)
    numbers = count()

    def make() -> Record:
        number = next(numbers)
        told = {"issue": rng.choice(subject.issues)}
        told["position"] = "support" if number % 2 else "oppose"
        return {
            "type": "statement",
            "id": f"bench-{time.time_ns()}-{number}",
            "occurred": (date(2020, 1, 1) + timedelta(number % DAYS)).isoformat(),
            "parties": [rng.choice(subject.parties)],
            "summary": "A statement that is read as soon as it is written.",
            "attribution": "on_record",
            "positions": [told],
            "sources": [{"publisher": "Agency"}],
        }

    return make


def _over_http(port: int) -> Write:
    connection = HTTPConnection(HOST, port)

    def write(report: Record) -> float:
        connection.request("POST", "/v1/reports", json.dumps(report))
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 201, said
        written = time.perf_counter()
        party, issue = report["parties"][0], report["positions"][0]["issue"]
        path = f"/v1/parties/{party}/positions/{issue}?as_of={report['occurred']}"
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        assert report["id"].encode() in said, said
        return written

    return write


def _in_process(store: Store) -> Write:
    def write(report: Record) -> float:
        store.record([Sent(load(report), "bench")])
        written = time.perf_counter()
        with store.reading() as (connection, _):
            assert is_shown(connection, report)
        return written

    return write
