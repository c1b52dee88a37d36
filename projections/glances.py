"""Glances: where many parties stood on many issues at once, without the evidence.

One statement for all pairs of a party and an issue. For each it finds the row that counts, then
the last row before it that says otherwise, and so where the run began: the rules of `runs`, but
for lapses, which need every row. The few pairs with an offer that could have lapsed by then are
asked for one by one.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from projections.belief import believed
from projections.database import PARAMETERS
from projections.positions import FLOOR, Pair, position_of, position_pairs, positions
from projections.runs import Run


class Glance(NamedTuple):
    """Where a party stood on an issue, and since when."""

    says: str
    occurred: str  # the date given for what opened the run
    lapsed: str | None  # the day until which the offer stood; None: it did not lapse
    is_contested: bool


def glances(
    connection: Connection,
    *,
    parties: Iterable[str] = (),
    issues: Iterable[str] = (),
    as_of: int,
    seq: int,
    floor: int = FLOOR,
) -> dict[Pair, Glance]:
    """Return the glance of each pair that there is evidence for, by issue, then party.

    Of those `parties` and `issues`, where given. The others as for `position_of`.
    """
    asked = {"as_of": as_of, "seq": seq, "floor": floor}
    among = _Among(parties, issues)
    found = {
        Pair(party, issue): Glance(says, occurred, None, contested)
        for party, issue, says, occurred, contested in connection.execute(
            _GLANCES, asked | among.parameters
        )
    }
    may_lapse = connection.execute(_MAY_LAPSE, {"as_of": as_of} | among.parameters)
    for pair in {Pair(*row) for row in may_lapse}:
        answer = position_of(connection, pair, **asked)
        found.pop(pair, None)
        if answer.run is not None:
            found[pair] = of_run(answer.run, is_contested=bool(answer.against))
    return {pair: found[pair] for pair in sorted(found, key=_by_issue) if among.has(pair)}


_by_issue = attrgetter("issue", "party")


class _Among:
    """Some parties and issues, or any; where there are too many to list, any at first."""

    def __init__(self, parties: Iterable[str], issues: Iterable[str]) -> None:
        self._wanted = {"party": frozenset(parties), "issue": frozenset(issues)}
        listed = {name: ids for name, ids in self._wanted.items() if 0 < len(ids) <= PARAMETERS}
        self.parameters = {
            "parties": [*listed.get("party", ())],
            "issues": [*listed.get("issue", ())],
            "any_party": "party" not in listed,
            "any_issue": "issue" not in listed,
        }

    def has(self, pair: Pair) -> bool:
        """Tell whether a pair is among them."""
        parties, issues = self._wanted["party"], self._wanted["issue"]
        return (not parties or pair.party in parties) and (not issues or pair.issue in issues)


def _among(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of a table is of the parties and issues asked for."""
    return and_(
        or_(bindparam("any_party", type_=Boolean), table.c.party.in_(_listed("parties"))),
        or_(bindparam("any_issue", type_=Boolean), table.c.issue.in_(_listed("issues"))),
    )


def _listed(name: str) -> Any:
    return bindparam(name, expanding=True)


def of_run(run: Run, *, is_contested: bool = False) -> Glance:
    """Return what a run says."""
    opened: Any = run.opened_by
    return Glance(run.says, opened.occurred, opened.until if run.lapsed else None, is_contested)


def _of(row: FromClause, pair: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is of a pair, and one to reckon with."""
    return and_(
        row.c.party == pair.c.party,
        row.c.issue == pair.c.issue,
        row.c.strength >= bindparam("floor"),
        believed(row),
    )


def _place_at(pair: FromClause, at: ColumnElement[int]) -> ColumnElement[int]:
    """Return which of the rows of a pair at an instant counts, by the place of its report."""
    row = positions.alias()
    return (
        select(row.c.place)
        .where(_of(row, pair), row.c.effective == at)
        .order_by(row.c.strength.desc(), row.c.place.desc())
        .limit(1)
        .correlate(pair)
        .scalar_subquery()
    )


def _the_last() -> CTE:
    """Return each pair with the instant of the row that counts."""
    row = positions.alias()
    at = (
        select(row.c.effective)
        .where(_of(row, position_pairs), row.c.effective <= bindparam("as_of"))
        .order_by(row.c.effective.desc())
        .limit(1)
    )
    pair = position_pairs.c.party, position_pairs.c.issue
    query = select(*pair, at.scalar_subquery().label("at")).where(_among(position_pairs))
    return _once(query, "last")


def _what_counts(last: CTE) -> CTE:
    """Return each pair with the row that counts, and the last instant that says otherwise."""
    top, other = positions.alias(), positions.alias()
    before = (
        select(other.c.effective)
        .where(
            _of(other, top),
            other.c.effective < top.c.effective,
            other.c.says != top.c.says,
            other.c.place == _place_at(other, other.c.effective),
        )
        .order_by(other.c.effective.desc())
        .limit(1)
    )
    columns = (top.c[name] for name in ("party", "issue", "says", "report", "earliest"))
    counts = and_(
        _of(top, last), top.c.effective == last.c.at, top.c.place == _place_at(last, last.c.at)
    )
    chosen = select(*columns, before.scalar_subquery().label("before"))
    return _once(chosen.join_from(last, top, counts), "counts")


def _told(counts: CTE) -> Select[Any]:
    """Return the glances."""
    opened, against = positions.alias(), positions.alias()
    occurred = (
        select(opened.c.occurred)
        .where(_of(opened, counts), opened.c.effective > func.coalesce(counts.c.before, -(2**62)))
        .order_by(opened.c.effective, opened.c.strength.desc(), opened.c.place.desc())
        .limit(1)
        .scalar_subquery()
    )
    contested = exists().where(
        _of(against, counts),
        against.c.effective >= counts.c.earliest,
        against.c.effective <= bindparam("as_of"),
        against.c.says != counts.c.says,
        against.c.report != counts.c.report,
    )
    pair = counts.c.party, counts.c.issue
    return select(*pair, counts.c.says, occurred.label("occurred"), contested.label("contested"))


def _once(query: Select[Any], name: str) -> CTE:
    """Return a query whose columns are worked out once, however often they are used."""
    return query.cte(name).prefix_with("MATERIALIZED")


_GLANCES = _told(_what_counts(_the_last()))
_MAY_LAPSE = select(positions.c.party, positions.c.issue).where(  # SQLite scans all for DISTINCT
    positions.c.until_end < bindparam("as_of"), _among(positions)
)
