"""Statuses: how far the negotiation of each issue had come, on whose word."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, bindparam, distinct, func, literal, select

from events.dates import END_OF_TIME
from events.records import Record
from events.vocabulary import STATUS_FLOOR, STRENGTH
from projections.belief import (
    CLAIM_READS,
    apply_claims,
    believed,
    claim_columns,
    claim_of,
    latest_first,
)
from projections.database import Micros, RowId, Text, metadata
from projections.log import Entry, Page
from projections.reading import Prepared
from projections.runs import Answer, Change, Run, answer, change_at, runs

statuses = Table(
    "statuses",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("issue", Text, nullable=False),
    *claim_columns(),
    Column("says", Text, nullable=False),  # the status
    Column("note", Text),
    Index("statuses_by_effect", "issue", "effective", "strength", "place"),
    Index("statuses_by_place", "place"),
    info={"key": ("place", "seq_from", "issue")},
)

NAME = "statuses"
VERSION = 1
TABLES = (statuses,)
FLOOR = STRENGTH[STATUS_FLOOR]


# How events change it


def apply(connection: Connection, page: Page) -> None:
    """Add and close rows as reports are recorded and amended."""
    apply_claims(connection, statuses, page.entries, _rows_of)


def _rows_of(entry: Entry, report: Record) -> Iterator[tuple[Any, ...]]:
    strength = STRENGTH[report["attribution"]]
    for status in report.get("statuses", ()):
        claim = claim_of(entry, report, strength)
        yield status["issue"], *claim, status["status"], status.get("note")


# What can be asked of it

_TAKEN = Prepared(
    select(
        *(statuses.c[name] for name in CLAIM_READS),
        statuses.c.note,
        literal(None, Micros).label("until_end"),  # a status never lapses
    )
    .where(
        statuses.c.issue == bindparam("issue"),
        statuses.c.effective <= bindparam("as_of"),
        statuses.c.strength >= bindparam("floor"),
        believed(statuses),
    )
    .order_by(*latest_first(statuses))
)

_BELOW_FLOOR = Prepared(
    select(func.count(distinct(statuses.c.report)).label("below")).where(
        statuses.c.issue == bindparam("issue"),
        statuses.c.strength < bindparam("floor"),
        statuses.c.effective <= bindparam("as_of"),
        believed(statuses),
    )
)


def status_of(
    connection: Connection, issue: str, *, as_of: int, seq: int, floor: int = FLOOR
) -> Answer:
    """Return the status of an issue, and why: the same rules as `position_of`."""
    question = {"issue": issue, "as_of": as_of, "seq": seq, "floor": floor}
    found = answer(_TAKEN.in_parts(connection, 64, **question), as_of)
    found.below_floor = _BELOW_FLOOR.first(connection, **question).below
    return found


def changed_at(
    connection: Connection, issue: str, at: int, *, seq: int, floor: int = FLOOR
) -> Change | None:
    """Return how the status of an issue changed at an instant; None if it did not."""
    question = {"issue": issue, "as_of": at, "seq": seq, "floor": floor}
    return change_at(_TAKEN.in_parts(connection, 64, **question), at)


def runs_until(
    connection: Connection, issue: str, *, as_of: int, seq: int, floor: int = FLOOR
) -> Iterator[Run]:
    """Yield the runs of an issue's status up to `as_of`, newest first, as they are asked for."""
    question = {"issue": issue, "as_of": as_of, "seq": seq, "floor": floor}
    return runs(_TAKEN.in_parts(connection, 64, **question), as_of)


def history_of(connection: Connection, issue: str, *, seq: int, floor: int = FLOOR) -> list[Run]:
    """Return all runs of an issue's status, oldest first; empty if none."""
    question = {"issue": issue, "as_of": END_OF_TIME, "seq": seq, "floor": floor}
    return list(runs(_TAKEN.in_parts(connection, 64, **question)))[::-1]
