"""Dates as sources give them: a subset of EDTF level 1 (ISO 8601-2), and instants.

Instants are integers: microseconds since 1970-01-01T00:00:00Z, negative before it,
within the years 0001 to 9999.
"""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?([?~%])?")
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_FULL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMS = (
    "2025, 2025-12, 2025-12-14 (each may end in ?, ~ or %), "
    "2025-12-14T10:00:00Z, or an interval a/b or a/.. of these"
)


class DateError(ValueError):
    """The text is not a date in one of the accepted forms. The message says why."""


class Bounds(NamedTuple):
    """The first and the last instant that a date may mean, in UTC microseconds, inclusive."""

    earliest: int
    latest: int


def to_micros(moment: datetime) -> int:
    """Return an aware datetime as UTC microseconds."""
    return (moment - EPOCH) // MICROSECOND


def to_datetime(micros: int) -> datetime:
    """Return UTC microseconds as an aware datetime."""
    return EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=4096)
def to_text(micros: int) -> str:
    """Return UTC microseconds as RFC 3339, with a fraction only where there is one."""
    return to_datetime(micros).replace(tzinfo=None).isoformat() + "Z"


END_OF_TIME = to_micros(datetime.max.replace(tzinfo=UTC))


@lru_cache(maxsize=4096)
def bounds_of(occurred: str) -> Bounds:
    """Return what `occurred` may mean. Raises DateError.

    A date spans its first to its last microsecond in UTC, a date-time is one instant,
    `a/b` spans the first of a to the last of b, and `a/..` those of a.
    Source: contract, section 2, Dates.
    """
    begins, slash, ends = occurred.partition("/")
    first = _single(begins, occurred)
    if not slash or ends == "..":
        return first
    last = _single(ends, occurred)
    if first.earliest > last.latest:
        raise DateError(f"the interval {occurred!r} ends before it begins")
    return Bounds(first.earliest, last.latest)


def _single(text: str, whole: str) -> Bounds:
    if found := _DATE.fullmatch(text):
        year, month, day, _ = found.groups()
        return Bounds(
            to_micros(_midnight(int(year), int(month or 1), int(day or 1), text)),
            _last_of(int(year), int(month or 12), int(day) if day else None, text),
        )
    if _DATE_TIME.fullmatch(text):
        instant = _instant(text)
        return Bounds(instant, instant)
    raise DateError(f"{whole!r} is not a date that we can read: give {_FORMS}")


def _midnight(year: int, month: int, day: int, text: str) -> datetime:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        raise DateError(f"{text!r} is not in the calendar: {error}") from None


def _last_of(year: int, month: int, day: int | None, text: str) -> int:
    last_day = day or calendar.monthrange(year, month)[1]
    return to_micros(_midnight(year, month, last_day, text)) + DAY - 1


def _instant(text: str) -> int:
    found = _DATE_TIME.fullmatch(text)
    assert found
    day, clock, fraction, sign, hours, minutes = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{clock}+00:00")
        if sign and (int(hours) > 23 or int(minutes) > 59):
            raise ValueError("an offset is at most 23:59")
        offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta(0)
        utc = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError) as error:
        raise DateError(f"{text!r} is not an instant: {error}") from None
    return to_micros(utc) + int(((fraction or "") + "000000")[:6])


def instant_of(asked: str) -> int:
    """Return the instant that an `as_of` or `known_at` means. Raises DateError.

    A full date means the end of that day in UTC. In a date-time, a blank where the `+` of
    an offset belongs is read as `+`, as query strings turn one into the other.
    """
    text = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", asked.strip())
    if _FULL_DATE.fullmatch(text):
        return bounds_of(text).latest
    if _DATE_TIME.fullmatch(text):
        return _instant(text)
    hint = ""
    if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text):
        hint = f": {text!r} is coarser than a day; say which day, such as its last"
    elif re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", text):
        hint = ": a date-time needs seconds and an offset, such as 2025-12-14T10:00:00Z"
    raise DateError(f"{asked!r} is not a full date (YYYY-MM-DD) or RFC 3339 date-time{hint}")


def end_of_day(day: str) -> int:
    """Return the last microsecond of a full date, UTC. Raises DateError for other forms."""
    if not _FULL_DATE.fullmatch(day):
        raise DateError(f"{day!r} is not a full date (YYYY-MM-DD)")
    return bounds_of(day).latest


def day_after(day: str) -> str:
    """Return the full date that follows a full date."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def now() -> int:
    """Return the current instant in UTC microseconds."""
    return to_micros(datetime.now(UTC))
