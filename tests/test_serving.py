"""The server as people start it, and the image as its Dockerfile describes it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.loads(answer.read())


def wait_for(port, process):
    for _ in range(300):
        assert process.poll() is None, process.stderr.read()
        try:
            return get(port, "/readyz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("it does not answer")


def stop(process):
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=20)[1]
    finally:
        process.kill()


def start(*words, cwd=None, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd or ROOT,
        env={**os.environ, **environment},
    )


def test_the_demo_loads_the_example_once_and_prints_three_links_that_work(tmp_path):
    database = f"sqlite:///{tmp_path / 'demo.db'}"
    for told in ("134 records loaded, 0 there already", "0 records loaded, 134 there already"):
        port = free_port()
        process = start("--database", database, "demo", "--port", str(port))
        assert wait_for(port, process)["seq"] == 134
        shown = ""
        links = []
        while len(links) < 3:
            line = process.stderr.readline()
            shown += line
            links += re.findall(r"http://127.0.0.1:\d+(\S+)", line)
        assert told in shown
        assert get(port, links[0])["position"] == "support"
        assert get(port, links[1])["position"] == "conditional_oppose"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{links[2]}") as page:
            assert b"swagger" in page.read()
        stop(process)


def test_a_demo_on_a_log_that_has_gone_on_records_the_example_as_of_now(tmp_path):
    database = f"sqlite:///{tmp_path / 'demo.db'}"
    line = json.dumps({"type": "party", "id": "france", "name": "France", "kind": "state"})
    command = [sys.executable, "-m", "service.cli", "--database", database, "import", "-"]
    subprocess.run(command, input=line.encode(), check=True, cwd=ROOT, capture_output=True)
    port = free_port()
    process = start("--database", database, "demo", "--port", str(port))
    assert wait_for(port, process)["seq"] == 135
    stop(process)


@pytest.mark.uncreated
def test_several_workers_serve_what_any_of_them_recorded(url):
    port = free_port()
    process = start("--database", url, "serve", "--port", str(port), "--workers", "2")
    wait_for(port, process)
    for i in range(20):
        body = json.dumps({"name": f"Party {i}", "kind": "state"}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/parties/party-{i}", body, method="PUT"
        )
        with urllib.request.urlopen(request) as answer:
            seq = json.loads(answer.read())["seq"]
        assert seq == i + 1
        assert get(port, f"/v1/parties/party-{i}")["seq"] == seq
    stop(process)


def test_a_port_that_is_taken_is_trouble(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = start("--database", f"sqlite:///{tmp_path / 'a.db'}", "serve", "--port", port)
        error = process.communicate(timeout=60)[1]
    assert process.returncode == 4
    assert "in use" in error


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A virtual environment into which the image's own command installed a copy of the tree."""
    folder = tmp_path_factory.mktemp("image")
    source = folder / "src"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(
            *(ROOT / ".dockerignore").read_text().replace("**/", "").split(), ".*_cache", "tests"
        ),
    )
    venv.create(folder / "venv", with_pip=True)
    install = re.search(r"^RUN (pip install .*?) && rm", DOCKERFILE, re.MULTILINE)[1]
    command = install.replace("/src", str(source)).replace("--no-cache-dir ", "")
    subprocess.run([folder / "venv/bin/python", "-m", *command.split()], check=True)
    return folder / "venv" / "bin"


def test_the_image_installs_serves_and_is_found_healthy(installed, tmp_path):
    command = json.loads(re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])
    check = json.loads(re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])
    database = re.search(r"^ENV STANCELOG_DATABASE=(\S+)$", DOCKERFILE, re.MULTILINE)[1]
    port = str(free_port())
    assert (command[0], check[0]) == ("stancelog", "python")
    environment = {
        "PATH": f"{installed}:/usr/bin:/bin",
        "STANCELOG_DATABASE": database.replace("/data", str(tmp_path)),
    }
    where = {"cwd": tmp_path, "env": environment, "stderr": subprocess.PIPE, "text": True}
    refused = subprocess.run([installed / command[0], *command[1:]], check=False, **where)
    assert refused.returncode == 2
    assert "token create" in refused.stderr
    words = re.search(r"^#   docker run .* IMAGE (stancelog token .*)$", DOCKERFILE, re.MULTILINE)[
        1
    ]
    token, *words = words.split()
    made = subprocess.run([installed / token, *words], check=True, stdout=subprocess.PIPE, **where)
    assert made.stdout.startswith("stancelog_")
    process = subprocess.Popen(
        [installed / command[0], *(word.replace("8000", port) for word in command[1:])],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(port, process)
    health = [installed / check[0], *(word.replace("8000", port) for word in check[1:])]
    assert subprocess.run(health, check=False).returncode == 0
    assert (tmp_path / "stancelog.db").exists()
    for path in ("/static/vendor/swagger-ui/swagger-ui-bundle.js", "/docs"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            assert answer.status == 200
    stop(process)
    assert subprocess.run(health, check=False, stderr=subprocess.DEVNULL).returncode != 0
    code = "from importlib.resources import files as f; print((f('examples') / 'berlin.ndjson').is_file())"
    example = subprocess.run(
        [installed / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert example.stdout == "True\n"


def test_the_image_runs_as_nobody_special_over_one_volume():
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.index("USER stancelog") > DOCKERFILE.index("useradd")
