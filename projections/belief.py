"""What read models of claims share: what was believed, from which `seq` to which.

A report recorded at s, changed at c and retracted at x gives rows that are believed from s
to c and from c to x, half-open. A correction keeps its report's place in the log.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Connection, FromClause, Integer, Table, bindparam

from events.dates import bounds_of
from events.records import Record
from projections.database import Micros, Text, insert_all
from projections.log import Entry

OPEN = 2**62
"""The `seq_to` of what is still believed."""


CLAIM_READS = (
    "effective",
    "earliest",
    "strength",
    "report",
    "utterance",
    "occurred",
    "publishers",
    "says",
)
"""What an answer tells of a claim, `says` being the position or the status."""


def claim_columns() -> list[Column[Any]]:
    """Return the columns that say which report claims something, and how well it knows."""
    return [
        Column("place", Integer, nullable=False),  # seq of the report's first recording
        Column("seq_from", Integer, nullable=False),
        Column("seq_to", BigInteger, nullable=False),
        Column("earliest", Micros, nullable=False),
        Column("effective", Micros, nullable=False),  # the latest instant it may mean
        Column("strength", Integer, nullable=False),  # of its attribution: greater is stronger
        Column("report", Text, nullable=False),
        Column("utterance", Text),
        Column("occurred", Text, nullable=False),
        Column("publishers", Text, nullable=False),  # JSON list
    ]


def claim_of(entry: Entry, report: Record, strength: int) -> tuple[Any, ...]:
    """Return the values of `claim_columns` for a report as it reads from `entry` on."""
    earliest, latest = bounds_of(report["occurred"])
    return (
        entry.place,
        entry.seq,
        OPEN,
        earliest,
        latest,
        strength,
        report["id"],
        report.get("utterance"),
        report["occurred"],
        publishers_of(report),
    )


def publishers_of(report: Record) -> str:
    """Return the names of a report's publishers, as a JSON list."""
    names = dict.fromkeys(source["publisher"] for source in report["sources"])
    return orjson.dumps(list(names)).decode()


def believed(table: FromClause) -> Any:
    """Return the condition that a row was believed at the parameter `seq`."""
    return (table.c.seq_from <= bindparam("seq")) & (table.c.seq_to > bindparam("seq"))


def latest_first(table: FromClause) -> tuple[Any, ...]:
    """Return the order in which the first row is the one that counts."""
    return table.c.effective.desc(), table.c.strength.desc(), table.c.place.desc()


def close(connection: Connection, table: Table, amendment: Entry) -> None:
    """Let what a report said so far be believed until it is amended, and no longer."""
    is_open = (table.c.place == amendment.place) & (table.c.seq_to == OPEN)
    connection.execute(table.update().where(is_open).values(seq_to=amendment.seq))


def apply_claims(
    connection: Connection,
    table: Table,
    entries: Iterable[Entry],
    rows_of: Callable[[Entry, Record], Iterable[tuple[Any, ...]]],
) -> list[tuple[Any, ...]]:
    """Add and close rows as reports are recorded and amended. Returns the rows added."""
    added: list[tuple[Any, ...]] = []
    pending: list[tuple[Any, ...]] = []
    for entry in entries:
        if entry.report is None:
            continue
        if entry.amends:
            insert_all(connection, table, pending)
            pending = []
            close(connection, table, entry)
        if entry.stands:
            rows = list(rows_of(entry, entry.report))
            pending += rows
            added += rows
    insert_all(connection, table, sorted(pending))  # rows of one question lie side by side
    return added
