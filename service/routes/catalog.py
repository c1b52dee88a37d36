"""Parties and issues: register, revise, look up."""

from typing import Any

from flask import Response, request
from marshmallow import RAISE

from events.errors import Fault, InvalidRecordError
from events.records import Record
from events.vocabulary import POSITION_FLOOR
from projections import catalog
from service import answers
from service.http import Api, asking, body, json, record_one
from service.links import url
from service.lookup import issue_id, party_id, version_of
from service.paging import page_of
from service.schemas import answers as shapes
from service.schemas import records
from service.schemas.queries import Known, KnownPage

api = Api("catalog", __name__, url_prefix="/v1", description="Parties and issues.")


@api.route("/parties")
@api.arguments(KnownPage, location="query", unknown=RAISE)
@api.response(200, shapes.PartyListAnswer)
def parties(parameters: dict[str, Any]) -> Response:
    """Which parties are known?"""
    return _list(parameters, "party", "parties")


@api.route("/issues")
@api.arguments(KnownPage, location="query", unknown=RAISE)
@api.response(200, shapes.IssueListAnswer)
def issues(parameters: dict[str, Any]) -> Response:
    """Which issues are known?"""
    return _list(parameters, "issue", "issues")


@api.route("/parties/<party>")
@api.arguments(Known, location="query", unknown=RAISE)
@api.response(200, shapes.PartyAnswer)
def party(parameters: dict[str, Any], party: str) -> Response:
    """Who is this party? An id, a code or an alias finds it."""
    with asking(parameters["asked"], POSITION_FLOOR) as (connection, head, clocks):
        key = party_id(connection, party, clocks.seq, head)
        return json(answers.registration(version_of(connection, "party", key, clocks.seq)))


@api.route("/issues/<issue>")
@api.arguments(Known, location="query", unknown=RAISE)
@api.response(200, shapes.IssueAnswer)
def issue(parameters: dict[str, Any], issue: str) -> Response:
    """What is this issue about?"""
    with asking(parameters["asked"], POSITION_FLOOR) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        return json(answers.registration(version_of(connection, "issue", key, clocks.seq)))


@api.route("/parties/<party>", methods=["PUT"])
@api.doc(requestBody=shapes.body("Party"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
def put_party(party: str) -> Response:
    """Register a party, or add a version of it."""
    return _put("party", "parties", party)


@api.route("/issues/<issue>", methods=["PUT"])
@api.doc(requestBody=shapes.body("Issue"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
def put_issue(issue: str) -> Response:
    """Open an issue, or add a version of it."""
    return _put("issue", "issues", issue)


def _list(parameters: dict[str, Any], kind: str, name: str) -> Response:
    page = page_of(parameters, request.path)
    with asking(page.clocks, POSITION_FLOOR) as (connection, _, clocks):
        after = (page.after or [""])[0]
        found = catalog.versions(connection, kind, clocks.seq, after=after, count=page.limit + 1)
        rows = [answers.registration(version) for version in found[: page.limit]]
        more = len(found) > page.limit
        return json(
            {name: rows}
            | clocks.echo()
            | {"next": page.next(clocks, [rows[-1]["id"]]) if more else None}
        )


def _put(kind: str, folder: str, key: str) -> Response:
    recorded = record_one(records.load(addressed(body(), type=kind, id=key)))
    is_new = recorded.outcome.is_new
    path = url(folder, key)
    return json(
        {
            "type": kind,
            "id": key,
            "result": "recorded" if is_new else "unchanged",
            "seq": recorded.seq,
            "links": {"self": path, "permalink": url(folder, key, seq=recorded.seq)},
        },
        201 if is_new else 200,
        {"Location": path},
    )


def addressed(data: Any, **address: str) -> Record:
    """Return a body with what the URL says of it. Raises InvalidRecordError."""
    if not isinstance(data, dict):
        raise InvalidRecordError([Fault("", "type", "the body must be one JSON object")])
    for key, value in address.items():
        if data.get(key) is not None and data[key] != value:
            raise InvalidRecordError(
                [Fault(key, "invalid", f"{str(data[key])[:80]!r} is not the {value!r} of the URL")]
            )
    return data | address
