"""How an answer came to be what it is."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR, STATUS_FLOOR
from service import answers
from service.http import Api, asking, json
from service.lookup import issue_id, pair_of
from service.paging import page_of
from service.schemas import audit as shapes
from service.schemas.queries import MomentPage

api = Api("revisions", __name__, url_prefix="/v1", description="What was believed before.")


@api.route("/parties/<party>/positions/<issue>/revisions")
@api.arguments(MomentPage, location="query", unknown=RAISE)
@api.response(200, shapes.RevisionListAnswer)
def position_revisions(parameters: dict[str, Any], party: str, issue: str) -> Response:
    """How did our answer for this date come to be what it is? Oldest first."""
    return json(of_position(parameters, party, issue))


@api.route("/issues/<issue>/status/revisions")
@api.arguments(MomentPage, location="query", unknown=RAISE)
@api.response(200, shapes.StatusRevisionListAnswer)
def status_revisions(parameters: dict[str, Any], issue: str) -> Response:
    """How did our answer about this issue's status come to be what it is? Oldest first."""
    return json(of_status(parameters, issue))


def of_position(parameters: dict[str, Any], party: str, issue: str) -> answers.Body:
    """Answer with the revisions of a position."""
    page = page_of(parameters, request.path, key=(int,))
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        pair = pair_of(connection, party, issue, clocks.seq, head)
        found, last = answers.position_revisions(
            connection, pair, clocks, after=(page.after or [0])[0], limit=page.limit
        )
        return found | {"next": page.next(clocks, [last]) if last else None}


def of_status(parameters: dict[str, Any], issue: str) -> answers.Body:
    """Answer with the revisions of a status."""
    page = page_of(parameters, request.path, key=(int,))
    with asking(page.clocks, STATUS_FLOOR) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        found, last = answers.status_revisions(
            connection, key, clocks, after=(page.after or [0])[0], limit=page.limit
        )
        return found | {"next": page.next(clocks, [last]) if last else None}
