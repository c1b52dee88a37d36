"""Creating the database, and keeping the read models sound."""

import click

from projections import projector
from projections.verify import differences
from service.cli import tables
from service.cli.group import main
from service.cli.speaking import DIFFERENT, err, fail, opened, out, progress, redacted, steps
from service.store import initialise


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
@click.pass_obj
def rebuild(url: str, projections: tuple[str, ...]) -> None:
    """Empty read models and replay the log into them: all, or those named.

    They are log, catalog, reports, positions, statuses. Readers see the old rows until it is
    done; writers wait.
    """
    chosen = [one for one in projector.PROJECTIONS if not projections or one.NAME in projections]
    with opened(url) as store, progress("rebuilding", store.timeline.head()) as advance:
        head = projector.rebuild(store.engine, store.timeline, chosen, steps(advance))
    err.print(
        f"Rebuilt {', '.join(one.NAME for one in chosen)}: {head.seq} records.", highlight=False
    )


@main.command()
@click.pass_obj
def verify(url: str) -> None:
    """Rebuild the read models aside and compare them with the live ones, row for row."""
    with opened(url) as store:
        with progress("replaying", store.timeline.head()) as advance:
            found = list(differences(store.engine, store.timeline, steps(advance)))
        seq = store.catch_up().seq
    if found:
        count = tables.show_differences(out, found)
        fail(DIFFERENT, f"{count} rows differ from the log: 'stancelog rebuild' mends them")
    err.print(f"The read models are as the log has them, up to seq {seq}.", highlight=False)
