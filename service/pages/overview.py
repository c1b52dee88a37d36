"""The front page: what is tracked, and what changed last."""

from collections import Counter
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from events.vocabulary import POSITIONS
from projections import glances, statuses
from projections.changes import Window, changes
from projections.glances import Glance
from service import answers
from service.answers.changes import SINCE_EVER, change
from service.answers.positions import standing
from service.answers.statuses import alignment, status_at_a_glance
from service.pages.stops import around
from service.pages.view import View, names, pages, render, versions, viewing

NEWEST = 12


@pages.get("/")
def overview() -> str:
    """What is tracked, and what changed last?"""
    with viewing() as (connection, view):
        told = tally(connection, view)
        issues = [
            {
                "record": version.record,
                "status": _status(connection, version.record["id"], view),
                **told.get(version.record["id"], tally_of([])),
            }
            for version in versions(connection, "issue", view)
        ]
        issues.sort(key=_most_spoken_of)
        window = Window(SINCE_EVER, view.clocks.as_of)
        found = changes(
            connection,
            window,
            seq=view.clocks.seq,
            floors=view.floors.strengths,
            newest_first=True,
        )
        parties, titles = names(connection, view)
        return render(
            "overview.html",
            view,
            around=around(connection, view),
            issues=issues,
            changes=[change(*one) for one in islice(found, NEWEST)],
            parties=parties,
            titles=titles,
        )


def _most_spoken_of(issue: dict[str, Any]) -> tuple[int, str]:
    return -sum(issue["counts"].values()), issue["record"]["title"].casefold()


def tally(connection: Connection, view: View, **among: list[str]) -> dict[str, dict[str, Any]]:
    """Return how many parties hold each position, and how these lie to one another, by issue."""
    clocks = view.clocks
    found = glances.glances(
        connection, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength, **among
    )
    by_issue: dict[str, list[Glance]] = {}
    for pair, glance in found.items():
        by_issue.setdefault(pair.issue, []).append(glance)
    return {issue: tally_of(some) for issue, some in by_issue.items()}


def tally_of(some: list[Glance]) -> dict[str, Any]:
    """Return the same of one issue."""
    stands = [standing(glance) for glance in some]
    declared = [one["position"] for one in stands if one["state"] == "declared"]
    counts = Counter(declared)
    return {
        "counts": {name: counts[name] for name in POSITIONS if counts[name]},
        "lapsed": sum(one["state"] == "lapsed" for one in stands),
        "contested": sum(glance.is_contested for glance in some),
        "alignment": alignment(declared),
    }


def _status(connection: Connection, issue: str, view: View) -> answers.Body:
    clocks = view.of_statuses
    found = statuses.status_of(
        connection, issue, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )
    return status_at_a_glance(found.run)
