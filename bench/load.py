"""Ask a server questions over connections that stay open, and time its answers.

    python -m bench.load < job.json

One thread waits on all connections at once and parses no more of an answer than its status and
its length, so that the processor is left to the server. Anything but a 200 ends the run.
"""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from typing import Any, NamedTuple

from bench.servers import HOST, ROOT, environment

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
CHUNKED = b"\r\ntransfer-encoding: chunked"
LAST_CHUNK = b"\r\n0\r\n\r\n"  # nowhere else in JSON
WARM_UP = 0.3
"""Seconds before the answers are counted."""
LEAST = 3
"""Answers to count, however long they take."""


class Load(NamedTuple):
    """How a server did."""

    per_second: float
    p50_ms: float
    p99_ms: float
    generator: float  # the share of one processor that asking took


class Connection:
    """One connection, and the answer that it waits for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self.answer = b""
        self.length: int | None = None  # of the whole answer; 0: it comes in chunks

    def ask(self, request: bytes) -> None:
        """Send a question."""
        self.answer, self.length = b"", None
        self.asked_at = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come. Tells whether that is the whole answer."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise SystemExit("the server hung up")
        self.answer += part
        if self.length is None:
            end = self.answer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.length = self._length(self.answer[:end].lower(), end + 4)
        if not self.length:
            return self.answer.endswith(LAST_CHUNK)
        return len(self.answer) >= self.length

    def _length(self, head: bytes, begin: int) -> int:
        length = LENGTH.search(head)
        if not head.startswith(b"http/1.1 200 ") or not (length or CHUNKED in head):
            raise SystemExit(f"not an answer to count:\n{self.answer[:600].decode()}")
        return begin + int(length[1]) if length else 0


def answered(port: int, requests: Iterator[bytes], count: int, seconds: float) -> list[float]:
    """Return the seconds of each answer, and last those in which all of them came.

    Ends early when there are no more requests.
    """
    selector = DefaultSelector()
    for _ in range(count):
        connection = Connection(port)
        selector.register(connection.socket, EVENT_READ, connection)
        connection.ask(next(requests))
    counted_from = time.perf_counter() + WARM_UP
    taken: list[float] = []
    now = 0.0
    while now < counted_from + seconds or len(taken) < LEAST:
        for key, _ in selector.select():
            one: Connection = key.data
            if not one.is_answered():
                continue
            now = time.perf_counter()
            if one.asked_at >= counted_from:
                taken.append(now - one.asked_at)
            request = next(requests, None)
            if request is None:
                return [*taken, now - counted_from]
            one.ask(request)
    return [*taken, now - counted_from]


def load(job: dict[str, Any]) -> Load:
    """Do a job: ask `paths` of `port` over so many `connections` for so many `seconds`."""
    requests: Iterable[bytes] = [
        f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: application/json\r\n\r\n".encode()
        for path in job["paths"]
    ]
    requests = cycle(requests) if job["repeated"] else iter(requests)
    busy, began = time.process_time(), time.perf_counter()
    *taken, spent = answered(job["port"], requests, job["connections"], job["seconds"])
    busy, began = time.process_time() - busy, time.perf_counter() - began
    if len(taken) < LEAST:
        raise SystemExit(f"only {len(taken)} answers: there are too few questions")
    taken.sort()
    p99 = taken[int(len(taken) * 0.99)]
    return Load(len(taken) / spent, median(taken) * 1e3, p99 * 1e3, busy / began)


def ask(
    port: int, paths: Sequence[str], *, connections: int, seconds: float, repeated: bool = False
) -> Load:
    """Let a process of its own ask a server `paths`, once each, or `repeated` for ever."""
    job = {"port": port, "paths": paths, "connections": connections}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(job | {"seconds": seconds, "repeated": repeated}),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Load(*json.loads(done.stdout))


def middle(rounds: Sequence[Load]) -> Load:
    """Return the median of each figure over some rounds."""
    return Load(*(median(figures) for figures in zip(*rounds, strict=True)))


if __name__ == "__main__":
    print(json.dumps(load(json.load(sys.stdin))))
