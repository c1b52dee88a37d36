"""Reading the log in order: from anywhere in it, to its end, and as it grows."""

from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

from sqlalchemy import Connection

from events.errors import Fault
from events.timeline import Timeline
from projections import log
from projections.log import Entry, Head
from projections.projector import PAGE
from service import stopping
from service.problems import InvalidQueryError
from service.store import Store, waiting

EVERY = 0.1
"""Seconds between looks at whether anything was recorded."""


class Stretch(NamedTuple):
    """Part of the log: what follows one of its positions."""

    entries: list[Entry]  # in log order, dense
    more: bool  # others follow already
    head: Head  # the end of the log when it was read


def entries_after(
    connection: Connection,
    timeline: Timeline,
    seq: int,
    stop: int,
    at_once: int = PAGE,
    *,
    spare: bool = False,
) -> Iterator[Entry]:
    """Yield the entries that follow `seq` in log order, up to the store's position `stop`.

    The read models must have `seq`. `at_once`: how many are read in one go. `spare`: leave out
    what cannot be read. Otherwise raises UnreadableError there.
    """
    head = log.head_at(connection, seq)
    while events := timeline.events_after(head.position, at_once, stop, spare=spare):
        page = log.page_of(connection, events, head)
        yield from page.entries
        head = page.end


def stretch_after(store: Store, after: int, limit: int) -> Stretch:
    """Return at most `limit` entries that follow `after`.

    Raises InvalidQueryError where the log has not come so far: it was replaced by another.
    """
    with store.reading() as (connection, head):
        if after > head.seq:
            message = f"{after} is above the head of the log, {head.seq}: this is another log"
            raise InvalidQueryError(Fault("after", "invalid", message))
        count = min(limit, head.seq - after)
        at_once = min(PAGE, count + 1)
        every = entries_after(
            connection, store.read_timeline, after, head.position, at_once, spare=True
        )
        following = (entry for entry in every if entry.seq > after)
        entries = [entry for _, entry in zip(range(count), following, strict=False)]
        return Stretch(entries, after + count < head.seq, head)


def stretch_awaited(
    store: Store, after: int, limit: int, seconds: int
) -> tuple[Stretch, int | None]:
    """Return the same, waiting up to some seconds while there is nothing.

    And the seconds, or None where too many wait already: then there is no waiting. Between
    looks nothing is held: no transaction, no connection, no lock. Raises InvalidQueryError.
    """
    found = stretch_after(store, after, limit)
    if found.entries:
        return found, seconds
    if not waiting.acquire(blocking=False):
        return found, None
    try:
        deadline = monotonic() + seconds
        while not found.entries and _has_grown(store, found.head.position, deadline):
            found = stretch_after(store, after, limit)
        return found, seconds
    finally:
        waiting.release()


def _has_grown(store: Store, position: int, deadline: float) -> bool:
    """Wait until anything can be told after the store's `position`.

    False at the deadline, or when the server is told to stop.
    """
    while not store.has_more(position):
        left = deadline - monotonic()
        if left <= 0 or stopping.is_near():
            return False
        stopping.sleep(min(EVERY, left))
    return True
