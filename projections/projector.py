"""Catch-up: the one way in which read models change.

Live writes, replay, rebuild and recovery after a crash are the same function. In one
transaction it locks the checkpoint, reads what follows it in the log, applies that to every
read model and moves the checkpoint. So whoever calls it, from however many processes, each
event is applied once and in log order, and a crash before the commit leaves no trace.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, Table, select

from events.batch import Outcome
from events.timeline import LogError, Stored, Timeline, UnreadableError
from projections import (
    catalog,
    deadletters,
    ledger,
    log,
    positions,
    reports,
    search,
    statuses,
)
from projections.database import Micros, Text, Trouble, at_once, metadata, writing
from projections.ledger import RewrittenError
from projections.log import START, Head, Page, page_of
from projections.reading import begun


class Projection(Protocol):
    """A read model: the module that owns its tables."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What it is called on the command line."""

    @property
    def VERSION(self) -> int:  # noqa: N802
        """Which rows the code makes: one more with every change to them."""

    @property
    def TABLES(self) -> tuple[Table, ...]:  # noqa: N802
        """What a rebuild makes anew."""

    def apply(self, connection: Connection, page: Page) -> None:
        """Change the tables by a page, which follows those applied before."""


PROJECTIONS: tuple[Projection, ...] = (
    log,
    ledger,
    catalog,
    reports,
    positions,
    statuses,
    search,
)

VERSIONS = " ".join(f"{one.NAME}={one.VERSION}" for one in PROJECTIONS)
"""What the code at hand makes of the log."""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),  # the event store's own id
    Column("seq", Integer, nullable=False),
    Column("recorded_at", Micros, nullable=False),
    # How the rows came to be, which is not of the log: a rebuild need not give the same.
    Column("generation", Integer, nullable=False, server_default="0", info={"upkeep": True}),
    Column("versions", Text, nullable=False, server_default="", info={"upkeep": True}),
    Column("set_aside", Integer, nullable=False, server_default="0", info={"upkeep": True}),
    info={"key": ("id",)},
)
"""One row: the end of the log, as far as every read model has it."""


class Standing(NamedTuple):
    """How far the read models have come, and how they came to be."""

    head: Head
    generation: int  # one more with every rebuild
    versions: str  # see VERSIONS
    set_aside: int  # how many events at least one of them is without


class OtherVersionError(Exception):
    """The read models are not those that the code at hand makes and asks."""


PAGE = 250
"""Events that one transaction applies."""

SMALL = 64 * 1024
"""Most bytes of events whose rows are sent to PostgreSQL all together."""

Progress = Callable[[int, int], None]
"""Told the store's position reached, and the one to reach."""

ours = checkpoint.c.id == 1
_STANDING = select(
    checkpoint.c.position,
    checkpoint.c.seq,
    checkpoint.c.recorded_at,
    checkpoint.c.generation,
    checkpoint.c.versions,
    checkpoint.c.set_aside,
).where(ours)
_MOVE = checkpoint.update().where(ours)
_COLUMNS = ", ".join(column.name for column in _STANDING.selected_columns)
_SEEN = f"SELECT {_COLUMNS} FROM checkpoint WHERE id = 1"  # noqa: S608
_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE", _SEEN),
    "postgresql": ("BEGIN", f"{_SEEN} FOR UPDATE"),
}


def standing_of(connection: Connection) -> Standing:
    """Return how far the read models have come, and how they came to be."""
    return _standing(connection.execute(_STANDING).one_or_none())


def standing_query(timeline: Timeline) -> str:
    """Return the same as SQL, with the id of the last event of the log as one more column."""
    return f"SELECT {_COLUMNS}, ({timeline.head_query()}) FROM checkpoint WHERE id = 1"  # noqa: S608


def standing_in(row: Any) -> tuple[Standing, int]:
    """Return how far the read models have come, and where the log ends.

    `row`: what the `standing_query` gave; None where somebody emptied the table.
    """
    return _standing(row), 1 if row is None else row[6] or 0


def _standing(row: Any) -> Standing:
    """Return what a row of the checkpoint says. None: somebody emptied the table."""
    if row is None:
        return Standing(START, 0, VERSIONS, 0)
    return Standing(Head(*row[:3]), *row[3:6])


