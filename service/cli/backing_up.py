"""Backups: made, put back, and copied from one kind of database to the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from events.copying import OtherLogError
from projections.ledger import RewrittenError
from service.access import tokens
from service.backups import between, making
from service.backups.asides import aside
from service.cli.group import main
from service.cli.keeping import prove, say_proven
from service.cli.mending import making_anew
from service.cli.speaking import (
    DIFFERENT,
    REFUSED,
    TROUBLE,
    err,
    fail,
    given,
    opened,
    replaying,
    tidied,
    warn,
)
from service.settings import redacted

file_argument = click.argument("name", metavar="FILE", callback=given)


@main.command()
@file_argument
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--no-verify", is_flag=True, help="Do not check it after it is written.")
@click.pass_obj
@tidied()
def backup(url: str, name: str, force: bool, no_verify: bool) -> None:
    """Write all of the database into a file, while others read and write.

    Of SQLite it is a database, of PostgreSQL what pg_dump writes, which has to be on the PATH. It
    is checked, event by event, before it takes its name; only its owner may read it.

    \b
      stancelog backup /backups/2026-02-19.backup
      stancelog verify --backup /backups/2026-02-19.backup
      stancelog --database sqlite:///restored.db restore /backups/2026-02-19.backup
    """
    path = Path(name)
    try:
        with _pages("copying") as told:
            found = making.back_up(url, path, replace=force, check=not no_verify, progress=told)
    except FileExistsError as error:
        fail(TROUBLE, f"{error}: give a new name, or --force")
    except RewrittenError as error:
        fail(DIFFERENT, f"nothing was written: {error}. --no-verify writes it even so")
    size = f"{path.stat().st_size:,} bytes"
    if no_verify:
        err.print(f"{path}: {size}, not checked.", highlight=False, soft_wrap=True)
        return
    err.print(f"{path}: {size}.", highlight=False, soft_wrap=True)
    if found:
        say_proven(found)
    else:
        warn("its events were not checked: the version that wrote them had no ledger yet")


@main.command()
@file_argument
@click.option("--no-verify", is_flag=True, help="Do not compare all of it with its log.")
@click.pass_obj
@tidied()
def restore(url: str, name: str, no_verify: bool) -> None:
    """Make a database of a backup, where there is none yet.

    The backup may be of an older version, which is upgraded, and of the other kind of database. A
    file appears once all is done; a database of PostgreSQL has to be there, and empty.

    \b
      stancelog --database sqlite:///restored.db restore 2026-02-19.backup
      createdb restored
      stancelog --database postgresql://user@host/restored restore 2026-02-19.backup
    """

    def check(made: str) -> None:
        if not no_verify:
            prove(made)
        _say_what_opens(made)

    try:
        making.restore(Path(name), url, check=check, told=making_anew)
    except FileExistsError as error:
        fail(TROUBLE, f"{error}: move it away first, or name another one with --database")
    err.print(f"Restored: {redacted(url)}", highlight=False, soft_wrap=True)


@main.command("copy")
@click.argument("source", metavar="FROM", callback=given)
@click.option("--no-tokens", is_flag=True, help="Let the tokens of the source open nothing here.")
@click.pass_obj
@tidied()
def copy(url: str, source: str, no_tokens: bool) -> None:
    """Copy another database, or a backup, into the one of --database, event by event.

    From SQLite to PostgreSQL or back: every id, both clocks, the positions in the log and the
    ledger's root are kept, so proofs and checkpoints hold. The source may be written to
    meanwhile. Run it again after an interruption, or for what came since: it goes on where it
    stopped, and refuses a database that has anything else.

    \b
      stancelog --database postgresql://user@host/name copy sqlite:///stancelog.db
    """
    with _source(source) as from_url:
        try:
            with replaying("copying") as step:
                made = between.copy(
                    from_url, url, with_tokens=not no_tokens, progress=step, told=making_anew
                )
        except OtherLogError as error:
            fail(
                REFUSED,
                f"{redacted(url)} holds something else: {error}. Copy into a new database, or "
                "into one that only this copy was made into",
            )
        except RewrittenError as error:
            fail(DIFFERENT, str(error))
    err.print(f"{made.events} events copied, {made.size} in all.", highlight=False)
    err.print(f"The ledger's root is {made.root.hex()}.", highlight=False, soft_wrap=True)
    if made.had_a_ledger:
        err.print("It is that of the source.", highlight=False)
    else:
        warn("the source is of a version that had no ledger yet: there was no root to compare")


@contextmanager
def _source(name: str) -> Iterator[str]:
    """Give the URL of what is copied: of a database, or of what a backup holds."""
    if "://" in name:
        yield name
        return
    with aside(Path(name)) as url:
        yield url


@contextmanager
def _pages(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a copy of a file is, in pages."""
    with replaying(doing) as step:
        yield lambda left, total: step(total - left, total)


def _say_what_opens(url: str) -> None:
    """Say which tokens are valid again: those that were revoked since the backup are, too."""
    with opened(url, catch_up=False) as store:
        names = [one.name for one in tokens.all_of(store.engine) if one.revoked_at is None]
    if names:
        err.print(
            f"Its tokens are those of the backup: {', '.join(names)}. Revoke again what was "
            "revoked since.",
            highlight=False,
        )
