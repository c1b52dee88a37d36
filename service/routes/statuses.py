"""How far each issue had come."""

from typing import Any

from flask import Response
from marshmallow import RAISE

from events.vocabulary import STATUS_FLOOR
from service import answers, memento
from service.http import Api, asking, json
from service.lookup import issue_id
from service.schemas import answers as shapes
from service.schemas.queries import History, Moment

api = Api("statuses", __name__, url_prefix="/v1", description="How far each issue had come.")


@api.route("/issues/<issue>/status")
@api.arguments(Moment, location="query", unknown=RAISE)
@api.response(200, shapes.StatusAnswer)
def status(moment: dict[str, Any], issue: str) -> Response:
    """What was the status of this issue, and which reports say so?"""
    asked = moment["asked"]
    with asking(asked, STATUS_FLOOR) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        first = memento.first_of(connection, clocks, issue=key)
        known = memento.negotiated(connection, asked, clocks, first)
        body = answers.status(connection, key, known)
        return memento.announced(json(body), body, asked)


@api.route("/issues/<issue>/status/history")
@api.arguments(History, location="query", unknown=RAISE)
@api.response(200, shapes.StatusHistoryAnswer)
def status_history(moment: dict[str, Any], issue: str) -> Response:
    """How did the status of this issue change, over all time?"""
    return json(history_of(moment, issue))


def history_of(moment: dict[str, Any], issue: str) -> answers.Body:
    """Answer with all runs of a status."""
    with asking(moment["asked"], STATUS_FLOOR) as (connection, head, clocks):
        return answers.status_history(connection, issue_id(connection, issue, head), clocks)
