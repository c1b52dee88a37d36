"""Windows: what was reported in a stretch of time, told one by one, or counted where it is much."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, literal, select

from events.dates import DAY, bounds_of
from projections.belief import believed
from projections.database import Micros
from projections.reports import Version, report_subjects, reports, versions_read

DAY_ONE = bounds_of("0001-01-01").earliest


class Window(NamedTuple):
    """Which reports: those that may have happened in a stretch, and name one of each kind."""

    first: int | None = None  # UTC microseconds, inclusive; None: since ever
    last: int | None = None
    until: int | None = None  # only those with effect by then
    parties: tuple[str, ...] = ()  # empty: whichever
    issues: tuple[str, ...] = ()


class Day(NamedTuple):
    """What was reported of one day."""

    day: int  # UTC microseconds of its first instant
    type: str
    reports: int


def number_in(connection: Connection, window: Window, *, seq: int) -> int:
    """Return how many reports stood at `seq` that are in a window."""
    query = _in(select(func.count()), window)
    number: int = connection.execute(query, {"seq": seq}).scalar_one()
    return number


def newest_in(connection: Connection, window: Window, *, seq: int, count: int) -> list[Version]:
    """Return at most `count` of them, the last to take effect, in order of effect and place."""
    keys = _in(select(reports.c.place, reports.c.version), window)
    keys = keys.order_by(reports.c.latest.desc(), reports.c.place.desc()).limit(count)
    found = versions_read(
        connection, [tuple(row) for row in connection.execute(keys, {"seq": seq})]
    )
    return sorted(found, key=lambda one: (one.latest, one.place))


def days_in(connection: Connection, window: Window, *, seq: int) -> list[Day]:
    """Return how many of them began on each day, by type; in order of days.

    One that began before the window is counted on the first day of it.
    """
    earliest = reports.c.earliest
    began: Any = earliest
    if window.first is not None:
        first = literal(window.first, Micros)
        began = case((earliest < first, first), else_=earliest)
    day = ((began - DAY_ONE) // DAY).label("day")
    query = _in(select(day, reports.c.type, func.count().label("reports")), window)
    query = query.group_by(day, reports.c.type).order_by(day, reports.c.type)
    return [
        Day(row.day * DAY + DAY_ONE, row.type, row.reports)
        for row in connection.execute(query, {"seq": seq})
    ]


def _in(query: Select[Any], window: Window) -> Select[Any]:
    query = query.select_from(reports).where(believed(reports), reports.c.stands)
    if window.first is not None:
        query = query.where(reports.c.latest >= window.first)
    if window.last is not None:
        query = query.where(reports.c.earliest <= window.last)
    if window.until is not None:
        query = query.where(reports.c.latest <= window.until)
    for kind, subjects in (("party", window.parties), ("issue", window.issues)):
        if subjects:
            query = query.where(_names(kind, subjects))
    return query


def _names(kind: str, subjects: Iterable[str]) -> Any:
    return (
        select(literal(1))
        .where(
            report_subjects.c.kind == kind,
            report_subjects.c.subject.in_(list(subjects)),
            report_subjects.c.latest == reports.c.latest,
            report_subjects.c.place == reports.c.place,
            report_subjects.c.version == reports.c.version,
        )
        .exists()
    )
