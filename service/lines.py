"""Lines: NDJSON of any records, one a line, turned into what the timeline is sent."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from events.batch import Sent
from events.dates import DateError, bounds_of, to_datetime
from events.errors import Fault, InvalidRecordError, RecordedAtError, RefusedError
from events.records import Record, issues_named, parties_named
from service.ndjson import decode
from service.schemas import records

BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line with a record on it, read."""

    number: int  # from 1
    sent: Sent | None
    error: RefusedError | None


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, from 1."""
    for number, text in enumerate(lines, 1):
        stripped = (text.removeprefix(BOM) if number == 1 else text).strip()
        if stripped:
            yield number, stripped


def read(number: int, text: bytes, recorded_by: str, identify: Callable[[Record], str]) -> Line:
    """Read a line that the log dates itself. A field that the log sets is an error."""
    try:
        record = identified(records.load(decode(text)), identify)
    except RefusedError as error:
        return Line(number, None, error)
    return Line(number, Sent(record, recorded_by), None)


def identified(record: Record, identify: Callable[[Record], str]) -> Record:
    """Return a record with an id, in its place among the keys."""
    if "id" in record:
        return record
    return {"type": record["type"], "id": identify(record)} | record


def kept_at(data: dict[str, Any]) -> datetime:
    """Return the `recorded_at` of a line that is to keep it. Raises RecordedAtError."""
    text = data.get("recorded_at")
    if text is None:
        raise RecordedAtError("is missing: with --keep-recorded-at every line has one")
    try:
        earliest, latest = bounds_of(text) if isinstance(text, str) else (0, 1)
    except DateError as error:
        raise RecordedAtError(str(error)) from None
    if earliest != latest:
        raise RecordedAtError("must be an RFC 3339 date-time with offset")
    return to_datetime(earliest).astimezone(UTC)


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

    def put(place: int) -> None:
        on_the_way.add(place)
        for need in _needs(sent[place].record, places):
            if need not in on_the_way:
                put(need)
        order[place] = None

    for place in range(len(sent)):
        if place not in order:
            put(place)
    return list(order)


def _needs(record: Record, places: dict[tuple[str, str], int]) -> list[int]:
    named = [("party", name) for name in parties_named(record)]
    named += [("issue", name) for name in issues_named(record)]
    return [places[key] for key in named if key in places]


def fault(message: str, field: str = "", rule: str = "invalid") -> InvalidRecordError:
    """Return the error of one fault."""
    return InvalidRecordError([Fault(field, rule, message)])
