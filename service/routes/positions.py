"""The question: the position of a party on an issue."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE
from sqlalchemy import Connection

from events.vocabulary import POSITION_FLOOR
from projections import catalog
from projections.log import Head
from projections.positions import Pair
from service import answers
from service.clocks import Clocks
from service.http import Api, asking, json
from service.lookup import issue_id, party_id
from service.paging import page_of
from service.schemas import answers as shapes
from service.schemas.queries import History, InheritingMoment, InheritingPage

api = Api("positions", __name__, url_prefix="/v1", description="Who stood where, and why.")


@api.route("/parties/<party>/positions/<issue>")
@api.arguments(InheritingMoment, location="query", unknown=RAISE)
@api.response(200, shapes.PositionAnswer)
def position(moment: dict[str, Any], party: str, issue: str) -> Response:
    """What was the position of this party on this issue, and which reports say so?"""
    with asking(moment["asked"], POSITION_FLOOR) as (connection, head, clocks):
        pair = _pair(connection, party, issue, clocks, head)
        return json(answers.position(connection, pair, clocks, inherit=moment["inherit"]))


@api.route("/parties/<party>/positions/<issue>/history")
@api.arguments(History, location="query", unknown=RAISE)
@api.response(200, shapes.PositionHistoryAnswer)
def position_history(moment: dict[str, Any], party: str, issue: str) -> Response:
    """How did the position of this party on this issue change, over all time?"""
    with asking(moment["asked"], POSITION_FLOOR) as (connection, head, clocks):
        pair = _pair(connection, party, issue, clocks, head)
        return json(answers.position_history(connection, pair, clocks))


@api.route("/parties/<party>/positions")
@api.arguments(InheritingPage, location="query", unknown=RAISE)
@api.response(200, shapes.PositionListAnswer)
def positions_of_party(parameters: dict[str, Any], party: str) -> Response:
    """Where did this party stand on every issue?"""
    return _list(parameters, "issue", party=party)


@api.route("/issues/<issue>/positions")
@api.arguments(InheritingPage, location="query", unknown=RAISE)
@api.response(200, shapes.PositionListAnswer)
def positions_on_issue(parameters: dict[str, Any], issue: str) -> Response:
    """Where did every party stand on this issue?"""
    return _list(parameters, "party", issue=issue)


def _pair(connection: Connection, party: str, issue: str, clocks: Clocks, head: Head) -> Pair:
    return Pair(party_id(connection, party, clocks.seq, head), issue_id(connection, issue, head))


def _list(
    parameters: dict[str, Any], kind: str, party: str | None = None, issue: str | None = None
) -> Response:
    """Answer for one party or issue, and every one of the other `kind`, by id."""
    page = page_of(parameters, request.path)
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        fixed = (
            {"party": party_id(connection, party, clocks.seq, head)}
            if party is not None
            else {"issue": issue_id(connection, issue or "", head)}
        )
        versions = catalog.versions(
            connection, kind, clocks.seq, after=(page.after or [""])[0], count=page.limit + 1
        )
        ids = [version.record["id"] for version in versions]
        pairs = [Pair(**{kind: key}, **fixed) for key in ids[: page.limit]]
        more = len(ids) > page.limit
        return json(
            fixed
            | clocks.echo()
            | {
                "positions": answers.positions_among(
                    connection, pairs, clocks, inherit=page.question.get("inherit", False)
                ),
                "next": page.next(clocks, [ids[page.limit - 1]]) if more else None,
            }
        )
