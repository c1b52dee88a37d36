"""What every route shares: the database at hand, bodies in, JSON with validators out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, cast
from urllib.parse import parse_qs, unquote_plus

import orjson
from flask import Flask, Response, current_app, g, request
from flask_smorest import Blueprint
from sqlalchemy import Connection
from webargs.flaskparser import FlaskParser

from events import dates
from events.batch import Sent
from events.errors import BatchRefusedError, Fault, InvalidRecordError
from events.records import Record
from projections.log import Head
from service import clocks
from service.clocks import Asked, Clocks, Names
from service.ndjson import decode
from service.problems import ForeignOriginError, InvalidQueryError, NotFoundError
from service.repeats import PINNED, UNPINNED, Repeats, State, kind_of, tag, unchanged
from service.store import Recorded, Store

RECORDED_BY = "http"
SEQ = "Stancelog-Seq"
SET_ASIDE = "Stancelog-Set-Aside"
CONDITIONS = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_RANGE"}
EXPOSED = (
    "ETag, Location, Content-Location, Memento-Datetime, Link, Preference-Applied, Retry-After, "
    f"{SEQ}, {SET_ASIDE}"
)


class Api(Blueprint):
    """A group of routes whose parameters are strict and whose errors are problems."""

    ARGUMENTS_PARSER = FlaskParser()

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """Take parameters by a schema. One is made for all requests: that takes longer than use."""
        made = schema(unknown=kwargs.get("unknown")) if isinstance(schema, type) else schema
        return super().arguments(made, **kwargs)


def store() -> Store:
    """Return the database that this app serves."""
    return cast(Store, current_app.extensions["stancelog"])


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
            raise _unwanted("cursor", "is of another log: this one has not come so far")
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
    sent = Sent(record, RECORDED_BY, expected_version=expected_version)
    try:
        return record_all([sent])[0]
    except BatchRefusedError as error:
        raise error.refused[0] from None


def record_all(sent: Sequence[Sent]) -> list[Recorded]:
    """Record all of them, or none. Raises BatchRefusedError."""
    recorded = store().record(sent)
    g.seq_written = max(one.seq for one in recorded)
    return recorded


def json(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response. One asked for by its permalink may be kept for ever."""
    g.is_pinned = is_pinned(value, request.path)
    g.goes_on = value.get("next") is not None
    response = Response(orjson.dumps(value), status, mimetype="application/json")
    response.headers.update(headers or {})
    return response


def is_pinned(answer: Mapping[str, Any], path: str) -> bool:
    """Tell whether the request for an answer at `path` was its permalink: it never changes."""
    asked = request.args.keys()
    if not ({"as_of", "to"} & asked and {"seq", "seq_to"} & asked):
        return False
    permalink, _, pins = answer.get("links", {}).get("permalink", "").partition("?")
    return permalink == path and parse_qs(pins).keys() <= asked


def register(app: Flask) -> None:
    """Let every answer of the app carry validators, and be read from any origin."""
    app.wsgi_app = _without_min_seq(app.wsgi_app)  # type: ignore[method-assign]
    app.extensions["repeats"] = Repeats()
    app.before_request(_refuse_foreign_writes)
    app.before_request(_refuse_odd_questions)
    app.before_request(_await_min_seq)
    app.before_request(_repeated)
    app.after_request(_readable_and_cacheable)


