"""Searching reports by their words."""

from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from events.vocabulary import POSITION_FLOOR, REPORTS
from service import answers
from service.cli.asking import format_option, show
from service.cli.comparing import known_at_option, loaded, options, say_if_more, seq_option
from service.cli.group import main
from service.cli.speaking import opened
from service.cli.tables import CONTROLS, count, instant
from service.clocks import resolve
from service.lookup import reports_wanted
from service.paging import MOST
from service.schemas.queries import SearchPage

MOST_SHOWN = 5
"""Values of each facet that a table shows."""


@main.command()
@click.argument("words", nargs=-1)
@options(
    click.option("--party", metavar="PARTY", help="Only reports that name this party."),
    click.option("--issue", metavar="ISSUE", help="Only reports that name this issue."),
    click.option("--type", "type", type=click.Choice(REPORTS), help="Only reports of this type."),
    click.option("--source", metavar="PUBLISHER", help="Only reports that it published."),
    click.option("--year", metavar="YEAR", help="What may have happened in this year."),
    click.option("--from", "from_", metavar="DATE", help="What may have happened from then on."),
    click.option("--to", metavar="DATE", help="What may have happened until then."),
    known_at_option,
    seq_option,
    click.option(
        "--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="Most reports."
    ),
    format_option,
    click.pass_obj,
)
def search(url: str, words: tuple[str, ...], form: str, **given: Any) -> None:
    """Show the reports that have all of WORDS, and how many there are of what.

    The last word may be the beginning of one. '"Words in quotation marks"' stand side by side.
    A word after a minus must not occur; -- says that it is no option.

    \b
      stancelog search security guarantees --party ukraine --year 2025
      stancelog search '"security guarantees"' --known-at 2025-12-16 -- -nato
    """
    question = loaded(SearchPage(), given | {"q": _plain(" ".join(words)) or None})
    limit = question["limit"]
    with opened(url) as store, store.reading() as (connection, head):
        clocks = resolve(connection, head, question["asked"], POSITION_FLOOR)
        wanted = reports_wanted(connection, question, clocks.seq, head)
        asked = question | {name: given[name] for name in ("known_at", "seq")}
        found, more = answers.search_list(connection, asked, wanted, clocks, limit=limit)
    show(found | {"next": None}, form, _show)
    say_if_more(more, limit)


def _plain(text: str) -> str:
    """Return what was typed without bytes that are no text."""
    return text.encode(errors="replace").decode()


def _show(console: Console, answer: answers.Body) -> None:
    """Print reports, each with the passage that was found, and the facets."""
    for report in answer["reports"]:
        names = dict.fromkeys(source["publisher"] for source in report["sources"])
        head = f"{report['occurred']}  {report['id']}  {', '.join(names)}"
        console.print(Text(head.translate(CONTROLS), style="dim"), soft_wrap=True)
        console.print(_passage(report["matched"]))
        console.print()
    if not answer["reports"]:
        console.print("[dim]No report has these words.[/dim]\n")
    for name, values in answer["facets"].items():
        if values:
            console.print(_counts(name, values))
    known = instant(answer["known_at"]) if answer["known_at"] else "the empty log"
    told = f"{count(answer['total'], 'report')}, known at {known} (seq {answer['seq']})"
    console.print(f"\n[dim]{told}[/dim]")


def _passage(pieces: Iterable[answers.Body]) -> Text:
    return Text.assemble(
        *(
            (" ".join(piece["text"].split("\n")).translate(CONTROLS), _style(piece))
            for piece in pieces
        )
    )


def _style(piece: answers.Body) -> str:
    return "bold yellow" if piece["is_match"] else ""


def _counts(name: str, values: list[answers.Body]) -> Text:
    told = ", ".join(f"{one['value']} {one['count']}" for one in values[:MOST_SHOWN])
    more = ", …" if len(values) > MOST_SHOWN else ""
    return Text.assemble((f"{name:8}", "dim"), f"{told}{more}".translate(CONTROLS))
