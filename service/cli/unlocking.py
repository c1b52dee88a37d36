"""Tokens: who may read and write over HTTP."""

import re
from typing import Any

import click
from rich.table import Table

from events import dates
from service.access import tokens
from service.access.tokens import SCOPES, Token, TokenError
from service.cli.asking import format_option
from service.cli.group import main
from service.cli.speaking import REFUSED, err, fail, opened, out
from service.ndjson import encode


@main.group()
def token() -> None:
    """Make, list and revoke the tokens that open the door.

    Once one was made, nothing is recorded over HTTP without one. STANCELOG_READS=token closes
    reading too.

    \b
      stancelog token create --name desk --scope write
      stancelog token create --name wall --scope feed --expires 90d
      stancelog token list
      stancelog token revoke desk
    """


def _expiry(_: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Return the instant at which a token ends: after so many days, or at the end of a day."""
    if text is None:
        return None
    if re.fullmatch(r"[1-9][0-9]{0,4}d", text):
        return dates.now() + int(text[:-1]) * dates.DAY
    try:
        return dates.instant_of(text) + 1
    except dates.DateError as error:
        raise click.BadParameter(f"{error}, or a number of days: 90d", param=option) from None


@token.command()
@click.option("--name", required=True, help="Who it is for: what is recorded has this name.")
@click.option(
    "--scope",
    required=True,
    type=click.Choice(SCOPES),
    help="feed: only feeds and widgets, in a URL too; read: all that is read; write: and record; "
    "admin: what operators alone are shown, too.",
)
@click.option(
    "--expires",
    metavar="DATE",
    callback=_expiry,
    help="The last day, or a number of days: 2027-01-31, 90d.  [default: never]",
)
@click.pass_obj
def create(url: str, name: str, scope: str, expires: int | None) -> None:
    """Make a token and print it, once: only a hash of it is kept."""
    with opened(url, create=True) as store:
        try:
            made = tokens.create(store.engine, name, scope, expires)
        except TokenError as error:
            fail(REFUSED, str(error))
    click.echo(made)
    err.print("Keep it: it cannot be shown again.", highlight=False)


@token.command("list")
@format_option
@click.pass_obj
def list_(url: str, form: str) -> None:
    """List the tokens, oldest first, and what became of them."""
    with opened(url, catch_up=False) as store:
        rows = [_row(one) for one in tokens.all_of(store.engine)]
    if form == "json":
        click.echo(encode({"tokens": rows}))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "scope", "state", "made", "expires", "id"):
        table.add_column(heading)
    for row in rows:
        made, expires = row["created_at"][:16], (row["expires_at"] or "never")[:16]
        table.add_row(row["name"], row["scope"], row["state"], made, expires, row["id"])
    out.print(table if rows else "There are no tokens: 'stancelog token create' makes one.")


@token.command()
@click.argument("name")
@click.pass_obj
def revoke(url: str, name: str) -> None:
    """Make a token useless at once, by its name or its id, and end what was signed in with it."""
    with opened(url, catch_up=False) as store:
        try:
            found = tokens.revoke(store.engine, name)
        except TokenError as error:
            fail(REFUSED, str(error))
    err.print(f"Revoked: {', '.join(one.name for one in found)}.", highlight=False)


def _row(one: Token) -> dict[str, Any]:
    is_over = one.expires_at is not None and one.expires_at <= dates.now()
    state = "revoked" if one.revoked_at else "expired" if is_over else "valid"
    told = {"id": one.id, "name": one.name, "scope": one.scope, "state": state}
    times = {name: getattr(one, name) for name in ("created_at", "expires_at", "revoked_at")}
    return told | {name: dates.to_text(at) if at else None for name, at in times.items()}
