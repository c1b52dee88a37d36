"""Parties x issues."""

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import RAISE

from events.vocabulary import POSITION_FLOOR
from projections import catalog
from service import answers
from service.http import Api, asking, json
from service.lookup import issue_id, party_id
from service.schemas import answers as shapes
from service.schemas.queries import MatrixQuery

api = Api("matrix", __name__, url_prefix="/v1", description="Parties x issues.")

EVERY = 10**9


@api.route("/matrix")
@api.arguments(MatrixQuery, location="query", unknown=RAISE)
@api.response(200, shapes.MatrixAnswer)
def matrix(query: dict[str, Any]) -> Response:
    """Where did all of them stand on all of it? Only cells with evidence are listed.

    With `inherit`, also those in which only a bloc of the party has any.
    """
    with asking(query["asked"], POSITION_FLOOR) as (connection, head, clocks):

        def party(text: str) -> str:
            return party_id(connection, text, clocks.seq, head)

        def issue(text: str) -> str:
            return issue_id(connection, text, head)

        def chosen(kind: str, asked: list[str], find: Callable[[str], str]) -> list[str]:
            if texts := [text for one in asked for text in one.split(",") if text.strip()]:
                return list(dict.fromkeys(find(text.strip()) for text in texts))
            versions = catalog.versions(connection, kind, clocks.seq, count=EVERY)
            return [version.record["id"] for version in versions]

        parties = chosen("party", query["party"], party)
        issues = chosen("issue", query["issue"], issue)
        return json(answers.matrix(connection, parties, issues, clocks, inherit=query["inherit"]))
