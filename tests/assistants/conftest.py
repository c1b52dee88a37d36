"""A client of the tools over a fresh database, on both engines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult

from service.assistants.reader import Reader
from service.assistants.server import server
from service.importing import Import
from service.store import Store
from tests.loops import run_apart

BERLIN = Path(__file__).parents[2] / "examples" / "berlin.ndjson"
ROOT = "https://stance.example.org"


def load_berlin(store: Store) -> None:
    """Record the bundled example, as its desk did."""
    with BERLIN.open("rb") as content:
        Import(store, keep_recorded_at=True).file("berlin.ndjson", content)


@pytest.fixture
def call(store: Store) -> Callable[..., CallToolResult]:
    """A function that calls a tool, of a server that finds itself at ROOT."""

    def call_it(tool: str, root: str = ROOT, **given: Any) -> CallToolResult:
        async def go() -> CallToolResult | MCPError:
            async with Client(server(Reader(store, root))) as client:
                try:
                    return await client.call_tool(tool, given)  # which checks the output schema
                except MCPError as error:  # else it comes out in groups of groups
                    return error

        answer = run_apart(go())
        if isinstance(answer, MCPError):
            raise answer
        return answer

    return call_it


@pytest.fixture
def ask(call: Callable[..., CallToolResult]) -> Callable[..., tuple[dict[str, Any], str]]:
    """A function that returns what a tool answers: as an object, and to read."""

    def ask_it(tool: str, **given: Any) -> tuple[dict[str, Any], str]:
        answer = call(tool, **given)
        assert not answer.is_error, answer.content
        (content,) = answer.content
        return answer.structured_content, content.text

    return ask_it
