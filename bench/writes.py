"""Measure how soon a read shows what was written, one write after another."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import date, timedelta
from http.client import HTTPConnection
from itertools import count
from random import Random
from statistics import median
from typing import Any

from bench import library, peers
from bench.questions import ROUNDS
from bench.servers import HOST, Databases
from bench.subject import Subject, is_shown
from bench.tables import Row, ratios
from events.batch import Sent
from events.records import Record
from service.schemas.records import load
from service.store import Store

WARM_UP = 5
LEAST = 10
DAYS = 2000
"""Days after the UN set's last that reports are made of: none of them is to come."""
Write = Callable[[Record], float]
"""Writes a report and reads it. Returns when the writing was done."""
Reports = Callable[[], Record]
"""Makes a new report each time."""


def writes(databases: Databases, engine: str, size: str, url: str, seconds: float) -> list[Row]:
    """Measure a report's way into an answer, beside the library's and a bare commit.

    They take turns, in rounds, as those who answer questions do.
    """
    made = _reports(Subject.of(url))
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store(url)))
        port = stack.enter_context(peers.ours(url))
        plain = databases.new(engine, f"commits-{size}")
        connection, insert = library.connected(plain)
        stack.enter_context(closing(connection))
        ours = {
            "POST, then GET shows it": _over_http(port),
            "Store.record, then a read": _to(store),
        }
        beside = {"a bare insert and commit": _bare(connection, insert)}
        if engine == "postgresql":
            running = stack.enter_context(library.library(databases.new(engine, f"runner-{size}")))
            beside["ProjectionRunner, its row asked for"] = _asking(running)
            beside["ProjectionRunner, its wait()"] = _waiting(running)
        found = _in_rounds(ours | beside, made, seconds)
    others = {name: found[name] for name in beside}
    return [
        Row("writes", engine, size, name, figures, ratios(figures, others) if name in ours else {})
        for name, figures in found.items()
    ]


def _in_rounds(
    ways: Mapping[str, Write], made: Reports, seconds: float
) -> dict[str, dict[str, float]]:
    """Write in each of the ways in turns. Returns the figures of all rounds of each."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            taken[name] += _timed(ways[name], made, seconds / ROUNDS)
    return {name: _figures(times) for name, times in taken.items()}


def _timed(write: Write, made: Reports, seconds: float) -> list[tuple[float, float]]:
    """Write for so many seconds. Returns those until it was read, and until it was written."""
    times: list[tuple[float, float]] = []
    for _ in range(WARM_UP):
        write(made())
    deadline = time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < deadline:
        report = made()
        began = time.perf_counter()
        written = write(report)
        times.append((time.perf_counter() - began, written - began))
    return times


def _figures(times: list[tuple[float, float]]) -> dict[str, float]:
    whole = sorted(read for read, _ in times)
    return {
        "p50 ms": median(whole) * 1e3,
        "p99 ms": whole[int(len(whole) * 0.99)] * 1e3,
        "write alone p50 ms": median(written for _, written in times) * 1e3,
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


def _to(store: Store) -> Write:
    def write(report: Record) -> float:
        store.record([Sent(load(report), "bench")])
        written = time.perf_counter()
        with store.reading() as (connection, _):
            assert is_shown(connection, report)
        return written

    return write


def _bare(connection: Any, insert: str) -> Write:
    def write(report: Record) -> float:
        connection.cursor().executemany(insert, library.rows_of(report))
        connection.commit()
        return time.perf_counter()

    return write


def _asking(running: library.Library) -> Write:
    def write(report: Record) -> float:
        running.save(report)
        written = time.perf_counter()
        running.wait_for_row(report["id"])
        return written

    return write


def _waiting(running: library.Library) -> Write:
    def write(report: Record) -> float:
        last = running.save(report)
        written = time.perf_counter()
        running.wait(last)
        return written

    return write
