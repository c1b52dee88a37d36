"""The service as people run it, under load: clients that send again as they are told to."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.records import issue, party, position, statement
from tests.servers import eventually

ROOT = Path(__file__).parents[1]
HANGS = 70
"""Seconds after which a client takes no answer for a hang: see docs/reliability.md."""

SOON = 10
"""Seconds within which clients learn of an outage."""

COMMANDS = 120
"""Seconds after which a command is taken to hang."""


class Answer(NamedTuple):
    """What a client saw. Status 0: the connection was refused, or cut."""

    status: int
    seconds: float
    body: dict[str, Any]
    media_type: str = ""
    retry_after: str | None = None

    @property
    def is_clear(self) -> bool:
        """Tell whether it says what to do: it is there, or send it again later."""
        is_problem = self.media_type == "application/problem+json" and "detail" in self.body
        wait = (self.retry_after or "").isdigit()
        return self.status in (200, 201) or (self.status == 503 and is_problem and wait)


def ask(
    port: int, method: str, path: str, record: Any = None, headers: dict[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own. Raises TimeoutError where it hangs."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS)
    start = time.monotonic()
    try:
        connection.request(method, path, json.dumps(record) if record else None, headers or {})
        answer = connection.getresponse()
        content = answer.read()
    except (ConnectionError, http.client.HTTPException) as error:
        return Answer(0, time.monotonic() - start, {"detail": repr(error)})
    finally:
        connection.close()
    return Answer(
        answer.status,
        time.monotonic() - start,
        json.loads(content),
        answer.headers.get_content_type(),
        answer.headers["Retry-After"],
    )


class Service:
    """`stancelog serve` in processes of its own."""

    def __init__(self, url: str, workers: int = 1, **environment: str) -> None:
        self.url = url
        self.environment = os.environ | environment
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by stop()
        self.port = free_port()
        words = ("serve", "--port", str(self.port), "--workers", str(workers))
        self.process = subprocess.Popen(
            self._command(*words), stderr=self.errors, cwd=ROOT, env=self.environment
        )

    def ask(self, method: str, path: str, record: Any = None, **headers: str) -> Answer:
        """Send one request. `headers`: with a line below for each hyphen."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.port, method, path, record, told)

    def is_ready(self) -> bool:
        """Tell whether it and its database answer."""
        assert self.process.poll() is None, self.said()
        return self.ask("GET", "/readyz").status == 200

    def has(self, report: str) -> bool:
        """Tell whether a report is shown."""
        return self.ask("GET", f"/v1/reports/{report}").status == 200

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same database."""
        begun = self.begin(*words)
        said = begun.communicate(timeout=COMMANDS)
        return subprocess.CompletedProcess(begun.args, begun.returncode, *said)

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Begin another command on the same database."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._command(*words),
            stdout=pipe,
            stderr=pipe,
            text=True,
            cwd=ROOT,
            env=self.environment,
        )

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        found = psutil.Process(self.process.pid).children()
        children = [child for child in found if child.status() != psutil.STATUS_ZOMBIE]
        return [child.pid for child in children if "tracker" not in " ".join(child.cmdline())]

    def said(self) -> str:
        """What it has written for its operator."""
        self.errors.seek(0)
        return self.errors.read()

    def stop(self) -> None:
        """Stop it, however far it is."""
        family = [self.process.pid, *self.workers()] if self.process.poll() is None else []
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for one in family:
                os.kill(one, signal.SIGKILL)
            self.process.wait()
        self.errors.close()

    def kill(self) -> None:
        """End it and its workers at once, if it has not ended."""
        family = [self.process.pid, *self.workers()] if self.process.poll() is None else []
        for one in family:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait()
        self.errors.close()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "service.cli", "--database", self.url, *words]


@contextmanager
def serving(url: str, workers: int = 1, **environment: str) -> Iterator[Service]:
    """Give a service that is ready, and knows a party and an issue."""
    service = Service(url, workers, **environment)
    try:
        eventually(service.is_ready, "the service is ready")
        for record in (party("ukraine"), issue("nato")):
            kinds = {"party": "parties", "issue": "issues"}
            path = f"/v1/{kinds[record['type']]}/{record['id']}"
            assert service.ask("PUT", path, record).status in (200, 201)
        yield service
    finally:
        service.stop()


class Load:
    """Clients that post reports with ids of their own, each until it is told that it is there."""

    def __init__(self, service: Service, clients: int = 4, name: str = "r", pause: float = 0.2):
        self.service = service
        self.pause = pause  # rather than the Retry-After, for the sake of the test's time
        self.answers: list[Answer] = []
        self.acknowledged: list[str] = []
        self.hangs: list[str] = []
        self._enough = threading.Event()
        self._abandoned = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(f"{name}-{number}",), daemon=True)
            for number in range(clients)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._enough.set()
        if failed:
            self._abandoned.set()
        for thread in self._threads:
            thread.join(2 * HANGS)
            assert failed or not thread.is_alive(), "a client never got its report through"

    def wait_for_more(self, count: int = 40) -> None:
        """Wait until some more are acknowledged: everything goes on."""
        enough = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= enough, f"{count} more are acknowledged")

    def wait_for_trouble(self, count: int = 1) -> None:
        """Wait until clients were told that something is wrong."""
        enough = len(self.troubles()) + count
        eventually(lambda: len(self.troubles()) >= enough, "clients are told of the trouble")

    def troubles(self) -> list[Answer]:
        """The answers that told of no success."""
        return [answer for answer in self.answers if answer.status not in (200, 201)]

    def longest(self) -> float:
        """The seconds that the longest answer took."""
        return max(answer.seconds for answer in self.answers)

    def _post(self, name: str) -> None:
        number = 0
        while not self._enough.is_set():
            number += 1
            self._post_one(statement(f"{name}-{number}", positions=[position()]))

    def _post_one(self, record: dict[str, Any]) -> None:
        while not self._abandoned.is_set():
            try:
                answer = self.service.ask("POST", "/v1/reports", record)
            except TimeoutError:
                self.hangs.append(record["id"])
                continue
            self.answers.append(answer)
            if answer.status in (200, 201):
                self.acknowledged.append(record["id"])
                return
            time.sleep(self.pause)


def assert_whole(service: Service, load: Load) -> None:
    """What clients were told is so, and each of them was told it clearly.

    Every acknowledged report is there once; the read models are what a rebuild would give; no
    client met a hang or an error that says nothing; the operator found no traceback.
    """
    assert load.hangs == []
    assert load.acknowledged
    exported = service.run("export")
    assert exported.returncode == 0, exported.stderr
    found = Counter(json.loads(line)["id"] for line in exported.stdout.splitlines())
    assert {name: found[name] for name in load.acknowledged} == dict.fromkeys(load.acknowledged, 1)
    assert set(found.values()) == {1}
    for name in load.acknowledged[:: max(1, len(load.acknowledged) // 200)]:
        assert service.ask("GET", f"/v1/reports/{name}").body["id"] == name
    verified = service.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert "Traceback" not in service.said(), service.said()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
