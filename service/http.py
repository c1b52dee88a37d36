"""What every route shares: the database at hand, bodies in, JSON with validators out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qs

import orjson
from flask import Request, Response, current_app, g, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import Connection
from webargs.flaskparser import FlaskParser

from events.batch import Sent
from events.errors import BatchRefusedError, Fault, InvalidRecordError
from events.names import record_key
from events.records import Record
from events.reports import Report
from projections.log import Head
from service import clocks, lookup
from service.access import door
from service.clocks import Asked, Clocks, Names
from service.ndjson import decode
from service.problems import InvalidQueryError, problem
from service.store import Recorded, Store


class Parameters(FlaskParser):
    """How a query becomes the parameters of a route."""

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return what a schema loads. A dict, unless it takes lists.

        The proxy that is made otherwise raises and catches an error for each parameter that is
        not given.
        """
        if _takes_lists(schema):
            return super().load_querystring(req, schema)
        return req.args.to_dict()


@cache
def _takes_lists(schema: Schema) -> bool:
    return any(isinstance(field, fields.List) for field in schema.fields.values())


class Api(Blueprint):
    """A group of routes whose parameters are strict and whose errors are problems."""

    ARGUMENTS_PARSER = Parameters()

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """Take parameters by a schema. One is made for all requests: that takes longer than use."""
        made = schema(unknown=kwargs.get("unknown")) if isinstance(schema, type) else schema
        return super().arguments(made, **kwargs)


def store() -> Store:
    """Return the database that this app serves."""
    return cast(Store, current_app.extensions["stancelog"])


def report_in_log(report: str) -> Report:
    """Return a report as the log has it: what is read may be behind. Raises NotFoundError."""
    found = store().timeline.find(record_key(report))
    if isinstance(found, Report):
        return found
    with store().reading() as (connection, head):
        raise lookup.no_report(connection, report, head)


@contextmanager
def asking(
    asked: Asked | Clocks, floor: str, names: Names | None = None
) -> Iterator[tuple[Connection, Head, Clocks]]:
    """Give a connection for one question, with its clocks resolved. `floor`: its default.

    `names`: how the question spells the clocks, where not by their names.
    """
    with store().asking() as (connection, standing):
        head = standing.head
        g.state = store().state_at(connection, standing)
        if isinstance(asked, Asked):
            asked = clocks.resolve(connection, head, asked, floor, names)
        elif asked.seq > head.seq:
            raise unwanted("cursor", "is of another log: this one has not come so far")
        if asked.is_as_of_now:
            g.now = asked.echo()["as_of"]
        yield connection, head, asked


def body() -> Any:
    """Return the JSON body of the request. Raises InvalidRecordError."""
    raw = request.get_data()
    if not raw.strip():
        raise InvalidRecordError([Fault("", "json", "the body is empty: send one JSON object")])
    return decode(raw)


def record_one(record: Record, expected_version: int | None = None) -> Recorded:
    """Record one record as the caller. Raises RefusedError."""
    sent = Sent(record, door.recorded_by(), expected_version=expected_version)
    try:
        return record_all([sent])[0]
    except BatchRefusedError as error:
        raise error.refused[0] from None


def record_all(sent: Sequence[Sent]) -> list[Recorded]:
    """Record all of them, or none. Raises BatchRefusedError."""
    recorded = store().record(sent)
    g.seq_written = max(one.seq for one in recorded)
    g.records_written = sum(one.outcome.is_new for one in recorded)
    return recorded


def json(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response. One asked for by its permalink may be kept for ever."""
    g.is_pinned = is_pinned(value, request.path)
    g.goes_on = value.get("next") is not None
    response = Response(orjson.dumps(value), status, content_type="application/json")
    if headers:
        response.headers.update(headers)
    return response


def is_pinned(answer: Mapping[str, Any], path: str) -> bool:
    """Tell whether the request for an answer at `path` was its permalink: it never changes."""
    asked = request.args.keys()
    if not ({"as_of", "to"} & asked and {"seq", "seq_to"} & asked):
        return False
    permalink, _, pins = answer.get("links", {}).get("permalink", "").partition("?")
    return permalink == path and parse_qs(pins).keys() <= asked


def conditioned(response: Response) -> Response:
    """Return the answer to a read as its conditions have it: whole, 304 or 412 (RFC 9110, 13).

    werkzeug would answer 412 with the whole answer, and to `If-Match: *` too.
    """
    wanted = request.if_match
    if wanted and not wanted.star_tag:
        etag, is_weak = response.get_etag()
        if is_weak or not wanted.is_strong(etag or ""):
            response.close()
            return problem(
                HTTPStatus.PRECONDITION_FAILED, "This is not the version that If-Match asks for."
            )
    asked = {key: value for key, value in request.environ.items() if key != "HTTP_IF_MATCH"}
    response.make_conditional(asked)
    return response


def unwanted(name: str, message: str) -> InvalidQueryError:
    """Return the error that a parameter is not wanted."""
    return InvalidQueryError(Fault(name, "unknown", message))
