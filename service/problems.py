"""Problems: every error as RFC 9457 `application/problem+json`."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import psycopg
from flask import Flask, Response, make_response, redirect, render_template, request
from marshmallow import Schema
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from events import errors
from events.errors import Fault, RefusedError
from events.timeline import LogError
from projections.projector import OtherVersionError
from projections.reading import was_too_long
from service.schemas.records import faults_of
from service.telemetry import ids

MEDIA_TYPE = "application/problem+json"

STATUS_OF: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (errors.ConflictError, HTTPStatus.CONFLICT),
    (errors.StaleVersionError, HTTPStatus.PRECONDITION_FAILED),
    (errors.RefusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
)
"""The first that fits counts."""

APPEND_ONLY = (
    "The log is append-only: a report is never changed or deleted. "
    "POST …/corrections when the report was wrong, POST …/retraction when it does not stand."
)

TOO_LONG = (
    "This question takes the database longer than one may take here. Ask for less at once: a "
    "shorter period, fewer parties or issues."
)

FULL = ("disk is full", "No space left on device")
"""What SQLite and PostgreSQL say where there is no space left."""

FAILED = "stancelog.failed"
"""Where a WSGI environment has what went wrong before Flask had the request."""

_log = logging.getLogger("stancelog")


class NotFoundError(Exception):
    """The URL names something that was never recorded, or was not known then."""

    def __init__(self, kind: str, name: str, did_you_mean: Sequence[str] = (), why: str = ""):
        super().__init__(why or f"There is no {kind} {name!r}.")
        self.kind = kind
        self.name = name
        self.did_you_mean = list(did_you_mean)


class InvalidQueryError(Exception):
    """A parameter breaks a rule."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = faults


class NotYetError(Exception):
    """What is read has not come as far as a reader insists on."""

    def __init__(self, wanted: int, head: int) -> None:
        super().__init__(f"What is read here has come to seq {head}, not yet to {wanted}.")


class BusyError(Exception):
    """As much of something goes on here as this process lets go on at once."""

    def __init__(self, detail: str, seconds: int = 1) -> None:
        super().__init__(detail)
        self.seconds = seconds


class BodyError(Exception):
    """The body of a request did not come."""


class ForeignOriginError(Exception):
    """A page of another site tries to write."""


class WritingNotAllowedError(Exception):
    """Nothing may be recorded here."""


class MisdirectedError(Exception):
    """What is asked for is served under other names."""


class KeyReusedError(Exception):
    """An Idempotency-Key was sent with another request before."""


class InFlightError(Exception):
    """A request with the same Idempotency-Key is being answered."""


class UnauthorizedError(Exception):
    """It is not known who asks. RFC 6750."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.challenge = 'Bearer realm="stancelog"' + (f', error="{code}"' if code else "")


class ScopeError(Exception):
    """Who asks may not do that. RFC 6750."""

    def __init__(self, detail: str, scope: str) -> None:
        super().__init__(detail)
        self.challenge = f'Bearer realm="stancelog", error="insufficient_scope", scope="{scope}"'


def problem(
    status: HTTPStatus,
    detail: str,
    faults: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Return a problem. `faults` become its `errors`, each with a field, rule and message.

    `links`: for people, the addresses of what they may have meant, by id.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": request.path,
        "request_id": ids.current(),  # by which the log has it
    }
    if faults:
        body["errors"] = list(faults)
    body |= {key: value for key, value in more.items() if value is not None}
    if is_for_people():
        response = Response(
            render_template("pages/error.html", problem=body, links=links or {}), status.value
        )
    else:
        response = Response(orjson.dumps(body), status.value, mimetype=MEDIA_TYPE)
    response.headers.update(headers or {})
    return response


def is_for_people() -> bool:
    """Tell whether a browser asks for a page, and not a program for an answer."""
    if request.path.startswith("/v1/"):
        return False
    return bool(request.accept_mimetypes.best_match([MEDIA_TYPE, "text/html"]) == "text/html")


def _same_page(error: NotFoundError, near: str) -> str:
    """Return the address that was asked for, with the name of what is there in it."""
    segments = [near if one == error.name else one for one in request.path.split("/")]
    asked = [
        (key, near if value == error.name and key == error.kind else value)
        for key, value in request.args.items(multi=True)
    ]
    path = quote("/".join(segments))
    return f"{path}?{urlencode(asked)}" if asked else path


def status_of(error: Exception) -> HTTPStatus:
    """Return the status that says what kind of refusal this is."""
    return next(status for kind, status in STATUS_OF if isinstance(error, kind))


def described(error: RefusedError) -> list[dict[str, Any]]:
    """Return a refusal's faults as JSON objects, with the nearest ids for unknown ones."""
    rows: list[dict[str, Any]] = [fault._asdict() for fault in error.faults]
    if isinstance(error, errors.UnknownError):
        rows[0]["did_you_mean"] = error.did_you_mean
    return rows


def _summary(rows: Sequence[Mapping[str, Any]]) -> str:
    first = rows[0]
    where = f"{first['field']}: " if first["field"] else ""
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    return f"{where}{first['message']}{more}"


