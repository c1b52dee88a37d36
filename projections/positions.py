"""Positions: who took which side of which issue, on whose word, and until when.

The position of a party on an issue at D, known at S, is the last row by (effective,
strength, place) among those believed at S, strong enough, and effective by D: one seek on
an index, whatever the length of the history. Source: contract, section 3.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    PrimaryKeyConstraint,
    Table,
    bindparam,
    distinct,
    func,
    select,
    text,
)

from events.dates import END_OF_TIME, end_of_day
from events.records import Record, stances_of
from events.vocabulary import POSITION_FLOOR, STRENGTH
from projections.belief import (
    CLAIM_READS,
    apply_claims,
    believed,
    claim_columns,
    claim_of,
    latest_first,
)
from projections.database import Micros, Text, insert_new, metadata
from projections.log import Entry, Page
from projections.reading import Prepared
from projections.runs import TERMS, Answer, Change, Claim, Run, answer, change_at, runs

positions = Table(
    "positions",
    metadata,
    Column("party", Text),
    Column("issue", Text),
    *claim_columns(),
    Column("says", Text, nullable=False),  # the position
    Column("posture", Text),
    Column("conditions", Text),  # JSON list
    Column("summary", Text),
    Column("red_line", Boolean, nullable=False),
    Column("until", Text),
    Column("until_end", Micros),  # the last instant of that day
    PrimaryKeyConstraint("party", "issue", "effective", "strength", "place", "seq_from"),
    Index(
        "positions_below_floor",  # few, so that counting them costs little
        "party",
        "issue",
        "effective",
        "strength",
        "seq_from",
        "seq_to",
        "report",
        sqlite_where=text(f"strength < {STRENGTH[POSITION_FLOOR]}"),
        postgresql_where=text(f"strength < {STRENGTH[POSITION_FLOOR]}"),
    ),
    Index("positions_by_place", "place"),
    Index(
        "positions_by_lapse",  # few, too
        "until_end",
        sqlite_where=text("until_end IS NOT NULL"),
        postgresql_where=text("until_end IS NOT NULL"),
    ),
    info={"key": ("place", "seq_from", "party", "issue")},
    # The rows of a question lie side by side, in the order in which they are read.
    sqlite_with_rowid=False,
)

position_pairs = Table(
    "position_pairs",
    metadata,
    Column("issue", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Index("position_pairs_by_party", "party", "issue"),
    info={"key": ("issue", "party")},
)
"""Which parties were ever told to have a position on which issues."""

NAME = "positions"
VERSION = 1
TABLES = (positions, position_pairs)
FLOOR = STRENGTH[POSITION_FLOOR]


class Pair(NamedTuple):
    """A question without its clocks."""

    party: str
    issue: str


# How events change it


def apply(connection: Connection, page: Page) -> None:
    """Add and close rows as reports are recorded and amended."""
    added = apply_claims(connection, positions, page.entries, _rows_of)
    insert_new(connection, position_pairs, sorted({(row[1], row[0]) for row in added}))


def _rows_of(entry: Entry, report: Record) -> Iterator[tuple[Any, ...]]:
    claims: dict[int, tuple[Any, ...]] = {}
    for party, issue, strength, position in stances_of(report):
        if strength not in claims:
            claims[strength] = claim_of(entry, report, strength)
        claim = claims[strength]
        until = position.get("until")
        until_end = end_of_day(until) if until else None
        if until_end is not None and until_end < claim[4]:
            continue  # lapsed before we could be sure that it had been said: it never counts
        conditions = position.get("conditions")
        yield (
            party,
            issue,
            *claim,
            position["position"],
            position.get("posture"),
            orjson.dumps(conditions).decode() if conditions else None,
            position.get("summary"),
            position.get("red_line", False),
            until,
            until_end,
        )


# What can be asked of it

FIRST_ROWS = 32

_NEEDED = [*(positions.c[name] for name in CLAIM_READS), positions.c.until, positions.c.until_end]
_TERMS = [positions.c[name] for name in ("posture", "conditions", "summary", "red_line")]
_TAKEN = (
    select(*_NEEDED)
    .where(
        positions.c.party == bindparam("party"),
        positions.c.issue == bindparam("issue"),
        positions.c.effective <= bindparam("as_of"),
        positions.c.strength >= bindparam("floor"),
        believed(positions),
    )
    .order_by(*latest_first(positions))
)
_FIRST = _TAKEN.add_columns(*_TERMS).limit(FIRST_ROWS)  # the row that counts among them
_FIRST_TAKEN = Prepared(_FIRST)
_MORE_TAKEN = Prepared(_TAKEN.offset(FIRST_ROWS))
_MORE_TOLD = Prepared(_TAKEN.add_columns(*_TERMS).offset(FIRST_ROWS))

_LEFT_OUT = select(func.count(distinct(positions.c.report)).label("below")).where(
    positions.c.party == bindparam("party"),
    positions.c.issue == bindparam("issue"),
    positions.c.effective <= bindparam("as_of"),
    believed(positions),
)
_TOLD_AT = (
    select(positions.c.report, positions.c.place)
    .where(
        positions.c.party.in_(bindparam("parties", expanding=True)),
        positions.c.issue == bindparam("issue"),
        positions.c.effective == bindparam("effective"),
        positions.c.report != bindparam("other_than"),
        positions.c.utterance.is_(None) | (positions.c.utterance != bindparam("utterance")),
        believed(positions),
    )
    .distinct()
    .order_by(positions.c.place)
    .limit(bindparam("most"))
)
_BELOW = _LEFT_OUT.where(positions.c.strength < bindparam("floor"))
_BELOW_DEFAULT = _LEFT_OUT.where(text(f"positions.strength < {FLOOR}"))  # as its index has it
_BELOW_FLOOR, _BELOW_DEFAULT_FLOOR = Prepared(_BELOW), Prepared(_BELOW_DEFAULT)
_ASKED = Prepared(_FIRST.add_columns(_BELOW.scalar_subquery().label("below")))
_ASKED_BY_DEFAULT = Prepared(_FIRST.add_columns(_BELOW_DEFAULT.scalar_subquery().label("below")))


def position_of(
    connection: Connection, pair: Pair, *, as_of: int, seq: int, floor: int = FLOOR
) -> Answer:
    """Return the position of a party on an issue, and why.

    `as_of` in UTC microseconds, inclusive; believed at log position `seq`; attribution no
    weaker than `floor`. Rule: contract, section 3.
    """
    question = pair._asdict() | {"as_of": as_of, "seq": seq, "floor": floor}
    asked, left_out = _ASKED, _BELOW_FLOOR
    if floor == FLOOR:
        asked, left_out = _ASKED_BY_DEFAULT, _BELOW_DEFAULT_FLOOR
    first = asked.all(connection, **question)
    found = answer(_all_after(connection, first, question), as_of)
    found.below_floor = (first[0] if first else left_out.first(connection, **question)).below
    return found


def history_of(connection: Connection, pair: Pair, *, seq: int, floor: int = FLOOR) -> list[Run]:
    """Return all runs of a party's position on an issue, oldest first; empty if none."""
    question = pair._asdict() | {"as_of": END_OF_TIME, "seq": seq, "floor": floor}
    return list(runs(_taken(connection, question)))[::-1]


