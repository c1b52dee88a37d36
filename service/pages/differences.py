"""What differs between two dates: in the world, or in what was known."""

from dataclasses import asdict
from typing import Any

from flask import request

from events import dates
from events.vocabulary import POSITION_FLOOR
from projections.differences import Axis
from service import answers, steps
from service.clocks import Asked
from service.http import asking
from service.pages.stops import around
from service.pages.view import CLOCKS, View, given_among, loaded, names, pages, render, viewing
from service.pages.words import day_of
from service.schemas.queries import StepPage

WORLD = ("from", "to")
KNOWLEDGE = ("known_from", "known_to", "seq_from", "seq_to")
SUBJECT = ("party", "issue")
MOST = 100

_STEP = StepPage()


@pages.get("/diff")
def diff() -> str:
    """What did the world change between two dates, or what did we learn between two?"""
    with viewing() as (connection, view):
        nearest = around(connection, view)
        parties, titles = names(connection, view)
    question = _question(view, nearest.before)
    found = _difference(question) if question else None
    return render(
        "diff.html",
        view,
        title="What changed",
        around=nearest,
        found=found,
        axis=request.args.get("clock") or (found["axis"] if found else "world"),
        asked=question or {},
        parties=parties,
        titles=titles,
    )


def _question(view: View, before: str | None) -> dict[str, Any] | None:
    """Return the parameters of the difference asked for; of none, of the last change.

    The form has one pair of dates, and `clock` says which of the two clocks they move.
    """
    given = given_among(_NAMES)
    if request.args.get("clock") == "knowledge":
        given = {{"from": "known_from", "to": "known_to"}.get(k, k): v for k, v in given.items()}
    ends = [name for name in (*WORLD, *KNOWLEDGE) if name in given]
    if not ends:
        if before is None:
            return None
        given |= {"from": _day_before(before), "to": view.day}
        given.pop("as_of", None)
        ends = list(WORLD)
    moving = CLOCKS[1:3] if set(ends) & set(KNOWLEDGE) else CLOCKS[:1]
    return {name: text for name, text in given.items() if name not in moving}


def _day_before(day: str) -> str:
    """Return the day before one, or the first that there is: both as YYYY-MM-DD."""
    return day_of(max(dates.bounds_of(day).earliest - 1, dates.bounds_of("0001-01-01").earliest))


_NAMES = (*WORLD, *KNOWLEDGE, *SUBJECT, *CLOCKS)


def _difference(question: dict[str, Any]) -> answers.Body:
    parameters = _spread(loaded(_STEP, question))
    axis = steps.axis_of(parameters)
    last_asked = steps.last_asked(axis, parameters)
    with asking(last_asked, POSITION_FLOOR, steps.NAMES[axis]) as (connection, head, last):
        found, end = answers.difference(connection, head, last, parameters, limit=MOST)
    return found | {"has_more": end is not None, "is_world": axis is Axis.WORLD}


def _spread(parameters: dict[str, Any]) -> dict[str, Any]:
    asked: Asked = parameters["asked"]
    return {k: v for k, v in parameters.items() if k != "asked"} | asdict(asked)
