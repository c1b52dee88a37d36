"""Parties x issues."""

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import RAISE
from sqlalchemy import Connection

from events.vocabulary import POSITION_FLOOR
from projections import catalog
from service import answers
from service.answers.shared import links
from service.clocks import Clocks
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
    return json(matrix_of(query))


def matrix_of(query: dict[str, Any]) -> answers.Body:
    """Answer with the cells of the parties and issues asked for."""
    with asking(query["asked"], POSITION_FLOOR) as (connection, head, clocks):

        def party(text: str) -> str:
            return party_id(connection, text, clocks.seq, head)

        def issue(text: str) -> str:
            return issue_id(connection, text, head)

        parties, issues = _named(query["party"], party), _named(query["issue"], issue)
        chosen = {"party": ",".join(parties) or None, "issue": ",".join(issues) or None}
        inherit = query["inherit"]
        told = answers.matrix(
            connection,
            parties or _every(connection, "party", clocks),
            issues or _every(connection, "issue", clocks),
            clocks,
            inherit=inherit,
        )
        return told | {"links": links(["matrix"], clocks, inherit=inherit, query=chosen)}


def _named(asked: list[str], find: Callable[[str], str]) -> list[str]:
    """Return the ids of what is named, each once: repeated, or separated with commas."""
    texts = [text.strip() for one in asked for text in one.split(",") if text.strip()]
    return list(dict.fromkeys(map(find, texts)))


def _every(connection: Connection, kind: str, clocks: Clocks) -> list[str]:
    versions = catalog.versions(connection, kind, clocks.seq, count=EVERY)
    return [version.record["id"] for version in versions]
