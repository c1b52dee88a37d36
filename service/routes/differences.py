"""What differs between two moments."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from service import answers, steps
from service.answers.differences import Place
from service.http import Api, asking, json
from service.paging import FIRST, page_of
from service.schemas import audit as shapes
from service.schemas.queries import StepPage

api = Api("differences", __name__, url_prefix="/v1", description="What differs, and why.")


@api.route("/diff")
@api.arguments(StepPage, location="query", unknown=RAISE)
@api.response(200, shapes.DifferenceAnswer)
def diff(parameters: dict[str, Any]) -> Response:
    """What did the world change between two dates, or what did we learn between two?

    Exactly one clock moves: from and to, or known_from and known_to.
    """
    return json(difference_of(parameters))


def difference_of(parameters: dict[str, Any]) -> answers.Body:
    """Answer with what differs."""
    page = page_of(parameters, request.path, key=(bool, str, str))
    axis = steps.axis_of(page.question)
    asked = page.clocks if page.after else steps.last_asked(axis, page.question)
    with asking(asked, POSITION_FLOOR, steps.NAMES[axis]) as (connection, head, last):
        found, end = answers.difference(
            connection,
            head,
            last,
            page.question,
            after=Place(*page.after) if page.after else None,
            limit=page.limit,
        )
        page.question[FIRST] = found["from"]
        return found | {"next": page.next(last, list(end)) if end else None}
