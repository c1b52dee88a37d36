"""Showing the settings."""

from difflib import get_close_matches

import click
from rich.padding import Padding

from service import settings
from service.cli.asking import format_option
from service.cli.group import main
from service.cli.speaking import REFUSED, fail, out, warn
from service.cli.tables import escape
from service.ndjson import encode

COMMAND_LINE = "--database"


@main.command("settings")
@format_option
@click.pass_context
def settings_(context: click.Context, form: str) -> None:
    """List every setting: its value, where that comes from, and what it means.

    Settings are variables of the environment. Passwords are not shown. What makes no sense is
    named, and then the exit status is 1.
    """
    source = context.find_root().get_parameter_source("database")
    is_given = source is click.core.ParameterSource.COMMANDLINE
    rows = [_row(one, context.obj if is_given else None) for one in settings.SETTINGS]
    if form == "json":
        click.echo(encode({"settings": rows}))
    else:
        _show(rows)
    for name in settings.unknown():
        near = get_close_matches(name, [one.name for one in settings.SETTINGS], 1)
        warn(f"{name} is set, and means nothing{f': {near[0]}?' if near else ''}")
    if wrong := [row for row in rows if row["error"]]:
        fail(REFUSED, "; ".join(str(row["error"]) for row in wrong))


def _row(one: settings.Setting[object], given: str | None) -> dict[str, str | None]:
    text, source, error = one.default, settings.DEFAULT, None
    try:
        text, source = one.told()
        if given and one is settings.database_url:
            text, source = given, COMMAND_LINE
        else:
            one()
    except settings.SettingError as wrong:
        error = str(wrong)
    return {
        "name": one.name,
        "value": settings.redacted(text) if one.is_secret else text,
        "source": source,
        "default": one.default,
        "takes": one.takes,
        "meaning": one.meaning,
        "error": error,
    }


def _show(rows: list[dict[str, str | None]]) -> None:
    for row in rows:
        value = f"[{'red' if row['error'] else 'bold'}]{escape(row['value'] or 'none')}[/]"
        name, source = row["name"], escape(row["source"] or "")
        out.print(f"{name}  {value}  [dim]{source}[/dim]", highlight=False, soft_wrap=True)
        out.print(Padding(escape(row["meaning"] or ""), (0, 0, 0, 4)), highlight=False)
