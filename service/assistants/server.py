"""The tools over the Model Context Protocol, on standard input and output."""

from importlib.metadata import version
from typing import Any

import anyio
import anyio.to_thread
import orjson
from marshmallow import ValidationError
from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from service import limits
from service.assistants import refusals
from service.assistants.plain import all_plain, plain
from service.assistants.reader import Reader
from service.assistants.tools import INSTRUCTIONS, TOOLS, Tool
from service.problems import InvalidQueryError
from service.schemas.fields import nearest
from service.schemas.records import faults_of

BY_NAME = {tool.name: tool for tool in TOOLS}

_READS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

Context = ServerRequestContext[Any, Any]


def serve(reader: Reader) -> None:
    """Answer on standard input and output, until the input ends."""
    anyio.run(_serve, server(reader))


async def _serve(made: Server[Any]) -> None:
    async with stdio_server() as (incoming, outgoing):
        await made.run(incoming, outgoing, made.create_initialization_options())


def server(reader: Reader) -> Server[Any]:
    """Return the server of the tools over one database."""
    threads = anyio.CapacityLimiter(limits.MOST_TOOLS_AT_ONCE)

    async def list_tools(
        _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])

    async def call_tool(_: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        tool = BY_NAME.get(asked.name)
        if tool is None:
            near = "".join(f" Did you mean {name}?" for name in nearest(asked.name, BY_NAME, 1))
            message = f"There is no tool {plain(asked.name[:80])!r}.{near}"
            raise MCPError(types.INVALID_PARAMS, message)
        given = asked.arguments or {}
        return await anyio.to_thread.run_sync(called, reader, tool, given, limiter=threads)

    return Server(
        "stancelog",
        title="Stancelog",
        version=version("stancelog"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _described(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.asks,
        output_schema=tool.answers,
        annotations=_READS,
    )


def called(reader: Reader, tool: Tool, given: dict[str, Any]) -> types.CallToolResult:
    """Return what a tool answers, or what is wrong: no error ends the server."""
    try:
        return _answered(reader, tool, given)
    except Exception as error:  # noqa: BLE001
        return _failed(refusals.told(tool.name, error))


def _answered(reader: Reader, tool: Tool, given: dict[str, Any]) -> types.CallToolResult:
    body = all_plain(tool.answer(reader, _loaded(tool, given)))
    text = "\n".join(tool.tell(body))
    if len(orjson.dumps(body)) + len(text.encode()) > limits.LARGEST_TOOL_ANSWER:
        raise refusals.TooLargeError(_too_large(body))
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, structured_content=body)


def _loaded(tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as a question has them; null is the same as absent."""
    try:
        loaded: dict[str, Any] = tool.question.load(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        raise InvalidQueryError(*faults_of(error.messages, tool.question)) from None
    return loaded


def _too_large(body: dict[str, Any]) -> str:
    most = f"{limits.LARGEST_TOOL_ANSWER // 1024} KiB"
    elsewhere = f" All of it is at {body['permalink']}" if "permalink" in body else ""
    return f"The answer is larger than {most}: ask for less, with a smaller limit.{elsewhere}"


def _failed(message: str) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=plain(message))]
    return types.CallToolResult(content=content, is_error=True)
