"""Asking the timeline."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from sqlalchemy import Connection

from events.dates import bounds_of, instant_of
from events.vocabulary import ATTRIBUTIONS, POSITION_FLOOR, STATUS_FLOOR
from projections.log import Head
from service import answers
from service.cli import tables
from service.cli.group import main
from service.cli.speaking import Command, opened, out
from service.clocks import Asked, Clocks, resolve
from service.lookup import issue_id, pair_and_proposition, pair_of
from service.ndjson import encode

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
)


def question_options(floor: str) -> Callable[[Command], Command]:
    """Add the clocks, the floor (with its default) and the format to a command."""
    options = [
        click.option(
            "--as-of",
            metavar="DATE",
            help="Date in the world: YYYY-MM-DD (the end of that day, UTC) or "
            "2025-12-14T10:00:00Z.  [default: now]",
        ),
        click.option(
            "--known-at",
            metavar="DATE",
            help="Answer with what had been recorded by then.  [default: all]",
        ),
        click.option(
            "--seq",
            type=click.IntRange(0),
            metavar="N",
            help="The exact form of --known-at: a position in the log.",
        ),
        click.option(
            "--floor",
            type=click.Choice(ATTRIBUTIONS),
            metavar="ATTRIBUTION",
            help=f"Weakest attribution that counts.  [default: {floor}]",
        ),
        format_option,
        click.pass_obj,
    ]

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)  # type: ignore[operator]
        return command

    return add


@main.command()
@click.argument("party")
@click.argument("issue")
@click.option(
    "--inherit",
    is_flag=True,
    help="Show, for want of a position of its own, those of the blocs it belonged to.",
)
@question_options(POSITION_FLOOR)
def position(url: str, party: str, issue: str, form: str, inherit: bool, **asked: Any) -> None:
    """Show the position of PARTY on ISSUE, and which reports say so.

    PARTY is an id, a code or an alias: ukraine, UKR, Kyiv.

    \b
      stancelog position ukraine ukraine-nato-membership --as-of 2025-12-13
      stancelog position russia ukraine-eu-membership --known-at 2025-12-16
    """
    with _question(url, POSITION_FLOOR, asked) as (connection, head, clocks):
        pair, proposition = pair_and_proposition(connection, party, issue, clocks.seq, head)
        answer = answers.position(connection, pair, proposition, clocks, inherit=inherit)
    show(answer, form, tables.show_position)


@main.command()
@click.argument("party")
@click.argument("issue")
@question_options(POSITION_FLOOR)
def history(url: str, party: str, issue: str, form: str, **asked: Any) -> None:
    """Show how the position of PARTY on ISSUE changed, over all time.

    With --as-of, only what began by then.

    \b
      stancelog history ukraine ukraine-nato-membership
    """
    with _question(url, POSITION_FLOOR, asked) as (connection, head, clocks):
        pair = pair_of(connection, party, issue, clocks.seq, head)
        answer = answers.position_history(connection, pair, clocks)
    show(_begun(answer, asked), form, tables.show_history)


@main.command()
@click.argument("issue")
@click.option("--history", "all_time", is_flag=True, help="Show how it changed, over all time.")
@question_options(STATUS_FLOOR)
def status(url: str, issue: str, form: str, all_time: bool, **asked: Any) -> None:
    """Show how far ISSUE has come, and which reports say so.

    \b
      stancelog status security-guarantees --as-of 2025-12-29
    """
    with _question(url, STATUS_FLOOR, asked) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        if all_time:
            answer = _begun(answers.status_history(connection, key, clocks), asked)
        else:
            answer = answers.status(connection, key, clocks)
    show(answer, form, tables.show_history if all_time else tables.show_status)


@contextmanager
def _question(
    url: str, floor: str, asked: dict[str, Any]
) -> Iterator[tuple[Connection, Head, Clocks]]:
    with opened(url) as store, store.reading() as (connection, head):
        yield connection, head, resolve(connection, head, Asked(**asked), floor)


def _begun(history: answers.Body, asked: dict[str, Any]) -> answers.Body:
    """Return a history without what began after the date asked for, if one was."""
    if asked["as_of"] is None:
        return history
    as_of = instant_of(asked["as_of"])
    begun = [one for one in history["segments"] if bounds_of(one["effect"]).latest <= as_of]
    return history | {"segments": begun}


def show(
    answer: answers.Body, form: str, as_table: Callable[[Console, answers.Body], None]
) -> None:
    """Print an answer as a table, or as the JSON that HTTP would answer."""
    if form == "json":
        click.echo(encode(answer))
    else:
        as_table(out, answer)