def refused(failed: Mapping[int, RefusedError]) -> Response:
    """Return the problem of a batch: what was refused, by line, from 1."""
    rows = [{"line": line, **row} for line, error in failed.items() for row in described(error)]
    kinds = {status_of(error) for error in failed.values()}
    status = kinds.pop() if len(kinds) == 1 else HTTPStatus.UNPROCESSABLE_ENTITY
    lines = ", ".join(str(line) for line in failed)
    return problem(status, f"Nothing was recorded: see line {lines}.", rows)


def register(app: Flask) -> None:
    """Let the app answer every error with a problem."""

    @app.errorhandler(RefusedError)
    def _refused(error: RefusedError) -> Response:
        rows = described(error)
        more = {"did_you_mean": rows[0].get("did_you_mean")}
        return problem(status_of(error), _summary(rows), rows, **more)

    @app.errorhandler(NotFoundError)
    def _not_found(error: NotFoundError) -> Response:
        links = {near: _same_page(error, near) for near in error.did_you_mean}
        return problem(
            HTTPStatus.NOT_FOUND, str(error), links=links, did_you_mean=error.did_you_mean
        )

    @app.errorhandler(InvalidQueryError)
    def _invalid(error: InvalidQueryError) -> Response:
        rows = [fault._asdict() for fault in error.faults]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _summary(rows), rows)

    _register_refusals(app)
    _register_unavailable(app)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        if error.response is not None:
            response = error.get_response()
            assert isinstance(response, Response)
            return response
        return _http_problem(error)

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        _log.exception("%s %s failed", request.method, request.path, exc_info=error)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here, and was logged."
        )


def _register_refusals(app: Flask) -> None:
    """Let the app say what is wrong where it is a matter of who asks."""

    @app.errorhandler(ForeignOriginError)
    @app.errorhandler(WritingNotAllowedError)
    def _forbidden(error: Exception) -> Response:
        return problem(HTTPStatus.FORBIDDEN, str(error))

    @app.errorhandler(KeyReusedError)
    def _reused(error: KeyReusedError) -> Response:
        rows = [{"field": "Idempotency-Key", "rule": "reused", "message": str(error)}]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _summary(rows), rows)

    @app.errorhandler(InFlightError)
    def _in_flight(error: InFlightError) -> Response:
        return problem(HTTPStatus.CONFLICT, str(error), headers={"Retry-After": "1"})

    @app.errorhandler(MisdirectedError)
    def _misdirected(error: MisdirectedError) -> Response:
        return problem(HTTPStatus.MISDIRECTED_REQUEST, str(error))

    @app.errorhandler(ScopeError)
    def _out_of_scope(error: ScopeError) -> Response:
        headers = {"WWW-Authenticate": error.challenge}
        return problem(HTTPStatus.FORBIDDEN, str(error), headers=headers)

    @app.errorhandler(UnauthorizedError)
    def _unauthorized(error: UnauthorizedError) -> Response:
        if is_for_people() and "Authorization" not in request.headers:
            here = request.full_path.rstrip("?") if request.method == "GET" else "/"
            return make_response(redirect(f"/sign-in?{urlencode({'next': here})}", 303))
        headers = {"WWW-Authenticate": error.challenge}
        return problem(HTTPStatus.UNAUTHORIZED, str(error), headers=headers)


def _register_unavailable(app: Flask) -> None:
    """Let the app say what is wrong where the answer is "later"."""

    @app.errorhandler(NotYetError)
    def _not_yet(error: NotYetError) -> Response:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "1"})

    @app.errorhandler(BusyError)
    def _busy(error: BusyError) -> Response:
        headers = {"Retry-After": str(error.seconds)}
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=headers)

    @app.errorhandler(BodyError)
    def _no_body(error: BodyError) -> Response:
        headers = {"Connection": "close"}
        return problem(HTTPStatus.REQUEST_TIMEOUT, str(error), headers=headers)

    @app.errorhandler(OtherVersionError)
    def _other_version(error: OtherVersionError) -> Response:
        _log.error("%s", error)
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "This process runs other code than the database is made for: it has to be restarted.",
            headers={"Retry-After": "5"},
        )

    @app.errorhandler(SQLAlchemyError)
    @app.errorhandler(sqlite3.Error)
    @app.errorhandler(psycopg.Error)
    @app.errorhandler(LogError)
    def _out_of_reach(error: Exception) -> Response:
        _log.error("%s %s: %s", request.method, request.path, error)
        if was_too_long(error):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, TOO_LONG, headers={"Retry-After": "60"})
        is_full = any(words in str(error) for words in FULL)
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{'The disk is full' if is_full else 'The database does not answer'}. Send a write "
            "again later: with an id of your own it is recorded once, however often it is sent.",
            headers={"Retry-After": "5"},
        )


def _http_problem(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    headers = {
        key: value for key, value in error.get_headers() if key.lower() in ("allow", "retry-after")
    }
    messages = getattr(error, "data", {}).get("messages")
    if messages is not None:
        schema = error.data["schema"]  # type: ignore[attr-defined]
        rows = [fault._asdict() for fault in _query_faults(messages, schema)]
        return problem(status, _summary(rows), rows, headers)
    hint = None
    if isinstance(error, MethodNotAllowed) and request.path.startswith("/v1/reports/"):
        hint = APPEND_ONLY
    return problem(status, error.description or status.phrase, (), headers, hint=hint)


def _query_faults(messages: Mapping[str, Any], schema: Schema) -> list[Fault]:
    return [fault for found in messages.values() for fault in faults_of(found, schema)]
