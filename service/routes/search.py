"""Search: which reports have these words, and how many there are of what."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from service import answers, lookup
from service.http import Api, asking, json
from service.paging import page_of
from service.schemas import answers as shapes
from service.schemas.queries import SearchPage

api = Api("search", __name__, url_prefix="/v1", description="What was reported, by its words.")


@api.route("/search")
@api.arguments(SearchPage, location="query", unknown=RAISE)
@api.response(200, shapes.SearchAnswer)
def search_reports(parameters: dict[str, Any]) -> Response:
    """Which reports have these words? In order of effect, with how many there are of what."""
    return json(found_by(parameters))


def found_by(parameters: dict[str, Any]) -> answers.Body:
    """Answer with a page of the reports that were searched for, and the facets of all of them."""
    page = page_of(parameters, request.path, key=(int, int))
    asked = page.question
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        wanted = lookup.reports_wanted(connection, asked, clocks.seq, head)
        after = (page.after[0], min(page.after[1], head.seq)) if page.after else None
        body, last = answers.search_list(
            connection, asked, wanted, clocks, after=after, limit=page.limit
        )
        return body | {"next": page.next(clocks, [*last]) if last else None}
