"""What differs between two moments, and what made the difference."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from events import dates
from projections import differences, positions, reports, revisions, statuses
from projections.changes import Floors
from projections.differences import Axis, Step
from projections.log import Head
from projections.positions import Pair
from projections.revisions import Revision
from projections.runs import Claim, Run, counting_at
from service.answers.changes import opened_by, terms_of
from service.answers.positions import position_at_a_glance
from service.answers.revisions import causes, turns
from service.answers.shared import ATTRIBUTION_OF, Body
from service.answers.statuses import status_at_a_glance
from service.clocks import Clocks, TwoFloors
from service.links import url
from service.lookup import issue_id, party_id
from service.steps import moments


class Subject(NamedTuple):
    """Which questions to compare. None: every one; with a party, no statuses."""

    party: str | None = None
    issue: str | None = None


class Place(NamedTuple):
    """Where an entry is in the order of a difference: positions and terms, then statuses."""

    is_status: bool
    issue: str
    party: str  # empty for a status


@dataclass
class Entry:
    """One answer that differs, and what made it so."""

    part: str  # positions, terms or statuses
    place: Place
    before: Body
    after: Body
    steps: list[Body] = field(default_factory=list)  # if the world moved
    revisions: list[Revision] = field(default_factory=list)  # if our knowledge did


def difference(
    connection: Connection,
    head: Head,
    last: Clocks,
    question: Mapping[str, Any],
    *,
    after: Place | None = None,
    limit: int,
) -> tuple[Body, Place | None]:
    """Return at most `limit` answers that differ, and the place of the last if more follow.

    `question`: as `schemas.queries.StepPage` has it; `last`: the second of its moments.
    Raises NotFoundError, InvalidQueryError.
    """
    between = moments(connection, head, question, last)
    party, issue = question.get("party"), question.get("issue")
    subject = Subject(
        party=party and party_id(connection, party, last.seq, head),
        issue=issue and issue_id(connection, issue, head),
    )
    floors = TwoFloors.of(question)
    found = _entries(connection, between.step, floors.strengths, subject, after)
    some = list(islice(found, limit + 1))
    shown = some[:limit]
    query = subject._asdict() | between.pins() | floors.echo()
    links = {"self": url("diff", **query | {"seq": None}), "permalink": url("diff", **query)}
    body = between.echo() | floors.echo() | _lists(connection, shown) | {"links": links}
    return body, shown[-1].place if len(some) > limit else None


def _lists(connection: Connection, entries: Sequence[Entry]) -> dict[str, list[Body]]:
    """Return entries in the lists that they belong to, each with its causes."""
    why = causes(connection, (one for entry in entries for one in entry.revisions))
    kinds = reports.types_of(connection, {one["report"] for e in entries for one in e.steps})
    lists: dict[str, list[Body]] = {"positions": [], "terms": [], "statuses": []}
    for entry in entries:
        in_world = [{"type": kinds[one["report"]]} | one for one in entry.steps]
        in_log = [_flat(why[one.seq]) for one in entry.revisions]
        who = {"party": entry.place.party} if entry.place.party else {}
        told = {"before": entry.before, "after": entry.after, "causes": in_world + in_log}
        lists[entry.part].append(who | {"issue": entry.place.issue} | told)
    return lists


def _entries(
    connection: Connection, step: Step, floors: Floors, subject: Subject, after: Place | None
) -> Iterator[Entry]:
    """Yield what differs, in order, after `after`."""
    if after is None or not after.is_status:
        begin = Pair(after.party, after.issue) if after else None
        question = _POSITIONS._replace(floor=floors.positions)
        for pair in differences.pairs(
            connection, step, floor=question.floor, **subject._asdict(), after=begin
        ):
            place = Place(False, pair.issue, pair.party)
            yield from _compared(connection, step, question, place, pair)
    if subject.party is None:
        start = after.issue if after and after.is_status else ""
        question = _STATUSES._replace(floor=floors.statuses)
        for issue in differences.issues(
            connection, step, floor=question.floor, issue=subject.issue, after=start
        ):
            place = Place(True, issue, "")
            yield from _compared(connection, step, question, place, issue)


class _Question(NamedTuple):
    """What is asked at both moments, and how it is told."""

    part: str
    floor: int
    runs_until: Callable[..., Iterator[Run]]
    revisions: Callable[..., Iterator[Revision]]
    at_a_glance: Callable[[Run | None], Body]
    has_terms: bool


_POSITIONS = _Question(
    "positions",
    positions.FLOOR,
    positions.runs_until,
    revisions.of_position,
    position_at_a_glance,
    has_terms=True,
)
_STATUSES = _Question(
    "statuses",
    statuses.FLOOR,
    statuses.runs_until,
    revisions.of_status,
    status_at_a_glance,
    has_terms=False,
)


def _compared(
    connection: Connection, step: Step, question: _Question, place: Place, key: Any
) -> Iterator[Entry]:
    if step.axis is Axis.WORLD:
        runs = question.runs_until(
            connection, key, as_of=step.last, seq=step.fixed, floor=question.floor
        )
        yield from _in_world(question, place, runs, step.first)
    else:
        yield from _in_log(connection, step, question, place, key)


# If the world moved


def _in_world(
    question: _Question, place: Place, runs: Iterable[Run], first: int
) -> Iterator[Entry]:
    """Compare the newest of `runs` with the one that was at `first`."""
    begun: list[Run] = []
    then: Run | None = None
    for run in runs:
        if run.effect <= first:
            then = run
            break
        begun.append(run)
    now = begun[0] if begun else then
    before, after = question.at_a_glance(then), question.at_a_glance(now)
    steps = [_step(row, run) for run in reversed(begun) for row in opened_by(run)]
    if before != after:
        yield Entry(question.part, place, before, after, steps)
    elif question.has_terms and then and now and after["position"] is not None:
        old, new = terms_of(counting_at(then, first)), terms_of(now.latest)
        if old != new:
            steps = steps or [_step(row) for row in _turns_of_terms(now, first)]
            yield Entry("terms", place, old, new, steps)


def _step(row: Claim, run: Run | None = None) -> Body:
    lapsed: Body = {"type": "lapse"} if run and run.lapsed else {}
    at = run.effect if run else row.effective
    told = {"report": row.report, "at": dates.to_text(at)}
    return told | {"attribution": ATTRIBUTION_OF[row.strength]} | lapsed


def _turns_of_terms(run: Run, first: int) -> list[Claim]:
    """Return the rows of a run that changed its terms after `first`, oldest first."""
    counted = {row.effective: row for row in reversed(run.evidence) if row.effective > first}
    found = []
    before = counting_at(run, first)
    for row in counted.values():
        if terms_of(row) != terms_of(before):
            found.append(row)
        before = row
    return found


# If our knowledge moved


def _in_log(
    connection: Connection, step: Step, question: _Question, place: Place, key: Any
) -> Iterator[Entry]:
    """Compare the answers at two log positions; where they differ, all of those in between."""
    asked = {"as_of": step.fixed, "floor": question.floor}
    sides = [
        next(question.runs_until(connection, key, seq=seq, **asked), None)
        for seq in (step.first, step.last)
    ]

    def every() -> Iterator[Revision]:
        return question.revisions(connection, key, first=step.first, seq=step.last, **asked)

    glance = question.at_a_glance
    before, after = map(glance, sides)
    if before != after:
        found = [revision for revision, _ in turns(every(), glance)]
        yield Entry(question.part, place, before, after, revisions=found)
    elif question.has_terms and after["position"] is not None:
        old, new = map(_terms, sides)
        if old != new:
            found = [one for one, _ in turns(every(), lambda run: (glance(run), _terms(run)))]
            yield Entry("terms", place, old, new, revisions=found)


def _terms(run: Run | None) -> Body:
    """Return the terms of a declared position; empty where there is none."""
    return terms_of(run.latest) if run is not None and positions.is_declared(run) else {}


def _flat(why: Body) -> Body:
    """Return a cause in the log, with its place there."""
    cause: Body = why["cause"]
    return cause | {key: value for key, value in why.items() if key != "cause"}
