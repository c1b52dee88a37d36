"""Dead letters: events that a read model failed on, set aside so that the others go on.

The read model is without them until `retry` makes it anew from the log: what came later may
depend on what is missing, so only a replay applies it in the right order.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, func, select

from events.dates import now
from projections.database import Micros, Text, Trouble, metadata
from projections.log import Entry, Lost, Page

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("projection", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),  # the event store's own id
    Column("originator_id", Text, nullable=False),
    Column("originator_version", Integer, nullable=False),
    Column("record", Text),  # the record's id; null where it cannot be read
    Column("error", Text, nullable=False),
    Column("set_aside_at", Micros, nullable=False),
    info={"key": ("seq", "projection")},
)

LONGEST_ERROR = 1000


class DeadLetter(NamedTuple):
    """An event that a read model is without."""

    seq: int
    projection: str
    position: int
    originator_id: str
    originator_version: int
    record: str | None
    error: str
    set_aside_at: int  # UTC microseconds

    def __str__(self) -> str:
        what = f" ({self.record})" if self.record else ""
        where = f"seq {self.seq}{what}, no. {self.position} of the store"
        return f"{where}, in {self.projection}: {self.error}"


Apply = Callable[[Connection, Page], None]


def apply_each(connection: Connection, page: Page, projection: str, apply: Apply) -> None:
    """Apply a page to a read model, but for the events that it fails on: those are set aside.

    Raises Trouble, which is no event's fault.
    """
    for lost in page.lost:
        _set_aside(connection, projection, lost)
    _apply_some(connection, page, page.entries, projection, apply)


def _apply_some(
    connection: Connection, page: Page, entries: Sequence[Entry], projection: str, apply: Apply
) -> None:
    try:
        with connection.begin_nested():
            apply(connection, page._replace(entries=entries))
    except Trouble:
        raise
    except Exception as error:  # whatever an event made it do
        if len(entries) < 2:
            if not entries:
                raise
            _set_aside(connection, projection, entries[0], error)
            return
        middle = len(entries) // 2
        _apply_some(connection, page, entries[:middle], projection, apply)
        _apply_some(connection, page, entries[middle:], projection, apply)


def _letter(which: Entry | Lost, projection: str, error: Exception | None) -> DeadLetter:
    if isinstance(which, Lost):
        event = which.event
        key, version, record, why = event.originator_id, event.originator_version, None, event.why
    else:
        key, version, record = which.originator_id, which.originator_version, which.record["id"]
        why = f"{type(error).__name__}: {error}"
    at = (which.seq, projection, which.position)
    return DeadLetter(*at, key.hex, version, record, why[:LONGEST_ERROR], now())


def _set_aside(
    connection: Connection, projection: str, which: Entry | Lost, error: Exception | None = None
) -> None:
    letter = _letter(which, projection, error)
    connection.execute(dead_letters.insert().values(letter._asdict()))


def all_of(connection: Connection) -> list[DeadLetter]:
    """Return all of them, in log order."""
    order = dead_letters.c.seq, dead_letters.c.projection
    return [DeadLetter(*row) for row in connection.execute(dead_letters.select().order_by(*order))]


def count(connection: Connection) -> int:
    """Return how many events at least one read model is without."""
    query = select(func.count(dead_letters.c.seq.distinct()))
    return int(connection.execute(query).scalar_one())


def counts(connection: Connection) -> dict[str, int]:
    """Return how many events each read model is without, for those that are without any."""
    query = select(dead_letters.c.projection, func.count()).group_by(dead_letters.c.projection)
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def forget(connection: Connection, projections: Sequence[str]) -> None:
    """Forget those of read models that are made anew."""
    connection.execute(dead_letters.delete().where(dead_letters.c.projection.in_(projections)))
