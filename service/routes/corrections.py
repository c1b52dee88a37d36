"""What we took back: every correction, retraction and reinstatement, for all to see."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from service import answers
from service.http import Api, asking, json
from service.paging import page_of
from service.schemas import corrections as shapes
from service.schemas.queries import CorrectionPage

api = Api("corrections", __name__, url_prefix="/v1", description="What we took back.")


@api.route("/corrections")
@api.arguments(CorrectionPage, location="query", unknown=RAISE)
@api.response(200, shapes.CorrectionListAnswer)
def corrections(parameters: dict[str, Any]) -> Response:
    """Which reports were corrected, retracted or reinstated, and why? Newest first."""
    return json(list_of(parameters))


def list_of(parameters: dict[str, Any]) -> answers.Body:
    """Answer with corrections."""
    page = page_of(parameters, request.path, key=(int,))
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        found, last = answers.correction_list(
            connection,
            head,
            clocks,
            page.question,
            before=page.after[0] if page.after else None,
            limit=page.limit,
        )
        return found | {"next": None if last is None else page.next(clocks, [last])}
