"""Making read models anew, and letting them catch up."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import click

from events.timeline import UnreadableError
from projections import deadletters, projector
from projections.deadletters import DeadLetter
from projections.follower import Follower
from projections.ledger import RewrittenError
from projections.projector import Progress, Projection
from projections.reading import reading
from projections.rebuild import EventFailsError, SupersededError
from projections.rebuild import rebuild as made_anew
from service.cli.group import main
from service.cli.speaking import DIFFERENT, TROUBLE, err, fail, opened, out, replaying
from service.cli.tables import escape
from service.opening import initialise
from service.store import Store

MOST_SHOWN = 20


@main.command()
@click.argument(
    "projections",
    nargs=-1,
    type=click.Choice([one.NAME for one in projector.PROJECTIONS]),
    metavar="[PROJECTION...]",
)
@click.option(
    "--accept-new-root",
    is_flag=True,
    help="Rebuild the ledger although the log no longer gives the root that it had.",
)
@click.pass_obj
def rebuild(url: str, projections: tuple[str, ...], accept_new_root: bool) -> None:
    """Make read models anew from the log: all, or those named and the ledger.

    They are log, ledger, catalog, reports, positions, statuses. They are made beside the live
    ones, which everybody goes on reading and writing, and then put in their place at once.
    Interrupt it whenever you like, and run it again.

    It fails, and leaves the live ones, where one of them fails on an event; and where the ledger
    would not be what it was, because a stored event or the ledger itself was altered.
    """
    chosen = [one for one in projector.PROJECTIONS if not projections or one.NAME in projections]
    began = monotonic()
    with opened(url, catch_up=False) as store:  # which may be what is to be mended
        seq = _rebuilt(store, chosen, accept_new_root=accept_new_root)
    seconds = max(monotonic() - began, 0.001)
    err.print(
        f"Rebuilt {', '.join(one.NAME for one in chosen)}: {seq} records "
        f"in {seconds:.1f} s ({seq / seconds:,.0f}/s).",
        highlight=False,
        soft_wrap=True,
    )


@main.command()
@click.pass_obj
def retry(url: str) -> None:
    """Apply the events that were set aside, once their cause is mended.

    An event that a read model fails on is set aside, so that the others go on. What came after it
    may depend on it, so the read models that are without it are rebuilt.
    """
    with opened(url) as store:
        letters = set_aside(store)
        if not letters:
            err.print("Nothing is set aside.", highlight=False)
            return
        names = {one.projection for one in letters}
        _rebuilt(store, [one for one in projector.PROJECTIONS if one.NAME in names])
    err.print(f"Applied {counted(letters)}.", highlight=False)


@main.command()
@click.option("--follow", is_flag=True, help="Go on, as the log grows, until interrupted.")
@click.pass_obj
def project(url: str, follow: bool) -> None:
    """Let the read models catch up with the log.

    With --follow it does so for the servers that run with STANCELOG_PROJECTION=async: their
    writes only add to the log. Any number of these may run; each event is applied once. It is told
    of new events by PostgreSQL, and looks ten times a second on SQLite.
    """
    initialise(url, making_anew)
    with opened(url) as store:
        err.print(f"Caught up: seq {store.catch_up().seq}.", highlight=False)
        if not follow:
            return
        follower = Follower(store.engine, store.timeline)
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: follower.stop())
        follower.run(lambda error: err.print(f"waiting: {error}", highlight=False))


def _rebuilt(store: Store, chosen: Sequence[Projection], *, accept_new_root: bool = False) -> int:
    """Rebuild read models, showing how far that is. Ends with a status where it fails."""
    try:
        with replaying("rebuilding") as step:
            return made_anew(
                store.engine, store.timeline, chosen, step, accept_new_root=accept_new_root
            ).seq
    except RewrittenError as error:
        fail(DIFFERENT, f"nothing was rebuilt: {error}. --accept-new-root does it anyway")
    except UnreadableError as error:
        fail(DIFFERENT, f"nothing was rebuilt: {error}")
    except EventFailsError as error:
        show_set_aside(error.letters)
        fail(DIFFERENT, "nothing was rebuilt: a read model fails on these events")
    except SupersededError as error:
        fail(TROUBLE, f"nothing was rebuilt: {error}")


@contextmanager
def making_anew(names: Sequence[str]) -> Iterator[Progress]:
    """Say that read models of another version are made anew, and show how far that is."""
    models = ", ".join(names)
    err.print(f"Making anew, as this version has them: {models}", highlight=False, soft_wrap=True)
    with replaying("rebuilding") as step:
        yield step


def set_aside(store: Store) -> list[DeadLetter]:
    """Return the events that read models are without."""
    with reading(store.engine) as connection:
        return deadletters.all_of(connection)


def show_set_aside(letters: Sequence[DeadLetter]) -> None:
    """Print events that read models are without, and why."""
    for one in letters[:MOST_SHOWN]:
        out.print(f"[red]aside[/red]    {escape(str(one))}", highlight=False, soft_wrap=True)
    if len(letters) > MOST_SHOWN:
        out.print(f"         and {len(letters) - MOST_SHOWN} more", highlight=False)


def counted(letters: Sequence[DeadLetter]) -> str:
    """Return how many events these are of."""
    number = len({one.seq for one in letters})
    return f"{number} event{'s' if number != 1 else ''}"
