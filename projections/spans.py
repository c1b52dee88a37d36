"""Spans: all runs of many positions or statuses at once, and whether each ended contested.

One statement for all of them, in the order in which the primary key has the rows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, literal, select

from events.dates import END_OF_TIME
from projections.belief import CLAIM_READS, believed
from projections.database import Micros
from projections.positions import FLOOR, Pair, positions
from projections.runs import Claim, Run, runs
from projections.statuses import FLOOR as STATUS_FLOOR
from projections.statuses import statuses


class TooManyError(Exception):
    """There are more rows than were asked for."""


class Span(NamedTuple):
    """One run, as it stood at its end."""

    run: Run
    is_contested: bool  # another report, as recent as the one that counts, says otherwise


def positions_among(
    connection: Connection,
    *,
    parties: Iterable[str] = (),
    issues: Iterable[str] = (),
    as_of: int = END_OF_TIME,
    seq: int,
    floor: int = FLOOR,
    most: int,
) -> dict[Pair, list[Span]]:
    """Return the spans of each pair that there is evidence for, oldest first, by party and issue.

    Only of those `parties` and `issues`, where given. Raises TooManyError where they are made
    of more than `most` rows.
    """
    query = _among(_among(_POSITIONS, "party", parties), "issue", issues)
    asked = {"as_of": as_of, "seq": seq, "floor": floor}
    found = _grouped(connection, query, asked, most, lambda row: Pair(row.party, row.issue))
    return {pair: spans(rows, as_of) for pair, rows in found}


def statuses_among(
    connection: Connection,
    *,
    issues: Iterable[str] = (),
    as_of: int = END_OF_TIME,
    seq: int,
    floor: int = STATUS_FLOOR,
    most: int,
) -> dict[str, list[Span]]:
    """Return the spans of the status of each issue that has one, oldest first, by issue.

    Raises TooManyError where they are made of more than `most` rows.
    """
    asked = {"as_of": as_of, "seq": seq, "floor": floor}
    query = _among(_STATUSES, "issue", issues)
    found = _grouped(connection, query, asked, most, lambda row: row.issue)
    return {issue: spans(rows, as_of) for issue, rows in found}


def spans(rows: list[Any], as_of: int) -> list[Span]:
    """Return the spans that rows make, oldest first. `rows`: as the table has them in order."""
    effects = [row.effective for row in rows]
    return [Span(run, _is_contested(run, rows, effects, as_of)) for run in runs(rows[::-1], as_of)][
        ::-1
    ]


def _is_contested(run: Run, rows: list[Claim], effects: list[int], as_of: int) -> bool:
    counts = run.latest
    end = as_of if run.effect_end is None else run.effect_end - 1
    as_recent = rows[bisect_left(effects, counts.earliest) : bisect_right(effects, end)]
    return any(row.says != counts.says and row.report != counts.report for row in as_recent)


def _grouped(
    connection: Connection,
    query: Select[Any],
    asked: dict[str, Any],
    most: int,
    key: Callable[[Any], Any],
) -> Iterator[tuple[Any, list[Any]]]:
    rows = connection.execute(query.limit(most + 1), asked).all()
    if len(rows) > most:
        raise TooManyError
    return ((found, list(some)) for found, some in groupby(rows, key))


def _among(query: Select[Any], name: str, ids: Iterable[str]) -> Select[Any]:
    wanted = list(ids)
    return query.where(query.selected_columns[name].in_(wanted)) if wanted else query


def _taken(table: Any, *keys: str) -> Select[Any]:
    columns = [table.c[name] for name in (*keys, *CLAIM_READS)]
    return (
        select(*columns)
        .where(
            table.c.effective <= bindparam("as_of"),
            table.c.strength >= bindparam("floor"),
            believed(table),
        )
        .order_by(*(table.c[name] for name in (*keys, "effective", "strength", "place")))
    )


_POSITIONS = _taken(positions, "party", "issue").add_columns(
    positions.c.until, positions.c.until_end
)
_STATUSES = _taken(statuses, "issue").add_columns(
    statuses.c.note, literal(None, Micros).label("until_end")
)
