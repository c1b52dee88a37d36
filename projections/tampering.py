"""Finding the first event that is not as the ledger has it, by reading every stored byte."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from events.timeline import Raw, Timeline, UnreadableError
from projections import merkle
from projections.ledger import GENESIS, chained, ledger
from projections.log import log


class Tampered(NamedTuple):
    """The first event that is not as it was recorded."""

    leaf: int  # its number in the ledger, from 0
    position: int  # the store's id
    seq: int | None  # of its record, as the ledger has it
    about: str  # the record, as the read model of the log has it
    found: str  # what is wrong

    def __str__(self) -> str:
        seq = f", seq {self.seq}" if self.seq is not None else ""
        where = f"event {self.leaf + 1} of the ledger, no. {self.position} of the store{seq}"
        return f"{self.about} ({where}) {self.found}"


@dataclass
class Walk:
    """A ledger computed anew from the stored events."""

    size: int = 0
    chain: bytes = GENESIS
    peaks: list[tuple[int, bytes]] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)  # by the sizes asked for
    tampered: Tampered | None = None

    @property
    def root(self) -> bytes:
        """The root over all events so far."""
        return merkle.root_of_peaks([peak for _, peak in self.peaks])

    def step(self, raw: bytes) -> bytes:
        """Take one more event. Returns the hashes of the nodes that it completes."""
        self.chain = chained(self.chain, raw)
        nodes = b"".join(merkle.append(self.peaks, self.chain))
        self.size += 1
        if self.size in self.roots:
            self.roots[self.size] = self.root
        return nodes


def walk(
    connection: Connection, timeline: Timeline, stop: int, *, sizes: Iterable[int] = ()
) -> Walk:
    """Compare every stored event, up to the store's id `stop`, with the ledger.

    Returns the ledger computed anew, with the roots at some `sizes`, up to the first event that
    differs. `connection` sees one state of the read models.
    """
    done = Walk(roots=dict.fromkeys(sizes, merkle.EMPTY))
    events = timeline.raw_events(stop)
    with closing(_rows(connection)) as rows:
        for leaf in count():
            row, event = next(rows, None), _next(events)
            wrong = _what_is_wrong(connection, done, row, event)
            if wrong:
                done.tampered = _tampered(connection, leaf, row, event, wrong)
            if wrong or (row is None and event is None):
                break
    return done


def _next(events: Iterator[Raw]) -> Raw | UnreadableError | None:
    try:
        return next(events, None)
    except UnreadableError as error:
        return error


def _what_is_wrong(
    connection: Connection, done: Walk, row: Any, event: Raw | UnreadableError | None
) -> str | None:
    """Take one more event, and compare it with its row. Either may be None: there is none."""
    if row is not None and (row.leaf != done.size or not isinstance(row.position, int)):
        return "cannot be compared: its row in the ledger is missing or was altered"
    if event is not None and (row is None or event.id < row.position):
        return f"was put into the store, as no. {event.id}: the ledger does not have it"
    if row is not None and (event is None or event.id > row.position):
        return "is missing: it was removed from the store"
    if isinstance(event, UnreadableError):
        return f"cannot be read: {event.why}"
    return None if event is None else _step(connection, done, row, event)


def _step(connection: Connection, done: Walk, row: Any, event: Raw) -> str | None:
    nodes = done.step(event.raw)
    if done.chain != row.chain:
        return _why_other(connection, row, event)
    if nodes != row.nodes:
        return "is as it was, but its row in the ledger is not"
    return None


def _why_other(connection: Connection, row: Any, event: Raw) -> str:
    told = connection.execute(select(log).where(log.c.position == row.position)).one_or_none()
    if told is not None and (
        (told.originator_id, told.originator_version)
        != (event.originator_id.hex, event.originator_version)
    ):
        return "is not the event that was recorded there: another one is in its place"
    return "was altered, or its row in the ledger was: the stored bytes give another hash"


def _tampered(
    connection: Connection,
    leaf: int,
    row: Any,
    event: Raw | UnreadableError | None,
    wrong: str,
) -> Tampered:
    """Name an event: by the read model of the log, where the ledger says that it has a record."""
    position = row.position if row is not None else event.id if event is not None else 0
    if wrong.startswith(("was put", "cannot be compared")):
        return Tampered(leaf, event.id if event else 0, None, "an event", wrong)
    seq = row.seq if row is not None else None
    told = connection.execute(select(log).where(log.c.seq == seq)).one_or_none()
    about = f"{told.type} {told.record!r}" if told is not None else "bookkeeping"
    return Tampered(leaf, position, seq, about, wrong)


def _rows(connection: Connection) -> Generator[Any, None, None]:
    query = select(ledger).order_by(ledger.c.leaf)
    with connection.execution_options(yield_per=1000).execute(query) as found:
        yield from found
