"""The command line, as it tells of itself with `--help`."""

import inspect
from collections.abc import Iterator

import click

from reference.markdown import code, plain, table
from service.cli import main


def made() -> str:
    """Return a section for each command, in their order."""
    context = click.Context(main, info_name="stancelog")
    return "\n\n".join(_sections(context, 2))


def _sections(context: click.Context, level: int) -> Iterator[str]:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    told = [
        f"{'#' * level} {context.command_path}",
        f"```text\n{usage}\n```",
        _prose(command.help or ""),
        table(("option", "meaning"), _options(context)),
    ]
    yield "\n\n".join(part for part in told if part)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            if one and not one.hidden:
                yield from _sections(click.Context(one, context, name), 3 if level == 3 else 2)


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    for option in context.command.get_params(context):
        told = option.get_help_record(context)
        if told and told[1] and "--help" not in option.opts:
            yield code(told[0]), plain(told[1])


def _prose(text: str) -> str:
    """Return a docstring. A paragraph that begins with click's mark keeps its lines."""
    paragraphs = inspect.cleandoc(text.split("\f", maxsplit=1)[0]).split("\n\n")
    return "\n\n".join(
        f"```text\n{inspect.cleandoc(one.removeprefix(chr(8)))}\n```"
        if one.startswith("\b")
        else plain(one)
        for one in paragraphs
    )
