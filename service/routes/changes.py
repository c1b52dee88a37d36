"""What changed, when, on whose word."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE
from sqlalchemy import Connection

from events import dates
from events.vocabulary import POSITION_FLOOR
from projections.changes import Key, Window
from projections.log import Head
from service import answers
from service.answers.shared import known
from service.clocks import Clocks, TwoFloors
from service.http import Api, asking, json
from service.links import url
from service.lookup import issue_id, party_id
from service.paging import page_of
from service.schemas import audit as shapes
from service.schemas.queries import ChangePage

api = Api("changes", __name__, url_prefix="/v1", description="What changed, and why.")

SINCE_EVER = dates.bounds_of("0001").earliest


@api.route("/changes")
@api.arguments(ChangePage, location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes(parameters: dict[str, Any]) -> Response:
    """Which positions, terms and statuses changed in a window? Oldest first."""
    return _changes(parameters)


@api.route("/parties/<party>/changes")
@api.arguments(ChangePage(exclude=("party",)), location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes_of_party(parameters: dict[str, Any], party: str) -> Response:
    """Which of this party's positions, and their terms, changed in a window? Oldest first."""
    return _changes(parameters, party=party)


@api.route("/issues/<issue>/changes")
@api.arguments(ChangePage(exclude=("issue",)), location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes_on_issue(parameters: dict[str, Any], issue: str) -> Response:
    """What changed about this issue in a window: positions, terms, its status? Oldest first."""
    return _changes(parameters, issue=issue)


def _changes(parameters: dict[str, Any], **address: str) -> Response:
    page = page_of(parameters, request.path, key=(int, str, str))
    question = page.question | address
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        floors = TwoFloors.of(question)
        window = _window(connection, head, clocks, question)
        found, last = answers.changes_in(
            connection,
            window,
            seq=clocks.seq,
            floors=floors.strengths,
            kind=question.get("kind"),
            after=Key(*page.after) if page.after else None,
            limit=page.limit,
        )
        ends = {
            "from": None if window.first == SINCE_EVER else dates.to_text(window.first),
            "to": dates.to_text(window.last),
        }
        return json(
            ends
            | known(clocks)
            | floors.echo()
            | {
                "changes": found,
                "next": page.next(clocks, list(last)) if last else None,
                "links": _links(
                    window,
                    address,
                    {"kind": question.get("kind")} | ends | floors.echo(),
                    clocks.seq,
                ),
            }
        )


def _window(connection: Connection, head: Head, clocks: Clocks, question: dict[str, Any]) -> Window:
    party, issue = question.get("party"), question.get("issue")
    first, last = question.get("from_"), question.get("to")
    return Window(
        first=SINCE_EVER if first is None else first,
        last=clocks.as_of if last is None else last,
        party=party and party_id(connection, party, clocks.seq, head),
        issue=issue and issue_id(connection, issue, head),
    )


def _links(
    window: Window, address: dict[str, str], query: dict[str, Any], seq: int
) -> dict[str, str]:
    folders = {"party": "parties", "issue": "issues"}
    subject = {name: getattr(window, name) for name in folders}
    path = [part for name in address for part in (folders[name], subject[name])]
    query = {name: key for name, key in subject.items() if name not in address} | query
    return {
        "self": url(*path, "changes", **query),
        "permalink": url(*path, "changes", **query, seq=seq),
    }
