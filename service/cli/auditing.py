"""Asking what we took back."""

from typing import Any

import click

from events.vocabulary import AMENDMENTS, POSITION_FLOOR
from service import answers
from service.cli import tables_of_corrections as tables
from service.cli.asking import format_option, show
from service.cli.comparing import (
    known_at_option,
    limit_option,
    loaded,
    options,
    say_if_more,
    seq_option,
)
from service.cli.group import main
from service.cli.speaking import opened
from service.clocks import resolve
from service.schemas.queries import CorrectionPage


@main.command()
@options(
    click.option("--type", type=click.Choice(AMENDMENTS), help="Only amendments of this type."),
    click.option("--report", metavar="REPORT", help="Only of this report."),
    click.option(
        "--party", metavar="PARTY", help="Of reports that named this party before or after."
    ),
    click.option(
        "--issue", metavar="ISSUE", help="Of reports that named this issue before or after."
    ),
    known_at_option,
    seq_option,
    limit_option,
    format_option,
    click.pass_obj,
)
def corrections(url: str, form: str, limit: int, **given: Any) -> None:
    """Show which reports were corrected, retracted or reinstated, newest first.

    \b
      stancelog corrections --type correction
      stancelog corrections --party russia
    """
    question = loaded(CorrectionPage(), given)
    with opened(url) as store, store.reading() as (connection, head):
        clocks = resolve(connection, head, question["asked"], POSITION_FLOOR)
        found, more = answers.correction_list(connection, head, clocks, question, limit=limit)
    show(found | {"next": None}, form, tables.show_corrections)
    say_if_more(more, limit)
