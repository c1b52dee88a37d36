"""The question: the position of a party on an issue."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE
from sqlalchemy import Connection

from events.vocabulary import POSITION_FLOOR
from projections import catalog
from projections.positions import Pair
from service import answers, memento
from service.answers import Body
from service.answers.shared import links, proposition_of
from service.clocks import Clocks
from service.http import Api, asking, json
from service.lookup import issue_id, pair_and_proposition, pair_of, party_id
from service.paging import Page, page_of
from service.schemas import answers as shapes
from service.schemas.queries import History, InheritingMoment, InheritingPage, PositionPage

api = Api("positions", __name__, url_prefix="/v1", description="Who stood where, and why.")


@api.route("/parties/<party>/positions/<issue>")
@api.arguments(InheritingMoment, location="query", unknown=RAISE)
@api.response(200, shapes.PositionAnswer)
def position(moment: dict[str, Any], party: str, issue: str) -> Response:
    """What was the position of this party on this issue, and which reports say so?"""
    asked = moment["asked"]
    with asking(asked, POSITION_FLOOR) as (connection, head, clocks):
        pair, proposition = pair_and_proposition(connection, party, issue, clocks.seq, head)
        first = memento.first_of(connection, clocks, party=pair.party, issue=pair.issue)
        known = memento.negotiated(connection, asked, clocks, first)
        if known.seq != clocks.seq:
            proposition = proposition_of(connection, pair.issue, known.seq)
        body = answers.position(connection, pair, proposition, known, inherit=moment["inherit"])
        return memento.announced(json(body), body, asked)


@api.route("/parties/<party>/positions/<issue>/history")
@api.arguments(History, location="query", unknown=RAISE)
@api.response(200, shapes.PositionHistoryAnswer)
def position_history(moment: dict[str, Any], party: str, issue: str) -> Response:
    """How did the position of this party on this issue change, over all time?"""
    return json(history_of(moment, party, issue))


@api.route("/positions")
@api.arguments(PositionPage, location="query", unknown=RAISE)
@api.response(200, shapes.PositionListAnswer)
def positions_on_record(parameters: dict[str, Any]) -> Response:
    """Which positions were on record? By issue, then party."""
    return json(list_of_all(parameters))


@api.route("/parties/<party>/positions")
@api.arguments(InheritingPage, location="query", unknown=RAISE)
@api.response(200, shapes.PositionListAnswer)
def positions_of_party(parameters: dict[str, Any], party: str) -> Response:
    """Where did this party stand on every issue?"""
    return json(list_of_party(parameters, party))


@api.route("/issues/<issue>/positions")
@api.arguments(InheritingPage, location="query", unknown=RAISE)
@api.response(200, shapes.PositionListAnswer)
def positions_on_issue(parameters: dict[str, Any], issue: str) -> Response:
    """Where did every party stand on this issue?"""
    return json(list_on_issue(parameters, issue))


def history_of(moment: dict[str, Any], party: str, issue: str) -> Body:
    """Answer with all runs of a position."""
    with asking(moment["asked"], POSITION_FLOOR) as (connection, head, clocks):
        pair = pair_of(connection, party, issue, clocks.seq, head)
        return answers.position_history(connection, pair, clocks)


def list_of_party(parameters: dict[str, Any], party: str) -> Body:
    """Answer with the positions of a party on every issue, by issue."""
    page = page_of(parameters, request.path)
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        key = party_id(connection, party, clocks.seq, head)
        ids = _ids(connection, "issue", clocks, page)
        pairs = [Pair(key, issue) for issue in ids[: page.limit]]
        path = ["parties", key, "positions"]
        return {"party": key} | _listed(connection, page, clocks, pairs, path=path, ids=ids)


def list_on_issue(parameters: dict[str, Any], issue: str) -> Body:
    """Answer with the positions of every party on an issue, by party."""
    page = page_of(parameters, request.path)
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        ids = _ids(connection, "party", clocks, page)
        pairs = [Pair(party, key) for party in ids[: page.limit]]
        path = ["issues", key, "positions"]
        return {"issue": key} | _listed(connection, page, clocks, pairs, path=path, ids=ids)


def list_of_all(parameters: dict[str, Any]) -> Body:
    """Answer with the positions on record, by issue, then party."""
    page = page_of(parameters, request.path, key=(str, str))
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        party, issue = page.question.get("party"), page.question.get("issue")
        wanted = {
            "party": party and party_id(connection, party, clocks.seq, head),
            "issue": issue and issue_id(connection, issue, head),
        }
        found, last = answers.positions_on_record(
            connection, clocks, **wanted, after=page.after, limit=page.limit
        )
        return clocks.echo() | {
            "positions": found,
            "next": page.next(clocks, last) if last else None,
            "links": links(["positions"], clocks, query=wanted),
        }


def _ids(connection: Connection, kind: str, clocks: Clocks, page: Page) -> list[str]:
    """Return the ids of one page of parties or issues, and of the one after it."""
    after = (page.after or [""])[0]
    versions = catalog.versions(connection, kind, clocks.seq, after=after, count=page.limit + 1)
    return [version.record["id"] for version in versions]


def _listed(
    connection: Connection,
    page: Page,
    clocks: Clocks,
    pairs: list[Pair],
    *,
    path: list[str],
    ids: list[str],
) -> Body:
    inherit = page.question.get("inherit", False)
    more = len(ids) > page.limit
    return clocks.echo() | {
        "positions": answers.positions_among(connection, pairs, clocks, inherit=inherit),
        "next": page.next(clocks, [ids[page.limit - 1]]) if more else None,
        "links": links(path, clocks, inherit=inherit),
    }
