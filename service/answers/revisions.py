"""How an answer came to be what it is, and what made it so."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from events import dates
from projections import reports, revisions
from projections.positions import Pair
from projections.revisions import Revision
from projections.runs import Run
from service.answers.positions import position_at_a_glance
from service.answers.records import cause_of
from service.answers.shared import Body, links, proposition_of
from service.answers.statuses import status_at_a_glance
from service.clocks import Clocks


def position_revisions(
    connection: Connection, pair: Pair, clocks: Clocks, *, after: int = 0, limit: int
) -> tuple[Body, int | None]:
    """Return at most `limit` revisions after log position `after`, and the last if more follow."""
    every = revisions.of_position(
        connection, pair, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )
    rows, last = _page(connection, turns(every, position_at_a_glance), after, limit)
    path = ["parties", pair.party, "positions", pair.issue, "revisions"]
    return pair._asdict() | _told(connection, pair.issue, clocks, path, rows), last


def status_revisions(
    connection: Connection, issue: str, clocks: Clocks, *, after: int = 0, limit: int
) -> tuple[Body, int | None]:
    """Return the same for the status of an issue."""
    every = revisions.of_status(
        connection, issue, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )
    rows, last = _page(connection, turns(every, status_at_a_glance), after, limit)
    path = ["issues", issue, "status", "revisions"]
    return {"issue": issue} | _told(connection, issue, clocks, path, rows), last


def _told(
    connection: Connection, issue: str, clocks: Clocks, path: list[str], rows: list[Body]
) -> Body:
    return (
        {"proposition": proposition_of(connection, issue, clocks.seq)}
        | clocks.echo()
        | {"revisions": rows, "links": links(path, clocks)}
    )


def turns(
    every: Iterable[Revision], told: Callable[[Run | None], Any]
) -> Iterator[tuple[Revision, Any]]:
    """Yield the revisions at which what is told of the answer's run became another, with that."""
    before: Any = None
    for i, revision in enumerate(every):
        now = told(revision.answer.run)
        if i and now != before:
            yield revision, now
        before = now


def causes(connection: Connection, of: Iterable[Revision]) -> dict[int, Body]:
    """Return what was recorded at each revision's log position, and why, by that position."""
    recorded = [(revision.report, revision.seq) for revision in of]
    return {
        seq: {
            "seq": seq,
            "recorded_at": dates.to_text(version.recorded_at),
            "recorded_by": version.recorded_by,
            "cause": {"report": version.record["id"]} | cause_of(version),
        }
        for seq, version in reports.versions_at(connection, recorded).items()
    }


def _page(
    connection: Connection, found: Iterable[tuple[Revision, Body]], after: int, limit: int
) -> tuple[list[Body], int | None]:
    later = ((revision, glance) for revision, glance in found if revision.seq > after)
    some = list(islice(later, limit + 1))
    shown = some[:limit]
    why = causes(connection, (revision for revision, _ in shown))
    rows = []
    for revision, glance in shown:
        told = why[revision.seq]
        cause = told.pop("cause")
        rows.append(told | glance | {"cause": cause})
    return rows, shown[-1][0].seq if len(some) > limit else None
