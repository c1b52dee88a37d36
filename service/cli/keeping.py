"""Creating the database, and keeping the read models sound."""

import click

from projections import projector
from projections.database import reading
from projections.ledger import RewrittenError
from projections.tampering import Walk, walk
from projections.verify import differences
from service.cli import tables
from service.cli.group import main
from service.cli.speaking import DIFFERENT, err, fail, opened, out, progress, redacted, steps
from service.store import Store, initialise


@main.command()
@click.pass_obj
def init(url: str) -> None:
    """Create or upgrade the database.

    Safe to repeat, and when several processes do it at once. import, serve and demo do it too.
    """
    initialise(url)
    err.print(f"Ready: {redacted(url)}", highlight=False)


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
    """Empty read models and replay the log into them: all, or those named.

    They are log, ledger, catalog, reports, positions, statuses. Readers see the old rows until
    it is done; writers wait. A ledger that would not be what it was, because a stored event or
    the ledger itself was altered, is refused.
    """
    chosen = [one for one in projector.PROJECTIONS if not projections or one.NAME in projections]
    with opened(url) as store, progress("rebuilding", store.timeline.head()) as advance:
        try:
            head = projector.rebuild(
                store.engine,
                store.timeline,
                chosen,
                steps(advance),
                accept_new_root=accept_new_root,
            )
        except RewrittenError as error:
            fail(DIFFERENT, f"nothing was rebuilt: {error}. --accept-new-root does it anyway")
    err.print(
        f"Rebuilt {', '.join(one.NAME for one in chosen)}: {head.seq} records.", highlight=False
    )


@main.command()
@click.pass_obj
def verify(url: str) -> None:
    """Check every stored byte, and the read models, against the log.

    First the events against the ledger: one that was altered, removed, moved or put in between
    is named. Then the read models, rebuilt aside, row for row.
    """
    with opened(url) as store:
        walked = _walk(store)
        with progress("replaying", store.timeline.head()) as advance:
            found = list(differences(store.engine, store.timeline, steps(advance)))
        seq = store.catch_up().seq
    if found:
        count = tables.show_differences(out, found)
        fail(DIFFERENT, f"{count} rows differ from the log: 'stancelog rebuild' mends them")
    err.print(f"The ledger's {walked.size} events are as they were stored.", highlight=False)
    err.print(f"Its root is {walked.root.hex()}.", highlight=False, soft_wrap=True)
    err.print(f"The read models are as the log has them, up to seq {seq}.", highlight=False)


def _walk(store: Store) -> Walk:
    """Compare the stored events with the ledger. Ends with a status at the first that differs."""
    with reading(store.engine) as connection:
        walked = walk(connection, store.timeline, projector.head_of(connection).position)
    if bad := walked.tampered:
        seq = f", seq {bad.seq}" if bad.seq is not None else ""
        fail(
            DIFFERENT,
            f"the log was tampered with: {bad.about} (event {bad.leaf + 1} of the ledger, no. "
            f"{bad.position} of the store{seq}) {bad.found}",
        )
    return walked
