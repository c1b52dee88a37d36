"""Problems, as the program answers errors with them."""

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug import exceptions

from events import errors
from projections.projector import OtherVersionError
from reference.markdown import code, plain, table
from service import problems as said
from service.access.door import HOW, ONLY_READING

EXAMPLES: dict[type[Exception], Callable[[], Exception]] = {
    said.NotFoundError: lambda: said.NotFoundError("party", "ukrain", ["ukraine"]),
    said.InvalidQueryError: lambda: said.InvalidQueryError(
        errors.Fault("asof", "unknown", "is not a parameter here: did you mean 'as_of'?")
    ),
    said.NotYetError: lambda: said.NotYetError(135, 134),
    said.UnauthorizedError: lambda: said.UnauthorizedError(f"Writing needs a token. {HOW}"),
    said.ForeignOriginError: lambda: said.ForeignOriginError("Pages of other sites write nothing."),
    said.WritingNotAllowedError: lambda: said.WritingNotAllowedError(ONLY_READING),
    said.MisdirectedError: lambda: said.MisdirectedError("Nothing is served here under that name."),
    said.ScopeError: lambda: said.ScopeError("The token 'wall' may only read feeds.", "write"),
    errors.RefusedError: lambda: errors.InvalidRecordError(
        [errors.Fault("occurred", "required", "is missing")]
    ),
    OtherVersionError: lambda: OtherVersionError(["reports"]),
}
"""How to make an error that does not come from a message alone."""

LEFT_OUT = (Exception, exceptions.HTTPException, said.LogError)
"""What is in the table by what it is made of, or is told with another."""


LIMITED = ("`429` Too Many Requests", "A client asks for more than it may.", "", "`Retry-After`")
"""What service/limits/fairness.py says by itself."""

TOLD = ("Retry-After", "WWW-Authenticate")
"""Headers that say what to do."""


def statuses() -> str:
    """Return a table of every error that has an answer of its own: status, when, an example."""
    app = Flask("service")
    said.register(app)
    handled = app.error_handler_spec[None][None]
    rows = [_row(app, kind) for kind in handled if kind not in LEFT_OUT and _is_ours(kind)]
    rows += [_row(app, one) for one in OTHERS]
    rows.append(LIMITED)
    return table(("status", "when", "for example", "headers"), sorted(set(rows)))


OTHERS: dict[type[Exception], tuple[Callable[[], Exception], str]] = {
    exceptions.BadRequest: (exceptions.BadRequest, "The request cannot be read."),
    exceptions.MethodNotAllowed: (exceptions.MethodNotAllowed, "The address does not take that."),
    exceptions.RequestEntityTooLarge: (
        exceptions.RequestEntityTooLarge,
        "The body is larger than is read.",
    ),
    exceptions.InternalServerError: (lambda: ValueError("a bug"), "There is a bug here."),
    OperationalError: (
        lambda: OperationalError("", None, Exception("connection refused")),
        "The database is gone, full, or does not answer in time.",
    ),
}
"""What others than we raise: how to make it, and when it comes."""


def rules() -> str:
    """Return a table of the rules that a record may break."""
    rows = [
        (code(str(said.status_of(_bare(one)).value)), code(one.rule), plain(one.__doc__ or ""))
        for one in _kinds(errors.RefusedError)
    ]
    return table(("status", "rule", "meaning"), sorted(set(rows)))


def _is_ours(kind: type[Exception]) -> bool:
    return kind.__module__.split(".")[0] in ("service", "projections", "events")


def _row(app: Flask, kind: type[Exception]) -> tuple[str, ...]:
    make, when = OTHERS.get(kind) or (
        EXAMPLES.get(kind, lambda: _bare(kind)),
        (kind.__doc__ or "").strip().split("\n")[0],
    )
    error = make()
    logging.getLogger("stancelog").disabled = True
    with app.test_request_context("/v1/parties/ukrain"):
        answer: Any = app.handle_user_exception(error)
    logging.getLogger("stancelog").disabled = False
    status = HTTPStatus(answer.status_code)
    headers = [
        name for name in ("Retry-After", "WWW-Authenticate", "Allow") if name in answer.headers
    ]
    return (
        f"{code(str(status.value))} {status.phrase}",
        plain(when),
        plain(answer.json["detail"]),
        ", ".join(map(code, headers)),
    )


def _kinds(kind: type[errors.RefusedError]) -> Iterator[type[errors.RefusedError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)


def _bare(kind: type[Exception]) -> Exception:
    """Return an error as it is made without a word, or with one, or else without being made."""
    for given in ((), ("",)):
        try:
            return kind(*given)
        except TypeError:
            continue
    return kind.__new__(kind)
