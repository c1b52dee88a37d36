"""The dates at which something changed: where the as-of control can stop."""

from typing import Any, NamedTuple

from flask import Response, request
from sqlalchemy import Connection

from events import dates
from projections import reports
from projections.changes import Window, changes, nearest
from projections.positions import pairs_of
from service.answers.changes import SINCE_EVER
from service.http import json
from service.lookup import issue_id, party_id
from service.pages.view import View, pages, viewing
from service.pages.words import day_of

MOST_LOOKS = 5000
"""Positions at instants that are looked at for changes; of more, the dates of reports are told."""

MOST_STOPS = 2000


class Around(NamedTuple):
    """The days of the nearest changes before and after the day that is asked about."""

    before: str | None
    after: str | None


def around(
    connection: Connection, view: View, *, party: str | None = None, issue: str | None = None
) -> Around:
    """Return where a step back and a step forward lead to."""
    first_of_day = dates.bounds_of(view.day).earliest
    asked: dict[str, Any] = {"seq": view.clocks.seq, "floors": view.floors.strengths}
    back = Window(SINCE_EVER, first_of_day - 1, party, issue)
    before = nearest(connection, back, **asked, newest_first=True)
    ahead = Window(view.clocks.as_of + 1, dates.END_OF_TIME, party, issue)
    after = nearest(connection, ahead, **asked)
    return Around(
        None if before is None else day_of(before), None if after is None else day_of(after)
    )


@pages.get("/stops.json")
def stops() -> Response:
    """Every day at which something changed, or, of what is told of often, took effect."""
    with viewing() as (connection, view):
        seq = view.clocks.seq
        party, issue = request.args.get("party") or None, request.args.get("issue") or None
        subject = {
            "party": party and party_id(connection, party, seq, view.head),
            "issue": issue and issue_id(connection, issue, view.head),
        }
        instants = reports.instants_of_effect(connection, seq=seq, **subject, count=MOST_STOPS)
        pairs = pairs_of(
            connection,
            parties=[subject["party"]] if subject["party"] else (),
            issues=[subject["issue"]] if subject["issue"] else (),
        )
        is_exact = len(instants) * len(pairs) <= MOST_LOOKS
        if is_exact:
            window = Window(SINCE_EVER, dates.END_OF_TIME, **subject)
            found = changes(connection, window, seq=seq, floors=view.floors.strengths)
            instants = [key.at for key, _ in found]
        days = list(dict.fromkeys(map(day_of, instants)))
    return json({"stops": days, "are_changes": is_exact})
