"""What differs between two moments."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from service import answers, steps
from service.answers.differences import Place, Subject
from service.clocks import TwoFloors
from service.http import Api, asking, json
from service.links import url
from service.lookup import issue_id, party_id
from service.paging import page_of
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
    page = page_of(parameters, request.path, key=(bool, str, str))
    given = page.question
    axis = steps.axis_of(given)
    asked = page.clocks if page.after else steps.last_asked(axis, given)
    with asking(asked, POSITION_FLOOR, steps.NAMES[axis]) as (connection, head, last):
        moments = steps.moments(connection, head, given, last)
        party, issue = given.get("party"), given.get("issue")
        subject = Subject(
            party=party and party_id(connection, party, last.seq, head),
            issue=issue and issue_id(connection, issue, head),
        )
        floors = TwoFloors.of(given)
        lists, end = answers.differences_of(
            connection,
            moments.step,
            floors=floors.strengths,
            subject=subject,
            after=Place(*page.after) if page.after else None,
            limit=page.limit,
        )
        page.question.update(moments.pinned())
        query = subject._asdict() | moments.pins() | floors.echo()
        return json(
            moments.echo()
            | floors.echo()
            | lists
            | {
                "next": page.next(last, list(end)) if end else None,
                "links": {
                    "self": url("diff", **query | {"seq": None}),
                    "permalink": url("diff", **query),
                },
            }
        )