def seqs_of(
    connection: Connection, timeline: Timeline, outcomes: Sequence[Outcome]
) -> Iterator[int]:
    """Yield the `seq` of each outcome's record, in their order, whether or not it is applied."""
    known = log.seqs_among(connection, outcomes)
    keys = [(one.originator_id.hex, one.originator_version) for one in outcomes]
    head = head_of(connection)
    while any(key not in known for key in keys):
        events = timeline.events_after(head.position, PAGE, spare=True)
        page = page_of(connection, events, head)
        for entry in page.entries:
            known[entry.originator_id.hex, entry.originator_version] = entry.seq
        head = page.end
    return (known[key] for key in keys)


def head_of(connection: Connection) -> Head:
    """Return how far the read models have come."""
    return standing_of(connection).head


def catch_up(
    engine: Engine, timeline: Timeline, told: Callable[[Page], None] | None = None
) -> Head:
    """Apply what the log has and the read models lack. Returns how far they have come.

    An event that a read model fails on is set aside, and the others go on. `told` of each page
    when it is applied. Raises OtherVersionError, LogError and Trouble.
    """
    while True:
        try:
            page = _advance(engine, timeline)
        except UnreadableError:
            page = _advance(engine, timeline, spare=True)
        except (*Trouble, LogError, RewrittenError, OtherVersionError):
            raise
        except Exception:  # noqa: BLE001  whatever an event made a read model do
            page = _advance(engine, timeline, spare=True)
        if told:
            told(page)
        if len(page.events) < PAGE:
            return page.end


def _advance(engine: Engine, timeline: Timeline, *, spare: bool = False) -> Page:
    """Apply the next page, and return it; it has no events where there are no more.

    `spare`: one by one where need be, and set aside what fails.
    """
    with _locked(engine) as (connection, standing):
        must_be_of_this_code(standing)
        events = _following(timeline, standing.head, spare=spare)
        if not events:
            return Page((), (), standing.head)
        page = page_of(connection, events, standing.head)
        is_small = not spare and sum(len(one.raw) for one in events) <= SMALL
        with at_once(connection) if is_small else nullcontext():
            apply(connection, page, PROJECTIONS, spare=spare)
            moved = page.end._asdict()
            if spare:
                moved["set_aside"] = deadletters.count(connection)
            connection.execute(_MOVE, moved)
        return page


@contextmanager
def _locked(engine: Engine) -> Iterator[tuple[Connection, Standing]]:
    """Begin as `lock` does, on PostgreSQL in one round trip."""
    with begun(engine, *_BEGIN[engine.dialect.name]) as (connection, row):
        yield connection, _standing(row) if row else lock(connection)


def _following(timeline: Timeline, head: Head, *, spare: bool) -> Sequence[Stored]:
    try:
        return timeline.events_after(head.position, PAGE, spare=spare)
    except UnreadableError as error:
        before = timeline.events_after(head.position, PAGE, error.id - 1, spare=spare)
        if not before:
            raise
        return before


def apply(
    connection: Connection, page: Page, projections: Sequence[Projection], *, spare: bool = False
) -> None:
    """Apply a page to read models. `spare`: set aside the events that one of them fails on."""
    for projection in projections:
        if spare and projection is not ledger:  # which has every event, whatever it is
            deadletters.apply_each(connection, page, projection.NAME, projection.apply)
        else:
            projection.apply(connection, page)


def replay(
    connection: Connection,
    timeline: Timeline,
    head: Head,
    stop: int,
    projections: Sequence[Projection] = PROJECTIONS,
    *,
    spare: bool = False,
) -> Iterator[Head]:
    """Apply what follows `head`, up to the store's position `stop`. Yields how far it is."""
    while events := timeline.events_after(head.position, PAGE, stop, spare=spare):
        page = page_of(connection, events, head)
        apply(connection, page, projections, spare=spare)
        head = page.end
        yield head


def lock(connection: Connection) -> Standing:
    """Keep everybody else from changing read models until the transaction ends."""
    row = connection.execute(_STANDING.with_for_update()).one_or_none()
    if row is None:  # somebody emptied the table
        values = START._asdict() | {"versions": VERSIONS}
        connection.execute(checkpoint.insert().values(id=1, **values))
    return _standing(row)


def adopt(engine: Engine) -> None:
    """Say that what is applied from the beginning on is applied by this code."""
    with writing(engine) as connection:
        if lock(connection).head == START:
            connection.execute(checkpoint.update().where(ours).values(versions=VERSIONS))


def must_be_of_this_code(standing: Standing) -> None:
    """Raises OtherVersionError where the rows are not those that this code makes."""
    if standing.versions != VERSIONS:
        raise OtherVersionError(
            f"the read models are those of other code ({standing.versions or 'unnamed'}) than "
            f"this ({VERSIONS}). Run the newer of the two, or go back with 'stancelog rebuild'"
        )
