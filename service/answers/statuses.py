"""How far each issue had come, and why."""

from typing import Any

from sqlalchemy import Connection

from events import dates
from events.vocabulary import USUAL_NEXT
from projections import statuses
from projections.glances import glances
from projections.runs import Run
from service.answers.positions import standing
from service.answers.shared import (
    Body,
    evidence,
    history_links,
    known,
    links,
    proposition_of,
    segment,
    weight,
)
from service.clocks import Clocks


def status(connection: Connection, issue: str, clocks: Clocks) -> Body:
    """Return how far an issue has come, which reports say so, and how the positions lie."""
    told = status_alone(connection, issue, clocks)
    return told | {"alignment": alignment(_positions_declared(connection, issue, clocks))}


def status_alone(connection: Connection, issue: str, clocks: Clocks) -> Body:
    """Return how far an issue has come, and which reports say so."""
    found = statuses.status_of(
        connection, issue, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )
    run = found.run
    counts: Any = run.latest if run else None
    return (
        {"issue": issue, "proposition": proposition_of(connection, issue, clocks.seq)}
        | clocks.echo()
        | status_at_a_glance(run)
        | {
            "effect": dates.to_text(run.effect) if run else None,
            "note": counts.note if counts else None,
            "contested": bool(found.against),
            "against": evidence(found.against, "status"),
            "unusual_transition": is_unusual(found.previous, run),
            **weight(found, "status"),
            "previous": status_at_a_glance(found.previous) if found.previous else None,
            "links": links(["issues", issue, "status"], clocks, history="history"),
        }
    )


def status_history(connection: Connection, issue: str, clocks: Clocks) -> Body:
    """Return all runs of an issue's status, oldest first."""
    found = statuses.history_of(connection, issue, seq=clocks.seq, floor=clocks.strength)
    segments = [
        segment(run, status_at_a_glance) | {"unusual_transition": is_unusual(before, run)}
        for before, run in zip([None, *found], found, strict=False)
    ]
    return (
        {"issue": issue, "proposition": proposition_of(connection, issue, clocks.seq)}
        | known(clocks)
        | {
            "segments": segments,
            "links": history_links(["issues", issue, "status", "history"], clocks),
        }
    )


def alignment(declared: list[str]) -> str:
    """Return how the declared positions on an issue lie to one another."""
    held = set(declared)
    if len(declared) < 2 or held == {"neutral"}:
        return "thin"
    if {"support", "oppose"} <= held:
        return "opposed"
    if held & {"support", "conditional_support"} and held & {"oppose", "conditional_oppose"}:
        return "split"
    return "aligned" if held in ({"support"}, {"oppose"}) else "converging"


def _positions_declared(connection: Connection, issue: str, clocks: Clocks) -> list[str]:
    """Return the position of each party that has one.

    At the default floor of positions, whatever the floor of the question: that one is about
    statuses, and a permalink pins it.
    """
    found = glances(connection, issues=[issue], as_of=clocks.as_of, seq=clocks.seq)
    standings = (standing(glance) for glance in found.values())
    return [one["position"] for one in standings if one["state"] == "declared"]


def status_at_a_glance(run: Run | None) -> Body:
    """Return state, status and since of a run; None: nobody reported anything."""
    if run is None:
        return {"state": "unreported", "status": None, "since": None}
    opened: Any = run.opened_by
    return {"state": "reported", "status": run.says, "since": opened.occurred}


def is_unusual(before: Run | None, run: Run | None) -> bool:
    """Tell whether the step from a run to the next is not a usual one. A first never is."""
    return before is not None and run is not None and run.says not in USUAL_NEXT[before.says]
