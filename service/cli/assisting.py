"""Answering assistants."""

import sys

import click

from service import settings
from service.cli.group import main
from service.cli.speaking import err
from service.store import Store

NEEDS = "assistants need more than the rest of Stancelog: pip install 'stancelog[mcp]'"


def _address(_: click.Context, option: click.Parameter, text: str | None) -> str:
    try:
        return settings.base_url.parse(text or "")
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from None


@main.command()
@click.option(
    "--base-url",
    metavar="URL",
    callback=_address,
    envvar=settings.base_url.name,
    show_envvar=True,
    help="Where people reach the server: permalinks begin with it.  [default: they are paths]",
)
@click.pass_obj
def mcp(url: str, base_url: str) -> None:
    """Answer assistants, by the Model Context Protocol on standard input and output.

    The tools only read: position_on_date, history, what_changed, search_reports,
    list_parties_and_issues. An assistant starts this command itself; see docs/assistants.md.

    \b
      stancelog --database sqlite:///stancelog.db mcp --base-url https://stance.example.org
    """
    try:
        from service.assistants import server  # noqa: PLC0415  slow to import, and an extra
        from service.assistants.reader import Reader  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("mcp", "anyio"):
            raise
        raise click.UsageError(NEEDS) from None
    store = Store.of_settings(url, create=False)
    try:
        if sys.stdin.isatty():
            err.print("Waiting for an assistant on standard input. Ctrl-D ends it.")
        server.serve(Reader(store, base_url))
    finally:
        store.close()
