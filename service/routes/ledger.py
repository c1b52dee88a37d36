"""Proof that nothing was altered: the ledger's head, and what shows an event to be in it."""

from typing import Any

from flask import Response
from marshmallow import RAISE
from sqlalchemy import Connection

from events.errors import Fault
from projections import ledger, reports
from projections.ledger import Leaf
from projections.log import Head
from service import lookup
from service.answers import proofs
from service.http import Api, json, store
from service.problems import InvalidQueryError, NotFoundError
from service.schemas import ledger as shapes

api = Api("ledger", __name__, url_prefix="/v1", description="Proof that nothing was altered.")


@api.route("/ledger")
@api.arguments(shapes.HeadQuery, location="query", unknown=RAISE)
@api.response(200, shapes.LedgerAnswer)
def head(query: dict[str, Any]) -> Response:
    """What one hash stands for the whole log? Keep it, and no event can be changed unseen."""
    if len(query) > 1:
        raise _invalid("size", "give size or seq, not both")
    with store().reading() as (connection, head):
        if "seq" in query:
            seq = _at_most(query["seq"], head.seq, "seq")
            return json(proofs.ledger_head(connection, ledger.size_at(connection, seq), seq))
        newest = ledger.size_of(connection)
        size = _at_most(query.get("size", newest), newest, "size")
        seq = head.seq if size == newest else ledger.last_seq(connection, size)
        return json(proofs.ledger_head(connection, size, seq))


@api.route("/ledger/proof")
@api.arguments(shapes.ProofQuery, location="query", unknown=RAISE)
@api.response(200, shapes.ProofAnswer)
def proof(query: dict[str, Any]) -> Response:
    """What proves that this report is in the log, as it was recorded?"""
    if ("report" in query) == ("seq" in query):
        raise _invalid("report", "say what is to be proven: give report or seq, one of them")
    if "version" in query and "report" not in query:
        raise _invalid("version", "is of a report: give report")
    with store().reading() as (connection, head):
        newest = ledger.size_of(connection)
        size = _at_most(query.get("size", newest), newest, "size")
        leaf = _leaf(connection, head, query)
        if leaf.leaf >= size:
            raise _invalid("size", f"the event is no. {leaf.leaf + 1}: {size} do not have it")
        told = proofs.inclusion(connection, store().read_timeline, leaf, size)
        named = {
            "report": query.get("report"),
            "version": query.get("version", 1) if "report" in query else None,
        }
        return json(named | told)


@api.route("/ledger/consistency")
@api.arguments(shapes.ConsistencyQuery, location="query", unknown=RAISE)
@api.response(200, shapes.ConsistencyAnswer)
def consistency(query: dict[str, Any]) -> Response:
    """What proves that the log was only added to since it had so many events?"""
    with store().reading() as (connection, _):
        newest = ledger.size_of(connection)
        size = _at_most(query.get("to", newest), newest, "to")
        old = query["from_"]
        if old > size:
            raise _invalid("from", f"{old} is above to, {size}: give the smaller size first")
        return json(proofs.consistency(connection, old, size))


def _leaf(connection: Connection, head: Head, query: dict[str, Any]) -> Leaf:
    """Return the event that is to be proven. Raises NotFoundError, InvalidQueryError."""
    if "seq" in query:
        seq = _at_most(query["seq"], head.seq, "seq")
        if seq == 0:
            raise _invalid("seq", "0 is the empty log: records are from 1 on")
    else:
        versions = reports.versions_of(connection, query["report"], head.seq)
        if not versions:
            raise lookup.no_report(connection, query["report"], head)
        version = query.get("version", 1)
        if version > len(versions):
            why = f"Report {query['report']!r} has {len(versions)} versions."
            raise NotFoundError("version", str(version), why=why)
        seq = versions[version - 1].seq
    leaf = ledger.leaf_of(connection, seq)
    assert leaf is not None
    return leaf


def _at_most(value: int, most: int, name: str) -> int:
    if value > most:
        raise _invalid(name, f"{value} is above the newest, {most}")
    return value


def _invalid(field: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault(field, "invalid", message))