def is_declared(run: Run) -> bool:
    """Tell whether a position stands in a run: it neither lapsed nor was taken back."""
    return not run.lapsed and run.says != "undeclared"


def changed_at(
    connection: Connection, pair: Pair, at: int, *, seq: int, floor: int = FLOOR
) -> Change | None:
    """Return how a party's position, or its terms, changed at an instant; None if not."""
    question = pair._asdict() | {"as_of": at, "seq": seq, "floor": floor}
    found = change_at(_taken(connection, question, _MORE_TOLD), at, TERMS)
    has_terms = found is None or found.terms is None or is_declared(found.after)
    return found if has_terms else None


def runs_until(
    connection: Connection, pair: Pair, *, as_of: int, seq: int, floor: int = FLOOR
) -> Iterator[Run]:
    """Yield the runs of a party's position up to `as_of`, newest first, as they are asked for."""
    question = pair._asdict() | {"as_of": as_of, "seq": seq, "floor": floor}
    return runs(_taken(connection, question, _MORE_TOLD), as_of)


def pairs_of(
    connection: Connection, *, parties: Iterable[str] = (), issues: Iterable[str] = ()
) -> list[Pair]:
    """Return every (party, issue) that a report ever told of, by issue, then party.

    Only of those `parties` and `issues`, where given.
    """
    query = select(position_pairs.c.party, position_pairs.c.issue).order_by(
        position_pairs.c.issue, position_pairs.c.party
    )
    if parties:
        query = query.where(position_pairs.c.party.in_(list(parties)))
    if issues:
        query = query.where(position_pairs.c.issue.in_(list(issues)))
    return [Pair(*row) for row in connection.execute(query)]


def told_at(
    connection: Connection,
    issue: str,
    parties: list[str],
    *,
    effective: int,
    seq: int,
    other_than: str,
    utterance: str | None,
    most: int,
) -> list[str]:
    """Return the ids of at most `most` reports of what any of the parties said of an issue.

    In log order: those with effect at just that instant (UTC microseconds) and believed at log
    position `seq`, other than one report and those marked as the same `utterance`, if given.
    """
    asked = {"issue": issue, "parties": parties, "effective": effective, "seq": seq}
    but = {"other_than": other_than, "utterance": utterance or "", "most": most}
    return [row.report for row in connection.execute(_TOLD_AT, asked | but)]


def _taken(
    connection: Connection, question: dict[str, Any], more: Prepared = _MORE_TAKEN
) -> Iterator[Claim]:
    """Yield the rows to reckon with, last to take effect first. Most answers need few."""
    return _all_after(connection, _FIRST_TAKEN.all(connection, **question), question, more)


def _all_after(
    connection: Connection,
    first: list[Claim],
    question: dict[str, Any],
    more: Prepared = _MORE_TAKEN,
) -> Iterator[Claim]:
    yield from first
    if len(first) == FIRST_ROWS:
        yield from more.in_parts(connection, 64, **question)
