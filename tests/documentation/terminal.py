"""The terminal of a reader: a folder, a database with the Berlin example, a server where one is asked.

Commands are run as they are written, by a real shell; `stancelog` by itself runs in this process,
as starting it takes most of a second. The server's port, 8000 on the pages, is a free one.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from click.testing import CliRunner

from service.app import create_app
from service.cli import main, speaking
from tests.browser.conftest import serving
from tests.documentation.conftest import ROOT
from tests.loads import free_port
from tests.servers import eventually

COLUMNS = 120
PATIENCE = 2
"""Seconds that what is told to stop has for that. A server that is told so while its workers begin
does not always."""

ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|localhost):8000\b")

REPOSITORY = "https://git.example.org/stancelog.git"

ENDLESS = re.compile(
    r"^(?:[A-Z_]+=\S+ )*(?:stancelog (?:serve|demo|project --follow)|make demo)\b", re.MULTILINE
)
"""Commands that go on until somebody stops them: the reader's other terminal."""

COMMENT = re.compile(r"\s+# .*")

SHELL = re.compile(r"[|<>;&`$\n]|^\w+=|^(?!stancelog )")
"""What needs a shell."""

PRELUDE = """\
set -o pipefail -o allexport
curl() {{ command curl --silent --show-error --max-time 30 {options} "$@"; }}
{command}
status=$?
env -0 > {environment}
pwd > {where}
exit $status
"""


class Printed(NamedTuple):
    """What a command printed."""

    status: int
    out: str
    err: str


class Terminal:
    """What the commands of one page are run in, one after another."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.kept = folder / "kept"
        self.here = folder / "reader"
        self.here.mkdir(parents=True)
        self.kept.mkdir()
        shutil.copyfile(database, self.here / "stancelog.db")
        for name in ("docs", "examples", "tests"):
            (self.here / name).symlink_to(ROOT / name)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("STANCELOG_")
        } | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": str(COLUMNS),
        }
        self._opened = ExitStack()
        self._stop: Callable[[], None] | None = None
        self._port = 0

    def clone_from(self, repository: Path) -> None:
        """Let the repository of the pages be one of this machine, with a virtual environment.

        It is ours: to make one takes minutes, and a network.
        """
        venv = self.kept / "venv"
        venv.mkdir()
        (venv / "bin").symlink_to(Path(sys.executable).parent)
        (venv / "installed").touch()
        os.utime(venv / "installed", times=(2**32, 2**32))  # newer than what it is made from
        self.environment |= {
            "VENV": str(venv),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
            "GIT_CONFIG_VALUE_0": REPOSITORY,
        }

    def close(self) -> None:
        """Stop what is still running."""
        self._opened.close()

    def run(self, command: str, *, is_shown: bool = True) -> Printed:
        """Run one command. `is_shown`: what it prints is compared, so it may also say no."""
        if ENDLESS.search(command):
            return self._start(command)
        if not SHELL.search(COMMENT.sub("", command)):
            return self._stancelog(shlex.split(command, comments=True)[1:])
        if ADDRESS.search(command):
            self._serve()
        printed = self._shell(self._here(command), "" if is_shown else "--fail-with-body")
        return Printed(printed.status, self._there(printed.out), self._there(printed.err))

    def script(self, text: str, program: str) -> Printed:
        """Run a script of several lines."""
        if ADDRESS.search(text):
            self._serve()
        file = self.kept / "script"
        file.write_text(self._here(text))
        return self._shell(f"{program} {file}")

    # How

    def _here(self, text: str) -> str:
        """Put the port that there is in the place of that of the page."""
        return ADDRESS.sub(f"127.0.0.1:{self._port}", text)

    def _there(self, text: str) -> str:
        return text.replace(f":{self._port}", ":8000") if self._port else text

    def _shell(self, command: str, options: str = "") -> Printed:
        environment, where = self.kept / "environment", self.kept / "where"
        script = PRELUDE.format(
            command=command, options=options, environment=environment, where=where
        )
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.here,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if environment.exists():
            pairs = environment.read_text().rstrip("\0").split("\0")
            self.environment = dict(pair.split("=", 1) for pair in pairs)
            self.here = Path(where.read_text().rstrip("\n"))
        return Printed(done.returncode, done.stdout, done.stderr)

    def _stancelog(self, words: list[str]) -> Printed:
        before, console = Path.cwd(), speaking.out.width
        os.chdir(self.here)
        speaking.out.width = COLUMNS
        try:
            done = CliRunner().invoke(main, words, env=self.environment)
        finally:
            os.chdir(before)
            speaking.out.width = console
        return Printed(done.exit_code, done.stdout, done.stderr)

    def _serve(self) -> None:
        """Serve the database of this folder, unless something is serving already."""
        if self._stop:
            return
        app = create_app(f"sqlite:///{self.here / 'stancelog.db'}")
        self._opened.callback(app.extensions["stancelog"].close)
        root = self._opened.enter_context(serving(app))
        self._port = int(root.rpartition(":")[2])
        self._stop = lambda: None

    def _start(self, command: str) -> Printed:
        """Start what goes on, and wait until it answers. What served before is stopped."""
        command = COMMENT.sub("", command)
        if is_server := "project" not in command:
            if self._stop:
                self._stop()
            self._port = free_port()
            command = re.sub(r" --port \d+| PORT=\d+", "", command)
            command += f" PORT={self._port}" if "make" in command else f" --port {self._port}"
        log = (self.kept / "log").open("w+")
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self._exec(command)}"],
            cwd=self.here,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

        def stop() -> None:
            process.terminate()  # it alone: it ends its workers
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log.close()

        self._opened.callback(stop)
        if is_server:
            self._stop = stop
            eventually(lambda: self._answers(process), command)
        log.seek(0)
        return Printed(process.poll() or 0, self._there(log.read()), "")

    @staticmethod
    def _exec(command: str) -> str:
        return f"env {command}" if re.match("[A-Z_]+=", command) else command

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, (self.kept / "log").read_text()
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
