"""What changed, when, on whose word."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from projections.changes import Key
from service import answers
from service.http import Api, asking, json
from service.paging import page_of
from service.schemas import audit as shapes
from service.schemas.queries import ChangePage

api = Api("changes", __name__, url_prefix="/v1", description="What changed, and why.")


@api.route("/changes")
@api.arguments(ChangePage, location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes(parameters: dict[str, Any]) -> Response:
    """Which positions, terms and statuses changed in a window? Oldest first."""
    return json(list_of(parameters))


@api.route("/parties/<party>/changes")
@api.arguments(ChangePage(exclude=("party",)), location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes_of_party(parameters: dict[str, Any], party: str) -> Response:
    """Which of this party's positions, and their terms, changed in a window? Oldest first."""
    return json(list_of(parameters, party=party))


@api.route("/issues/<issue>/changes")
@api.arguments(ChangePage(exclude=("issue",)), location="query", unknown=RAISE)
@api.response(200, shapes.ChangeListAnswer)
def changes_on_issue(parameters: dict[str, Any], issue: str) -> Response:
    """What changed about this issue in a window: positions, terms, its status? Oldest first."""
    return json(list_of(parameters, issue=issue))


def list_of(parameters: dict[str, Any], **address: str) -> answers.Body:
    """Answer with changes. `address`: the party or issue that the path names."""
    page = page_of(parameters, request.path, key=(int, str, str))
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        found, last = answers.change_list(
            connection,
            head,
            clocks,
            page.question | address,
            address=list(address),
            after=Key(*page.after) if page.after else None,
            limit=page.limit,
        )
        return found | {"next": page.next(clocks, list(last)) if last else None}
