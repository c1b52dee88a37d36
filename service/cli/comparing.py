"""Asking what changed: in a window, between two moments, in our own answers."""

from collections.abc import Callable
from typing import Any

import click
from marshmallow import Schema, ValidationError

from events.vocabulary import ATTRIBUTIONS, POSITION_FLOOR
from projections.changes import KINDS
from service import answers, steps
from service.cli import tables_of_changes as tables
from service.cli.asking import format_option, question_options, show
from service.cli.group import main
from service.cli.speaking import Command, opened
from service.clocks import Asked, resolve
from service.lookup import pair_of
from service.problems import InvalidQueryError
from service.schemas.queries import ChangePage, StepPage
from service.schemas.records import faults_of

limit_option = click.option(
    "--limit", type=click.IntRange(1), default=500, show_default=True, help="Most rows."
)
known_at_option = click.option(
    "--known-at", metavar="DATE", help="Answer with what had been recorded by then."
)
seq_option = click.option(
    "--seq", type=click.IntRange(0), metavar="N", help="The exact form of --known-at."
)
_subject = (
    click.option("--party", metavar="PARTY", help="Only of this party, and no statuses."),
    click.option("--issue", metavar="ISSUE", help="Only of this issue."),
)
_floors = (
    click.option(
        "--floor",
        type=click.Choice(ATTRIBUTIONS),
        metavar="ATTRIBUTION",
        help="Weakest attribution that counts.  "
        "[default: leaked_document for positions, media_report for statuses]",
    ),
    click.option(
        "--status-floor",
        type=click.Choice(ATTRIBUTIONS),
        metavar="ATTRIBUTION",
        help="The same for statuses alone.",
    ),
)


def options(*chosen: Callable[..., Any]) -> Callable[[Command], Command]:
    """Add options to a command, in that order."""

    def add(command: Command) -> Command:
        for option in reversed(chosen):
            command = option(command)
        return command

    return add


@main.command()
@options(
    click.option("--from", "from_", metavar="DATE", help="First date.  [default: since ever]"),
    click.option("--to", metavar="DATE", help="Last date.  [default: now]"),
    *_subject,
    click.option("--kind", type=click.Choice(KINDS), help="Only changes of this kind."),
    known_at_option,
    seq_option,
    *_floors,
    limit_option,
    format_option,
    click.pass_obj,
)
def changes(url: str, form: str, limit: int, **given: Any) -> None:
    """Show what changed, when, and on whose word: positions, their terms, statuses.

    \b
      stancelog changes --party ukraine --from 2025-12
      stancelog changes --issue security-guarantees --kind status
    """
    question = loaded(ChangePage(), given)
    with opened(url) as store, store.reading() as (connection, head):
        clocks = resolve(connection, head, question["asked"], POSITION_FLOOR)
        asked = question | {"floor": given["floor"]}
        found, more = answers.change_list(connection, head, clocks, asked, limit=limit)
    show(found | {"next": None}, form, tables.show_changes)
    say_if_more(more, limit)


@main.command()
@options(
    click.option("--from", "from_", metavar="DATE", help="The world moves: from the end of DATE"),
    click.option("--to", metavar="DATE", help="to the end of DATE.  [default: now]"),
    click.option("--known-from", metavar="DATE", help="Our knowledge moves: from the end of DATE"),
    click.option("--known-to", metavar="DATE", help="to the end of DATE.  [default: all]"),
    click.option("--seq-from", type=int, metavar="N", help="The exact form of --known-from."),
    click.option("--seq-to", type=int, metavar="N", help="The exact form of --known-to."),
    click.option("--as-of", metavar="DATE", help="Where the world stands still.  [default: now]"),
    click.option("--known-at", metavar="DATE", help="Where knowledge does.  [default: all]"),
    seq_option,
    *_subject,
    *_floors,
    limit_option,
    format_option,
    click.pass_obj,
)
def diff(url: str, form: str, limit: int, **given: Any) -> None:
    """Show what differs between two moments, and what made the difference.

    One clock moves: that of the world (--from, --to), or that of our knowledge of it
    (--known-from, --known-to).

    \b
      stancelog diff --from 2025-12-10 --to 2025-12-16
      stancelog diff --known-from 2025-12-16 --as-of 2025-12-20
    """
    question = loaded(StepPage(), given) | {"floor": given["floor"]}
    asked = question.pop("asked")
    question |= asked.__dict__
    axis = steps.axis_of(question)
    with opened(url) as store, store.reading() as (connection, head):
        last = resolve(
            connection,
            head,
            steps.last_asked(axis, question),
            POSITION_FLOOR,
            steps.NAMES[axis],
        )
        found, more = answers.difference(connection, head, last, question, limit=limit)
    show(found | {"next": None}, form, tables.show_difference)
    say_if_more(more, limit)


@main.command()
@click.argument("party")
@click.argument("issue")
@limit_option
@question_options(POSITION_FLOOR)
def revisions(url: str, party: str, issue: str, form: str, limit: int, **asked: Any) -> None:
    """Show how the answer about PARTY on ISSUE came to be what it is, as the log grew.

    \b
      stancelog revisions russia ukraine-eu-membership --as-of 2025-12-20
    """
    with opened(url) as store, store.reading() as (connection, head):
        clocks = resolve(connection, head, Asked(**asked), POSITION_FLOOR)
        pair = pair_of(connection, party, issue, clocks.seq, head)
        found, more = answers.position_revisions(connection, pair, clocks, limit=limit)
    show(found | {"next": None}, form, tables.show_revisions)
    say_if_more(more, limit)


def loaded(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as a query has them. Raises InvalidQueryError."""
    keys = {name: field.data_key or name for name, field in schema.fields.items()}
    data = {keys[name]: str(value) for name, value in given.items() if value is not None}
    try:
        question: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise InvalidQueryError(*faults_of(error.messages, schema)) from None
    return question


def say_if_more(more: Any, limit: int) -> None:
    """Say that a list was cut short, if it was."""
    if more is not None:
        click.echo(f"There is more than {limit}: --limit shows it.", err=True)
