"""Finding out what is wrong with an installation."""

import sys

import click
from rich.text import Text

from service.cli.asking import format_option
from service.cli.group import main
from service.cli.speaking import REFUSED, out
from service.cli.tables import CONTROLS
from service.doctor import Finding, Level, examined
from service.ndjson import encode

COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


@main.command()
@format_option
@click.pass_obj
def doctor(url: str, form: str) -> None:
    """Find out what is wrong with this installation, and how to mend it.

    It looks at the settings, the database, the tables, the read models, the end of the ledger, the
    clock and the door, and changes nothing. Run it as the user that the server runs as, with the
    same environment. The exit status is 1 if there is an error. 'stancelog verify' looks at every
    event, which takes longer.
    """
    findings = list(examined(url))
    if form == "json":
        click.echo(encode({"findings": [one._asdict() for one in findings]}))
    else:
        for one in findings:
            _show(one)
    if any(one.level is Level.ERROR for one in findings):
        sys.exit(REFUSED)


def _show(one: Finding) -> None:
    level = (f"{one.level:<8}", COLOURS[one.level])
    line = Text.assemble(level, f" {one.about:<12} ", one.what.translate(CONTROLS))
    out.print(line, highlight=False, soft_wrap=True)
    if one.mend:
        out.print(
            Text(f"{'':<21} → {one.mend.translate(CONTROLS)}"), highlight=False, soft_wrap=True
        )
