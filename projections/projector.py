"""Catch-up: the one way in which read models change.

Live writes, replay, rebuild and recovery after a crash are the same function. In one
transaction it locks the checkpoint, reads what follows it in the log, applies that to every
read model and moves the checkpoint. So whoever calls it, from however many processes, each
event is applied once and in log order, and a crash before the commit leaves no trace.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, Table, select

from events.timeline import Timeline
from projections import catalog, ledger, log, positions, reports, statuses
from projections.database import Micros, metadata, writing
from projections.log import START, Head, Page, page_of


class Projection(Protocol):
    """A read model: the module that owns its tables."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What it is called on the command line."""

    @property
    def TABLES(self) -> tuple[Table, ...]:  # noqa: N802
        """What a rebuild empties."""

    def apply(self, connection: Connection, page: Page) -> None:
        """Change the tables by a page, which follows those applied before."""


PROJECTIONS: tuple[Projection, ...] = (log, ledger, catalog, reports, positions, statuses)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),  # the event store's own id
    Column("seq", Integer, nullable=False),
    Column("recorded_at", Micros, nullable=False),
    info={"key": ("id",)},
)
"""One row: the end of the log, as far as every read model has it."""

PAGE = 250
"""Events that one transaction applies."""

Progress = Callable[[int, int], None]
"""Told the store's position reached, and the one to reach."""

_OURS = checkpoint.c.id == 1
_HEAD = select(checkpoint.c.position, checkpoint.c.seq, checkpoint.c.recorded_at).where(_OURS)


def head_of(connection: Connection) -> Head:
    """Return how far the read models have come."""
    row = connection.execute(_HEAD).one_or_none()
    return Head(*row) if row else START


def catch_up(engine: Engine, timeline: Timeline) -> Head:
    """Apply what the log has and the read models lack. Returns how far they have come."""
    while True:
        with writing(engine) as connection:
            head = _lock(connection)
            events = timeline.events_after(head.position, PAGE)
            if events:
                page = page_of(connection, events, head)
                for projection in PROJECTIONS:
                    projection.apply(connection, page)
                head = page.end
                connection.execute(checkpoint.update().where(_OURS).values(head._asdict()))
        if len(events) < PAGE:
            return head


def rebuild(
    engine: Engine,
    timeline: Timeline,
    projections: Iterable[Projection] = PROJECTIONS,
    progress: Progress | None = None,
    *,
    accept_new_root: bool = False,
) -> Head:
    """Empty read models and replay the log into them, in one transaction.

    Readers see the old rows until it is done. Returns how far the read models have come.
    Raises UnreadableError, and RewrittenError when the ledger would not be an extension of what
    it was, unless `accept_new_root`. So the ledger is replayed too, even where it is not named:
    no read model takes in what was altered.
    """
    with writing(engine) as connection:
        head = _lock(connection)
        size = 0 if accept_new_root else ledger.size_of(connection)
        root = ledger.root_at(connection, size)
        named = tuple(projections)
        if not accept_new_root:
            named += (ledger,)
        chosen = [one for one in PROJECTIONS if one in named]
        for projection in chosen:
            for table in projection.TABLES:
                connection.execute(table.delete())
        whole = all(one in named for one in PROJECTIONS)
        stop = timeline.head() if whole else head.position
        head = replay(connection, timeline, chosen, stop, progress)
        ledger.must_hold(connection, size, root)
        if whole:
            connection.execute(checkpoint.delete().where(~_OURS))
            connection.execute(checkpoint.update().where(_OURS).values(head._asdict()))
    return catch_up(engine, timeline)


def replay(
    connection: Connection,
    timeline: Timeline,
    projections: Sequence[Projection],
    stop: int,
    progress: Progress | None = None,
) -> Head:
    """Apply the whole log, up to the store's position `stop`, to empty read models."""
    head = START
    while events := timeline.events_after(head.position, PAGE, stop):
        page = page_of(connection, events, head)
        for projection in projections:
            projection.apply(connection, page)
        head = page.end
        if progress:
            progress(head.position, stop)
    return head


def _lock(connection: Connection) -> Head:
    row = connection.execute(_HEAD.with_for_update()).one_or_none()
    if row is None:  # somebody emptied the table
        connection.execute(checkpoint.insert().values(id=1, **START._asdict()))
        return START
    return Head(*row)
