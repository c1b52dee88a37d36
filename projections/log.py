"""The log: every record's `seq`, dense from 1 in log order, and when it was recorded."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    bindparam,
    func,
    select,
    tuple_,
)

from events.batch import Outcome
from events.dates import to_micros
from events.records import Record
from events.timeline import Stored, Unreadable
from events.vocabulary import AMENDMENTS, REPORTS
from projections.database import Micros, Text, in_parts, insert_all, metadata

log = Table(
    "log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),  # the event store's own id
    Column("recorded_at", Micros, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("record", Text, nullable=False),  # the record's id
    Column("originator_id", Text, nullable=False),
    Column("originator_version", Integer, nullable=False),
    Index("log_by_event", "originator_id", "originator_version", unique=True),
    Index("log_by_recorded_at", "recorded_at", "seq"),
    info={"key": ("seq",)},
)

NAME = "log"
VERSION = 1
TABLES = (log,)


class Head(NamedTuple):
    """The end of the log, as far as it is projected."""

    position: int  # the event store's own id
    seq: int
    recorded_at: int  # UTC microseconds


START = Head(0, 0, -(2**62))
"""Before the first record."""


class Entry(NamedTuple):
    """One record in its place in the log."""

    seq: int
    position: int
    recorded_at: int  # UTC microseconds; never decreases along the log
    recorded_by: str
    record: Record
    originator_id: UUID
    originator_version: int
    place: int  # the seq of its report's first recording; of a registration, its own
    report: Record | None  # the report as it reads from here on; None for registrations

    @property
    def type(self) -> str:
        """The record's type."""
        kind: str = self.record["type"]
        return kind

    @property
    def amends(self) -> bool:
        """True for corrections, retractions and reinstatements."""
        return self.type in AMENDMENTS

    @property
    def stands(self) -> bool:
        """False where the report is retracted."""
        return self.type != "retraction"


class Lost(NamedTuple):
    """A place in the log whose record cannot be read."""

    seq: int
    position: int
    event: Unreadable


class Page(NamedTuple):
    """Some events that follow one another in the log, as every read model is told of them."""

    events: Sequence[Stored]  # all of them, bookkeeping too
    entries: Sequence[Entry]  # the records among them
    end: Head  # where the log has come to after them
    lost: Sequence[Lost] = ()  # the places of those that cannot be read

    def seqs(self) -> dict[tuple[UUID, int], int]:
        """Return the `seq` of each record, by the key of its event."""
        return {(one.originator_id, one.originator_version): one.seq for one in self.entries}


def page_of(connection: Connection, events: Sequence[Stored], head: Head) -> Page:
    """Give each record among `events`, one or more that follow `head`, its place in the log.

    A clock that steps back never reorders the log: an event is recorded no earlier than
    the one before it. One that is unreadable keeps its place, and has no entry.
    """
    records = [one for one in events if keeps_a_record(one.event)]
    places = _places(connection, records, head)
    entries: list[Entry] = []
    lost: list[Lost] = []
    end = head
    for seq, (position, event, _) in enumerate(records, head.seq + 1):
        if isinstance(event, Unreadable):
            end = end._replace(seq=seq)
            lost.append(Lost(seq, position, event))
            continue
        end = Head(position, seq, max(end.recorded_at, to_micros(event.timestamp)))
        record = event.record
        entries.append(
            Entry(
                seq,
                position,
                end.recorded_at,
                event.recorded_by,
                record,
                event.originator_id,
                event.originator_version,
                places.get(event.originator_id, seq),
                getattr(event, "report", record if record["type"] in REPORTS else None),
            )
        )
    return Page(events, entries, end._replace(position=events[-1].id), lost)


def keeps_a_record(event: Any) -> bool:
    """Tell whether an event has a place in the log: bookkeeping has none."""
    return event.is_record if isinstance(event, Unreadable) else hasattr(event, "record")


def _places(connection: Connection, records: Sequence[Stored], head: Head) -> dict[UUID, int]:
    """Return the seq at which each amended report was first recorded."""
    readable = [
        (seq, one.event)
        for seq, one in enumerate(records, head.seq + 1)
        if not isinstance(one.event, Unreadable)
    ]
    places = {e.originator_id: seq for seq, e in readable if e.record["type"] in REPORTS}
    amended = {e.originator_id for _, e in readable if e.record["type"] in AMENDMENTS}
    for keys in in_parts(amended - places.keys()):
        for key, seq in connection.execute(
            select(log.c.originator_id, log.c.seq).where(
                log.c.originator_id.in_([key.hex for key in keys]),
                log.c.originator_version == 1,
            )
        ):
            places[UUID(key)] = seq
    return places


def apply(connection: Connection, page: Page) -> None:
    """Add the entries."""
    insert_all(
        connection,
        log,
        [
            (
                entry.seq,
                entry.position,
                entry.recorded_at,
                entry.recorded_by,
                entry.type,
                entry.record["id"],
                entry.originator_id.hex,
                entry.originator_version,
            )
            for entry in page.entries
        ],
    )


_KNOWN_AT = select(func.coalesce(func.max(log.c.seq), 0)).where(
    log.c.recorded_at
    == select(func.max(log.c.recorded_at))
    .where(log.c.recorded_at <= bindparam("known_at"))
    .scalar_subquery()
)
_AT = (  # that one, or the one before it where its record cannot be read
    select(log.c.position, log.c.seq, log.c.recorded_at)
    .where(log.c.seq <= bindparam("at_seq"))
    .order_by(log.c.seq.desc())
    .limit(1)
)


def seq_known_at(connection: Connection, known_at: int) -> int:
    """Return the greatest `seq` recorded at or before an instant, 0 when there is none."""
    return int(connection.execute(_KNOWN_AT, {"known_at": known_at}).scalar_one())


def recorded_at(connection: Connection, seq: int) -> int | None:
    """Return when `seq`, no later than the head, was recorded, in UTC microseconds.

    None for 0, before the first record.
    """
    row = connection.execute(_AT, {"at_seq": seq}).one_or_none()
    return row.recorded_at if row else None


def head_at(connection: Connection, seq: int) -> Head:
    """Return the log's end as it was at `seq`, 0 being before the first record.

    Where the record at `seq` cannot be read, the end before it.
    """
    row = connection.execute(_AT, {"at_seq": seq}).one_or_none()
    return Head(*row) if row else START


def seqs_among(connection: Connection, outcomes: Sequence[Outcome]) -> dict[tuple[str, int], int]:
    """Return the `seq` of each outcome's record that is applied, by its event's key."""
    seqs: dict[tuple[str, int], int] = {}
    for some in in_parts(outcomes):
        keys = [(one.originator_id.hex, one.originator_version) for one in some]
        key = tuple_(log.c.originator_id, log.c.originator_version)
        for originator_id, version, seq in connection.execute(
            select(log.c.originator_id, log.c.originator_version, log.c.seq).where(key.in_(keys))
        ):
            seqs[originator_id, version] = seq
    return seqs