def _without_min_seq(app: Any) -> Any:
    """Take `min_seq` out of the query of every read: it asks for no other answer."""

    def take(environ: dict[str, Any], start_response: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        if "min_seq=" in query and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            pairs = query.split("&")
            environ["stancelog.min_seq"] = [
                unquote_plus(pair.removeprefix("min_seq="))
                for pair in pairs
                if pair.startswith("min_seq=")
            ]
            rest = (pair for pair in pairs if not pair.startswith("min_seq="))
            environ["QUERY_STRING"] = "&".join(rest)
        return app(environ, start_response)

    return take


def _await_min_seq() -> None:
    """Let a read wait for what it insists on: what its client has written, as a rule."""
    if not request.path.startswith("/v1/") or request.method not in ("GET", "HEAD"):
        return
    texts = [*request.environ.get("stancelog.min_seq", ()), *request.headers.getlist(SEQ)]
    for text in texts:
        if not (text.isascii() and text.isdigit() and len(text) < 17):
            raise InvalidQueryError(Fault("min_seq", "invalid", "must be a log position"))
    if texts:
        store().await_seq(max(map(int, texts)))


def _repeated() -> Response | None:
    """Answer again what was answered, where nothing changed since."""
    if not request.path.startswith("/v1/") or request.method not in ("GET", "HEAD"):
        return None
    repeats: Repeats = current_app.extensions["repeats"]
    kept = repeats.kept()
    if kept is None and not request.if_none_match:
        return None
    state = store().state()
    if state is None:
        return None
    answer = unchanged(state) or (kept.again(state) if kept else None)
    if answer is not None:
        g.state = state  # only an answer that `asking` gave is known to be made of it
    return answer


def _refuse_foreign_writes() -> None:
    origin = request.headers.get("Origin")
    is_read = request.method in ("GET", "HEAD", "OPTIONS")
    if not is_read and origin is not None and not origin.endswith(f"://{request.host}"):
        raise ForeignOriginError(f"Pages of {origin} may read here, not write.")


def _refuse_odd_questions() -> None:
    if "\0" in request.path:
        raise NotFoundError("thing", request.path)
    takes_none = request.method in ("POST", "PUT") or not request.path.startswith("/v1/")
    for name, values in request.args.lists():
        if takes_none and request.endpoint != "static":
            raise _unwanted(name, "is not a parameter here: it takes none")
        of_matrix = request.path.startswith("/v1/matrix")
        is_list = of_matrix and name in ("party", "issue")
        if len(values) > 1 and not is_list:
            raise _unwanted(name, f"is given {len(values)} times: give it once")


def _readable_and_cacheable(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if "seq_written" in g:
        response.headers[SEQ] = str(g.seq_written)
    if g.get("state") and g.state.set_aside:
        response.headers[SET_ASIDE] = str(g.state.set_aside)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "*"
        response.headers["Access-Control-Max-Age"] = "86400"
    elif response.status_code == 200 and not response.is_streamed:
        _validate(response)
    return response


def _unwanted(name: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault(name, "unknown", message))


def _validate(response: Response) -> None:
    """Give the response an ETag, and turn it into a 304 for those who have it."""
    if "ETag" not in response.headers:
        is_pinned = g.get("is_pinned", False)
        response.headers.setdefault("Cache-Control", PINNED if is_pinned else UNPINNED)
        state: State | None = g.get("state")
        if state and not _is_fleeting():
            _tag_by_state(response, state, is_pinned=is_pinned)
        else:
            _tag_by_content(response)
    response.headers.setdefault("Cache-Control", UNPINNED)
    if not CONDITIONS.isdisjoint(request.environ):
        response.make_conditional(request.environ)


def _is_fleeting() -> bool:
    """Tell whether what is asked for by date is about to mean another position in the log."""
    names = request.args.keys() & {"known_at", "known_from", "known_to"}
    if request.args.get("inherit") == "1" and "now" in g:
        return True  # memberships begin and end too
    recent = dates.now() - dates.MINUTE
    return any(dates.instant_of(request.args[name]) > recent for name in names)


def _tag_by_state(response: Response, state: State, *, is_pinned: bool) -> None:
    now = g.get("now")
    response.set_etag(tag(state, kind_of(response, is_pinned=is_pinned)), weak=now is not None)
    if request.method == "GET" and not (now and g.get("goes_on")):  # its cursor holds now too
        repeats: Repeats = current_app.extensions["repeats"]
        repeats.keep(state, response, now)


def _tag_by_content(response: Response) -> None:
    content = response.get_data()
    now = g.get("now")
    if now is not None:  # the answer is the same as a moment ago, but for its echo of now
        content = content.replace(now.encode(), b"")
    response.set_etag(blake2b(content, digest_size=12).hexdigest(), weak=now is not None)
