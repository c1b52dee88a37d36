"""Revisions: how the answer to one question came to be what it is, as the log grew.

The question keeps its date; what is believed moves. Only log positions at which one of its
rows came or went can have changed the answer.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, bindparam, literal, select

from projections import positions, statuses
from projections.belief import CLAIM_READS
from projections.database import Micros
from projections.positions import Pair
from projections.runs import TERMS, Answer, answer


class Revision(NamedTuple):
    """The answer from one log position on."""

    seq: int
    answer: Answer
    report: str  # the report that the record at `seq` is, or amends; empty for the first


def of_position(
    connection: Connection,
    pair: Pair,
    *,
    as_of: int,
    first: int = 0,
    seq: int,
    floor: int = positions.FLOOR,
) -> Iterator[Revision]:
    """Yield the answer for `as_of` at log position `first`, and after each that touched it.

    Up to `seq`, oldest first. Of rows no weaker than `floor`.
    """
    asked = pair._asdict() | {"as_of": as_of, "first": first, "seq": seq, "floor": floor}
    return _revisions(connection.execute(_EVER_OF_PAIR, asked), as_of, first, seq)


def of_status(
    connection: Connection,
    issue: str,
    *,
    as_of: int,
    first: int = 0,
    seq: int,
    floor: int = statuses.FLOOR,
) -> Iterator[Revision]:
    """Yield the same for the status of an issue."""
    asked = {"issue": issue, "as_of": as_of, "first": first, "seq": seq, "floor": floor}
    return _revisions(connection.execute(_EVER_OF_ISSUE, asked), as_of, first, seq)


def _revisions(rows: Iterable[Any], as_of: int, first: int, seq: int) -> Iterator[Revision]:
    believed: list[Any] = []
    came: dict[int, list[Any]] = defaultdict(list)
    went: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        (came[row.seq_from] if row.seq_from > first else believed).append(row)
        went[row.seq_to].append(row)
    believed.sort(key=_latest_first)
    yield Revision(first, answer(believed, as_of), "")
    for at in sorted(one for one in came.keys() | went.keys() if one <= seq):
        for row in went.get(at, ()):
            believed.remove(row)
        for row in came.get(at, ()):
            insort(believed, row, key=_latest_first)
        yield Revision(at, answer(believed, as_of), (came.get(at) or went[at])[0].report)


def _latest_first(row: Any) -> tuple[int, int, int]:
    return -row.effective, -row.strength, -row.place


def _ever(table: Table, *keys: str) -> Select[Any]:
    """Return the query of every row of a question that was ever believed, up to a log position."""
    until_end = table.c.until_end if "until_end" in table.c else literal(None, Micros)
    terms = (name for name in TERMS if name in table.c)
    told = (*CLAIM_READS, "place", "seq_from", "seq_to", *terms)
    return select(*(table.c[name] for name in told), until_end.label("until_end")).where(
        *(table.c[key] == bindparam(key) for key in keys),
        table.c.effective <= bindparam("as_of"),
        table.c.strength >= bindparam("floor"),
        table.c.seq_from <= bindparam("seq"),
        table.c.seq_to > bindparam("first"),
    )


_EVER_OF_PAIR = _ever(positions.positions, "party", "issue")
_EVER_OF_ISSUE = _ever(statuses.statuses, "issue")


# Log positions that touched an answer


def touching_positions(
    connection: Connection, *, parties: list[str], issues: list[str], as_of: int, seq: int
) -> set[int]:
    """Return the log positions, up to `seq`, at which a row about some of these came or went.

    Whatever its strength, with effect by `as_of`. No parties or issues: all of them.
    """
    columns = {"party": parties, "issue": issues}
    return _touching(connection, positions.positions, columns, as_of, seq)


def touching_status(connection: Connection, issue: str, *, as_of: int, seq: int) -> set[int]:
    """Return the same for the statuses of an issue."""
    return _touching(connection, statuses.statuses, {"issue": [issue]}, as_of, seq)


def _touching(
    connection: Connection, table: Table, only: dict[str, list[str]], as_of: int, seq: int
) -> set[int]:
    found: set[int] = set()
    for column in (table.c.seq_from, table.c.seq_to):
        query = select(column).distinct().where(table.c.effective <= as_of, column <= seq)
        for name, wanted in only.items():
            if wanted:
                query = query.where(table.c[name].in_(wanted))
        found.update(connection.scalars(query))
    return found
