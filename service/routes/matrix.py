"""Parties x issues."""

from typing import Any

from flask import Response
from marshmallow import RAISE
from sqlalchemy import Connection

from events.vocabulary import POSITION_FLOOR
from projections import catalog
from projections.log import Head
from service import answers, memento
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
    body = matrix_of(query)
    return memento.announced(json(body), body, query["asked"])


def matrix_of(query: dict[str, Any]) -> answers.Body:
    """Answer with the cells of the parties and issues asked for."""
    with asking(query["asked"], POSITION_FLOOR) as (connection, head, clocks):
        known = memento.negotiated(connection, query["asked"], clocks, first=1)
        parties, issues = named(connection, head, known, query)
        chosen = {"party": ",".join(parties) or None, "issue": ",".join(issues) or None}
        inherit = query["inherit"]
        told = answers.matrix(
            connection,
            parties or _every(connection, "party", known),
            issues or _every(connection, "issue", known),
            known,
            inherit=inherit,
        )
        return told | {"links": links(["matrix"], known, inherit=inherit, query=chosen)}


def named(
    connection: Connection, head: Head, clocks: Clocks, query: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the ids of the parties and issues that are named, each once; empty: every one."""
    parties = (party_id(connection, text, clocks.seq, head) for text in _texts(query["party"]))
    issues = (issue_id(connection, text, head) for text in _texts(query["issue"]))
    return list(dict.fromkeys(parties)), list(dict.fromkeys(issues))


def _texts(asked: list[str]) -> list[str]:
    """Return what is asked for, repeated or separated with commas."""
    return [text.strip() for one in asked for text in one.split(",") if text.strip()]


def _every(connection: Connection, kind: str, clocks: Clocks) -> list[str]:
    versions = catalog.versions(connection, kind, clocks.seq, count=EVERY)
    return [version.record["id"] for version in versions]
