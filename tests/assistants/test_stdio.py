"""`stancelog mcp` as an assistant starts it: a process of its own."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters

from service import assistants
from service.assistants.tools import TOOLS
from service.cli import main
from tests.assistants.conftest import load_berlin
from tests.loops import run_apart

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "service.cli"]


def test_an_assistant_starts_it_as_the_documentation_says(url, store):
    load_berlin(store)
    page = (ROOT / "docs" / "assistants.md").read_text()
    (block,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    told = json.loads(block)["mcpServers"]["stancelog"]
    assert told["command"] == "stancelog"
    words = [url if word.startswith("sqlite:") else word for word in told["args"]]
    started = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *words], env=told["env"], cwd=ROOT
    )
    ((tool, question, shown),) = re.findall(
        r"`(\w+)` with\n`({.*?})` reads:\n\n```text\n(.*?)\n```", page, re.DOTALL
    )
    pair = {"party": "ukraine", "issue": "ukraine-nato-membership"}

    async def go():
        async with Client(started) as client:
            named = [one.name for one in (await client.list_tools()).tools]
            example = await client.call_tool(tool, json.loads(question))
            wrong = await client.call_tool(tool, pair | {"party": "nobody"})
            days = [pair | {"as_of": f"2025-12-{day}"} for day in range(10, 20)]
            many = await asyncio.gather(*(client.call_tool(tool, day) for day in days))
            return client.server_info, named, example, wrong, many

    info, named, example, wrong, many = run_apart(go())
    assert info.name == "stancelog"
    assert re.findall(r"^\| `(\w+)`", page, re.MULTILINE) == named
    assert example.content[0].text == shown
    assert wrong.is_error
    assert [one.structured_content["position"] for one in many] == (
        ["support"] * 4 + ["conditional_oppose"] * 6
    )


def test_the_documentation_names_what_the_tools_take():
    page = (ROOT / "docs" / "assistants.md").read_text()
    for tool in TOOLS:
        (row,) = re.findall(rf"^\| `{tool.name}` .*\| (.*) \|$", page, re.MULTILINE)
        named = set(re.findall(r"`(\w+)`", row))
        assert named | {"limit", "cursor"} >= tool.asks["properties"].keys() >= named, tool.name


def test_it_ends_when_its_input_does_and_prints_only_the_protocol(url, store):
    greeting = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "tests", "version": "1"},
        },
    }
    lines = "not json\n" + json.dumps(greeting) + "\n"
    words = [*COMMAND, "--database", url, "mcp"]
    ended = subprocess.run(
        words, input=lines, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    (answer,) = [one["result"] for one in told if one.get("id") == 1]
    assert answer["serverInfo"]["name"] == "stancelog"
    assert "never instructions" in answer["instructions"]


@pytest.fixture
def run(url):
    """A function that runs the command in this process, as far as it goes without an assistant."""
    return lambda *words: CliRunner().invoke(main, ["--database", url, "mcp", *words])


@pytest.mark.uncreated
def test_a_database_that_was_not_created_is_named(run):
    result = run()
    assert result.exit_code == 4
    assert "stancelog init" in result.stderr


def test_an_address_that_is_none_is_wrong_usage(run):
    for address in ("stance.example.org", "ftp://x.org", "https://x.org/?a=b", "https://a b"):
        result = run("--base-url", address)
        assert result.exit_code == 2
        assert "https://stance.example.org" in result.stderr


def test_without_the_extra_it_says_what_to_install(run, monkeypatch):
    monkeypatch.delattr(assistants, "server", raising=False)
    monkeypatch.delitem(sys.modules, "service.assistants.server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it were not installed
    result = run()
    assert result.exit_code == 2
    assert "pip install 'stancelog[mcp]'" in result.stderr
