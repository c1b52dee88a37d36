"""Lines: NDJSON of any records, one a line, turned into what the timeline is sent."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from events.batch import Sent
from events.dates import DateError, bounds_of, to_datetime
from events.errors import Fault, InvalidRecordError, RecordedAtError, RefusedError
from events.records import Record, issues_named, parties_named
from service.ndjson import decode, without
from service.schemas import records

SET_BY_THE_LOG = ("recorded_at", "recorded_by")
BY_DEFAULT = "cli"
"""Who recorded a line of an export that does not say."""

BOM = b"\xef\xbb\xbf"


class Origin(Protocol):
    """What a record was made of, where that was not one line of JSON."""

    def places(self, faults: list[Fault]) -> list[tuple[int, str]]:
        """Return the line that each fault is on, and what it is called there."""


class Line(NamedTuple):
    """One line with a record on it, read."""

    number: int  # from 1
    sent: Sent | None
    error: RefusedError | None
    origin: Origin | None = None


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, from 1."""
    for number, text in enumerate(lines, 1):
        stripped = (text.removeprefix(BOM) if number == 1 else text).strip()
        if stripped:
            yield number, stripped


Opened = Callable[[Any], tuple[Any, str, datetime | None]]
"""Takes a decoded line apart: the record, by whom and when it was recorded (None: now)."""


def read(number: int, text: bytes, opened: Opened, identify: Callable[[Record], str]) -> Line:
    """Read a line. What is wrong with it is its error."""
    try:
        data, recorded_by, recorded_at = opened(decode(text))
        record = identified(records.load(data), identify)
    except RefusedError as error:
        return Line(number, None, error)
    return Line(number, Sent(record, recorded_by, recorded_at), None)


def identified(record: Record, identify: Callable[[Record], str]) -> Record:
    """Return a record with an id, in its place among the keys."""
    if "id" in record:
        return record
    return {"type": record["type"], "id": identify(record)} | record


def opened_as_kept(data: Any) -> tuple[Any, str, datetime | None]:
    """Take a line of an export apart, keeping when and by whom it was recorded.

    Raises RecordedAtError, InvalidRecordError.
    """
    if not isinstance(data, dict):
        return data, BY_DEFAULT, None
    return without(data, *SET_BY_THE_LOG), _kept_by(data), _kept_at(data)


def _kept_by(data: Record) -> str:
    text = data.get("recorded_by")
    if text is None:
        return BY_DEFAULT
    if not isinstance(text, str) or not 0 < len(text) <= 200 or not text.isprintable():
        raise InvalidRecordError([Fault("recorded_by", "invalid", "must be short text")])
    return text


def _kept_at(data: Record) -> datetime:
    text = data.get("recorded_at")
    if text is None:
        raise RecordedAtError("is missing: with --keep-recorded-at every line has one")
    try:
        earliest, latest = bounds_of(text) if isinstance(text, str) else (0, 1)
    except DateError as error:
        raise RecordedAtError(str(error)) from None
    if earliest != latest:
        raise RecordedAtError("must be an RFC 3339 date-time with offset")
    return to_datetime(earliest)


def registrations_first(sent: list[Sent], unknown: Collection[tuple[str, str]]) -> list[int]:
    """Return an order in which a batch can be recorded, as places in `sent`.

    `unknown`: the (type, id) of the parties and issues that only the batch registers. Where a
    record names one before that, the registration moves up; nothing else changes order.
    """
    places = {
        key: place
        for place, one in reversed(list(enumerate(sent)))
        if (key := (one.record["type"], one.record["id"])) in unknown
    }
    order: dict[int, None] = {}
    on_the_way: set[int] = set()
    waiting: list[int] = []
    for place in range(len(sent)):
        waiting.append(place)
        while waiting:
            at = waiting[-1]
            on_the_way.add(at)
            needs = (one for one in _needs(sent[at].record, places) if one not in on_the_way)
            if (need := next(needs, None)) is not None:
                waiting.append(need)
            else:
                order[waiting.pop()] = None
    return list(order)


def _needs(record: Record, places: dict[tuple[str, str], int]) -> list[int]:
    named = [("party", name) for name in parties_named(record)]
    named += [("issue", name) for name in issues_named(record)]
    return [places[key] for key in named if key in places]
