"""TimeMaps (RFC 7089): at which points of the log an answer may have become another."""

from typing import Any

from flask import Response
from marshmallow import RAISE
from sqlalchemy import Connection

from events.vocabulary import POSITION_FLOOR, STATUS_FLOOR
from projections import catalog, revisions
from service import memento
from service.clocks import Clocks
from service.http import Api, asking
from service.lookup import issue_id, party_id
from service.memento import LINK_FORMAT
from service.routes.matrix import named
from service.schemas.queries import MementoQuery

api = Api("timemaps", __name__, url_prefix="/v1", description="Mementos, for RFC 7089.")

_SHAPE = {"type": "string"}
_OF_PAIR = MementoQuery(exclude=("party", "issue"))
_OF_STATUS = MementoQuery(exclude=("party", "issue", "inherit"))


@api.route("/parties/<party>/positions/<issue>/timemap")
@api.arguments(_OF_PAIR, location="query", unknown=RAISE)
@api.response(200, _SHAPE, content_type=LINK_FORMAT)
def of_position(query: dict[str, Any], party: str, issue: str) -> Response:
    """Which mementos are there of this position?"""
    with asking(query["asked"], POSITION_FLOOR) as (connection, head, clocks):
        parties = [party_id(connection, party, clocks.seq, head)]
        issues = [issue_id(connection, issue, head)]
        began = max(
            catalog.seqs_of(connection, "party", clocks.seq, ids=parties)[0],
            catalog.seqs_of(connection, "issue", clocks.seq, ids=issues)[0],
        )
        seqs = {began, *catalog.seqs_of(connection, "issue", clocks.seq, ids=issues)}
        if query["inherit"]:  # any of its blocs may have said something, or been joined
            seqs.update(catalog.seqs_of(connection, "party", clocks.seq))
            parties = []
        seqs |= _touched(connection, clocks, parties, issues)
        seqs = {seq for seq in seqs if seq >= began}
        return memento.timemap(connection, seqs, clocks, after=query["after"])


@api.route("/issues/<issue>/status/timemap")
@api.arguments(_OF_STATUS, location="query", unknown=RAISE)
@api.response(200, _SHAPE, content_type=LINK_FORMAT)
def of_status(query: dict[str, Any], issue: str) -> Response:
    """Which mementos are there of this status?"""
    with asking(query["asked"], STATUS_FLOOR) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        seqs = {*catalog.seqs_of(connection, "issue", clocks.seq, ids=[key])}
        seqs |= revisions.touching_status(connection, key, as_of=clocks.as_of, seq=clocks.seq)
        seqs |= _touched(connection, clocks, [], [key])  # how positions align is told with it
        return memento.timemap(connection, seqs, clocks, after=query["after"])


@api.route("/matrix/timemap")
@api.arguments(MementoQuery, location="query", unknown=RAISE)
@api.response(200, _SHAPE, content_type=LINK_FORMAT)
def of_matrix(query: dict[str, Any]) -> Response:
    """Which mementos are there of this matrix?"""
    with asking(query["asked"], POSITION_FLOOR) as (connection, head, clocks):
        parties, issues = named(connection, head, clocks, query)
        seqs = {1} if clocks.seq else set()
        if query["inherit"] or not parties:
            seqs.update(catalog.seqs_of(connection, "party", clocks.seq))
        if not issues:
            seqs.update(catalog.seqs_of(connection, "issue", clocks.seq))
        parties = [] if query["inherit"] else parties
        seqs |= _touched(connection, clocks, parties, issues)
        return memento.timemap(connection, seqs, clocks, after=query["after"])


def _touched(
    connection: Connection, clocks: Clocks, parties: list[str], issues: list[str]
) -> set[int]:
    return revisions.touching_positions(
        connection, parties=parties, issues=issues, as_of=clocks.as_of, seq=clocks.seq
    )
