"""compose.yaml, and docs/deploying.md word for word, as far as they go without an engine."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft201909Validator

from events.timeline import settings_of
from service.cli import main
from tests.servers import BIN
from tests.test_serving import free_port, wait_for

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PAGE = (ROOT / "docs" / "deploying.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
OF_DOCKER = re.compile(r"docker compose (\w+) ?(.*)")

GRACE = 5
"""Seconds that a server gets to end here: compose.yaml gives it more."""


class Machine:
    """What the page's commands do where there is no Docker: the same words, one process each."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.port, self.app = free_port(), None

    def run(self, command):
        """Run a line of the page. Returns what it prints."""
        found = OF_DOCKER.fullmatch(command)
        if found:
            words = shlex.split(found[2].partition(" < ")[0])
            return getattr(self, f"_{found[1]}")(words, found[2].partition(" < ")[2])
        command = command.replace("sudo ", "").replace("-o 10001 ", "")
        command = command.replace(":8000/", f":{self.port}/")
        done = subprocess.run(
            command, shell=True, cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout

    def environment(self, service):
        """The variables of a service, with its secrets where Docker would mount them."""
        given = dict(SERVICES[service]["environment"])
        secret = COMPOSE["secrets"]["database_url"]["file"]
        assert given["STANCELOG_DATABASE_FILE"] == "/run/secrets/database_url"
        url = (self.folder / secret).read_text().strip()
        there = settings_of(url)
        assert there["POSTGRES_HOST"] in SERVICES
        assert there["POSTGRES_USER"] == SERVICES["db"]["environment"]["POSTGRES_USER"]
        assert there["POSTGRES_DBNAME"] == SERVICES["db"]["environment"]["POSTGRES_DB"]
        password = COMPOSE["secrets"]["database_password"]["file"]
        assert there["POSTGRES_PASSWORD"] == (self.folder / password).read_text().strip()
        mounted = self.folder / "mounted"
        mounted.write_text(self.url + "\n")  # as `db` is reached from here
        image = {"STANCELOG_DATABASE": "sqlite:////data/stancelog.db"}
        return os.environ | image | given | {"STANCELOG_DATABASE_FILE": str(mounted)}

    def start(self, service, words, stdin=None):
        """Run a command of ours to its end, as a container of a service would."""
        assert words[0] == "stancelog"
        words = [one.replace("/backups", str(self.folder / "backups")) for one in words[1:]]
        result = CliRunner().invoke(main, words, env=self.environment(service), input=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def _depend(self, service):
        """What Compose does before it starts a service."""
        for other, how in SERVICES[service].get("depends_on", {}).items():
            self._depend(other)
            if how["condition"] == "service_completed_successfully":
                self.start(other, SERVICES[other]["command"])
            else:
                self._must_be_healthy(other)

    def _must_be_healthy(self, service):
        kind, program, *words = SERVICES[service]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "pg_isready")
        to = settings_of(self.url)
        words = [one.replace("127.0.0.1", to["POSTGRES_HOST"]) for one in words]
        subprocess.run([BIN / program, *words, f"--port={to['POSTGRES_PORT']}"], check=True)

    def _build(self, words, _):
        assert words == []

    def _run(self, words, redirected):
        options = [one for one in words if one.startswith("-")][: 2 if redirected else 1]
        assert options == (["--rm", "--no-TTY"] if redirected else ["--rm"])
        service, *command = words[len(options) :]
        self._depend(service)
        if not redirected:
            return self.start(service, command)
        return self.start(service, command, (ROOT / redirected).read_bytes())

    def _up(self, words, _):
        assert words == ["--detach", "--wait"]
        self._stop([], "")
        assert {name for name, one in SERVICES.items() if "profiles" not in one} == {
            "db",
            "init",
            "app",
        }
        self._depend("app")
        _, *command = SERVICES["app"]["command"]
        assert SERVICES["app"]["ports"] == ["127.0.0.1:8000:8000"]
        self.app = subprocess.Popen(
            [
                *(sys.executable, "-m", "service.cli"),
                *(one.replace("8000", str(self.port)) for one in command),
            ],
            cwd=ROOT,
            env=self.environment("app"),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_for(self.port, self.app)

    def _stop(self, _words, _redirected):
        if self.app:
            self.app.terminate()  # as Docker does, which kills what has not ended after a while
            with suppress(subprocess.TimeoutExpired):
                self.app.wait(GRACE)
            with suppress(ProcessLookupError):
                os.killpg(self.app.pid, signal.SIGKILL)
            self.app.communicate()
        self.app = None

    def _exec(self, words, _):
        assert words[0] == "db"
        to = settings_of(self.url)
        name = [to["POSTGRES_DBNAME"] if one == "stancelog" else one for one in words[2:]]
        name = [one.replace("=stancelog", "=postgres") for one in name]
        at = [f"--host={to['POSTGRES_HOST']}", f"--port={to['POSTGRES_PORT']}"]
        subprocess.run([BIN / words[1], *at, *name], check=True)


@pytest.fixture
def machine(empty_database, tmp_path):
    made = Machine(tmp_path, empty_database())
    yield made
    made._stop([], "")


def test_the_page_is_followed_word_for_word(machine):
    def of(heading):
        part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
        return re.findall(r"^\$ (.*)$", part, re.MULTILINE)

    said = [machine.run(command) for command in of("The first time")]
    (token,) = [one for one in said if one and one.startswith("stancelog_")]
    assert json.loads(next(one for one in said if one and '"status"' in one))["status"] == "ready"
    record = {"name": "X", "kind": "state"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{machine.port}/v1/parties/x", json.dumps(record).encode(), method="PUT"
    )
    request.add_header("Authorization", f"Bearer {token.strip()}")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
    for command in of("Every night"):
        machine.run(command)
    assert (machine.folder / "backups" / "nightly.backup").stat().st_mode & 0o777 == 0o600
    for command in of("Upgrading"):
        if command != "git pull":
            machine.run(command)
    for command in of("Restoring"):
        machine.run(command)
    with urllib.request.urlopen(f"http://127.0.0.1:{machine.port}/v1/parties/x") as answer:
        assert json.loads(answer.read())["name"] == "X"
    assert SERVICES["operator"]["volumes"] == ["./backups:/backups"]


def test_the_server_does_not_start_before_there_is_a_token(machine):
    for command in COMMANDS[:6]:
        machine.run(command)
    machine._depend("app")
    _, *command = SERVICES["app"]["command"]
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *command],
        cwd=ROOT,
        env=machine.environment("app"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "token create" in done.stderr) == (2, True)
    assert SERVICES["init"]["restart"] == "on-failure"


def test_the_file_is_one_that_compose_reads():
    schema = json.loads((ROOT / "tests/vendor/compose-spec/compose_spec.json").read_text())
    errors = [error.message for error in Draft201909Validator(schema).iter_errors(COMPOSE)]
    assert errors == []
    wrong = {"services": {"app": {"imag": "x"}}}
    assert [*Draft201909Validator(schema).iter_errors(wrong)]


def test_no_secret_is_in_the_file_or_goes_into_the_image():
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert "://" not in value
    assert {"/secrets", "/backups"} <= {*(ROOT / ".dockerignore").read_text().split()}
    assert {"/secrets/", "/backups/"} <= {*(ROOT / ".gitignore").read_text().split()}


def test_the_image_has_the_client_of_the_server_that_it_is_run_with():
    (client,) = re.findall(r"postgresql-client-(\d+)", DOCKERFILE)
    assert SERVICES["db"]["image"] == f"postgres:{client}"


def test_what_the_data_of_postgresql_are_in_outlives_its_container():
    assert SERVICES["db"]["volumes"] == ["data:/var/lib/postgresql/data"]
    assert "data" in COMPOSE["volumes"]
    assert {SERVICES[one]["restart"] for one in ("db", "app")} == {"unless-stopped"}
