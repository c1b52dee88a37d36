"""Copying a log event by event: the same bytes in the same order, under the same ids."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any
from uuid import UUID

from events.timeline import LogError, Raw, Timeline

PAGE = 500
"""Events that are written in one commit."""

Row = tuple[int, UUID, int, str, bytes]
"""Id, id of the aggregate, version, topic, state."""


class OtherLogError(LogError):
    """A log has what the one that is copied to it does not begin with."""


def copy(
    source: Timeline, target: Timeline, progress: Callable[[int, int], None] | None = None
) -> int:
    """Let a log have all events of another, by those that it lacks. Returns how many it lacked.

    What it has must be what the other begins with: so a copy that was cut short goes on, and one
    that is whole takes in what came since. `progress`: told the id reached, and the one to reach.
    Raises OtherLogError, and UnreadableError at an event of the source that cannot even be read.
    """
    stop, last = source.head(), target.head()
    events = source.raw_events(stop)
    for there in target.raw_events(last):
        if next(events, None) != there:
            raise OtherLogError(f"no. {there.id} of its store is not what the other log has there")
    return put(events, target, last, lambda reached: progress and progress(reached, stop))


def put(
    events: Iterable[Raw],
    target: Timeline,
    last: int = 0,
    told: Callable[[int], object] = lambda _: None,
) -> int:
    """Write events, under their ids, after no. `last`, a log's end. Returns how many there were."""
    rest, count = iter(events), 0
    recorder: Any = target.recorder
    while some := [*islice(rest, PAGE)]:
        if recorder.insert_kept([row_of(one) for one in some]) != last:
            raise OtherLogError("somebody else wrote into it meanwhile")
        last = some[-1].id
        count += len(some)
        told(last)
    return count


def row_of(event: Raw) -> Row:
    """Return what a store keeps of an event: `raw_of` undone."""
    end = 28 + int.from_bytes(event.raw[24:28], "big")
    topic, state = event.raw[28:end].decode(), event.raw[end:]
    return event.id, event.originator_id, event.originator_version, topic, state
