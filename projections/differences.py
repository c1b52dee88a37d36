"""What may differ between two moments of the world, or of our knowledge of it.

The database finds the questions that something happened to in between; what differs is for
their answers to say.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
)

from projections import positions, statuses
from projections.belief import believed
from projections.positions import Pair, position_pairs


class Axis(Enum):
    """Which of the two clocks moves."""

    WORLD = "world"
    KNOWLEDGE = "knowledge"


class Step(NamedTuple):
    """From one moment to another, on one axis, while the other clock stands still."""

    axis: Axis
    first: int  # UTC microseconds in the world, a position in the log of our knowledge
    last: int
    fixed: int  # what the other clock says


def pairs(
    connection: Connection,
    step: Step,
    *,
    floor: int,
    party: str | None = None,
    issue: str | None = None,
    after: Pair | None = None,
) -> Iterator[Pair]:
    """Yield pairs whose position may differ after a step, by issue, then party, after `after`."""
    ours = position_pairs.c
    query = select(ours.party, ours.issue).where(_PAIR_MOVED[step.axis])
    if party is not None:
        query = query.where(ours.party == party)
    if issue is not None:
        query = query.where(ours.issue == issue)
    if after is not None:
        query = query.where(tuple_(ours.issue, ours.party) > (after.issue, after.party))
    found = connection.execute(query.order_by(ours.issue, ours.party), _asked(step, floor))
    return (Pair(*row) for row in found)


def issues(
    connection: Connection, step: Step, *, floor: int, issue: str | None = None, after: str = ""
) -> Iterator[str]:
    """Yield issues whose status may differ after a step, by id, after `after`."""
    ours = statuses.statuses.c.issue
    query = select(ours).distinct().where(_moved(statuses.statuses, step.axis), ours > after)
    if issue is not None:
        query = query.where(ours == issue)
    return iter(connection.scalars(query.order_by(ours), _asked(step, floor)))


def _asked(step: Step, floor: int) -> dict[str, Any]:
    fixed = "seq" if step.axis is Axis.WORLD else "as_of"
    return {"first": step.first, "last": step.last, fixed: step.fixed, "floor": floor}


def _moved(table: Table, axis: Axis) -> ColumnElement[bool]:
    """Return the condition that a row took effect, or came or went, in between."""
    is_strong = table.c.strength >= bindparam("floor")
    if axis is Axis.WORLD:
        return and_(is_strong, _between(table.c.effective), believed(table))
    came_or_went = or_(_between(table.c.seq_from), _between(table.c.seq_to))
    return and_(is_strong, table.c.effective <= bindparam("as_of"), came_or_went)


def _between(column: Any) -> ColumnElement[bool]:
    return and_(column > bindparam("first"), column <= bindparam("last"))


def _pair_moved(axis: Axis) -> ColumnElement[bool]:
    rows = positions.positions
    of_pair = (rows.c.party == position_pairs.c.party) & (rows.c.issue == position_pairs.c.issue)
    moved: ColumnElement[bool] = exists().where(of_pair, _moved(rows, axis))
    if axis is Axis.KNOWLEDGE:
        return moved
    lapsed = (rows.c.until_end >= bindparam("first")) & (rows.c.until_end < bindparam("last"))
    which = select(rows.c.issue, rows.c.party).where(lapsed, believed(rows))
    return or_(moved, tuple_(position_pairs.c.issue, position_pairs.c.party).in_(which))


_PAIR_MOVED = {axis: _pair_moved(axis) for axis in Axis}
