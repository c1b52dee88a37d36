"""Idempotency-Key: a POST that is sent again is answered again, and records nothing more.

As draft-ietf-httpapi-idempotency-key-header-07 has it. Kept is what recorded something: a refusal
is decided anew each time. The ids of the records follow from one that is kept before anything is
recorded. So what a crash left unanswered is recorded once, however often it is sent.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import Any, NamedTuple, ParamSpec

from flask import Request, Response, g, request
from sqlalchemy import Connection, Engine, and_, select

from events import dates
from events.errors import Fault, RefusedError
from projections.database import Trouble, insert_new, writing
from service import identity, limits
from service.access import door
from service.access.tables import sent_keys
from service.http import store
from service.problems import InFlightError, InvalidQueryError, KeyReusedError, NotFoundError

P = ParamSpec("P")

KEPT = limits.KEY_KEPT * dates.SECOND
IN_FLIGHT = limits.KEY_IN_FLIGHT * dates.SECOND

HEADER = "Idempotency-Key"
AGAIN = "Idempotent-Replayed"
KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
"""A string of RFC 8941, which the draft asks for. Most clients send theirs bare."""


_log = logging.getLogger("stancelog")


class Sent(NamedTuple):
    """A key that was sent, and what it was answered."""

    owner: str
    key: str
    request: str
    first_id: str
    sent_at: int
    status: int | None = None
    location: str | None = None
    seq: int | None = None
    body: bytes | None = None


def once(view: Callable[P, Response]) -> Callable[P, Response]:
    """Let a view record once what is sent with one key.

    Raises InvalidQueryError, KeyReusedError, InFlightError.
    """

    @wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        if HEADER not in request.headers:
            return view(*args, **kwargs)
        engine = store().engine
        sent = _claimed(engine, door.recorded_by(), _key_in(request), _hash_of(request))
        if sent.status is not None:
            return _again(sent)
        g.ids = identity.Successors(sent.first_id)
        try:
            response = view(*args, **kwargs)
        except (RefusedError, NotFoundError):
            _let_go(engine, sent)
            raise
        except Exception:  # it may have been recorded all the same
            _leave(engine, sent)
            raise
        if response.status_code < 300:
            _keep(engine, sent, response)
        else:
            _let_go(engine, sent)
        return response

    return answer


def new_id() -> str:
    """Return an id for a record of this request that comes without one."""
    ids: identity.Successors | None = g.get("ids")
    return ids.new_id() if ids else identity.new_id()


def _key_in(asked: Request) -> str:
    values = asked.headers.getlist(HEADER)
    text = values[0].strip()
    if quoted := QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if len(values) > 1 or not KEY.fullmatch(text):
        raise InvalidQueryError(Fault(HEADER, "invalid", "must be one key of 1 to 255 characters"))
    return text


def _hash_of(asked: Request) -> str:
    """Return a hash of what is asked for: of all that an answer depends on."""
    parts = (asked.path, asked.headers.get("If-Match", ""))
    heads = (sha256(part.encode("utf-8", "surrogatepass")).digest() for part in parts)
    return sha256(b"".join(heads) + asked.get_data()).hexdigest()


def _claimed(engine: Engine, owner: str, key: str, hashed: str) -> Sent:
    """Return the key with its answer or, without one, for us to answer.

    Raises KeyReusedError, InFlightError.
    """
    now = dates.now()
    ours = Sent(owner, key, hashed, identity.new_id(), now)
    with writing(engine) as connection:
        old = sent_keys.c.sent_at < now - KEPT
        connection.execute(sent_keys.delete().where(old))
        insert_new(connection, sent_keys, [tuple(ours)])
        row = connection.execute(select(sent_keys).where(_is(ours)).with_for_update()).one()
        found = Sent(*row)
        if found == ours or found.status is not None:
            pass
        elif found.request == hashed and found.sent_at + IN_FLIGHT <= now:  # a crash left it so
            _change(connection, found, sent_at=now)
        elif found.request == hashed:
            raise InFlightError("The request with this Idempotency-Key is being answered.")
    if found.request != hashed:
        raise KeyReusedError("was sent with another request before: each request has its own")
    return found


def _keep(engine: Engine, sent: Sent, response: Response) -> None:
    """Keep an answer. Where that cannot be done, what was recorded is recorded all the same."""
    with _as_far_as_possible(engine) as connection:
        _change(
            connection,
            sent,
            status=response.status_code,
            location=response.headers.get("Location"),
            seq=g.seq_written,
            body=response.get_data(),
        )


def _leave(engine: Engine, sent: Sent) -> None:
    """Let the next request with a key and its ids be the one that is answered."""
    with _as_far_as_possible(engine) as connection:
        _change(connection, sent, sent_at=sent.sent_at - IN_FLIGHT)


def _let_go(engine: Engine, sent: Sent) -> None:
    """Leave a key as if it had not been sent: nothing was recorded."""
    with writing(engine) as connection:
        connection.execute(sent_keys.delete().where(_is(sent)))


@contextmanager
def _as_far_as_possible(engine: Engine) -> Iterator[Connection]:
    try:
        with writing(engine) as connection:
            yield connection
    except Trouble as error:
        _log.warning("what became of an Idempotency-Key could not be kept: %s", error)


def _change(connection: Connection, sent: Sent, **values: Any) -> None:
    connection.execute(sent_keys.update().where(_is(sent)).values(values))


def _again(sent: Sent) -> Response:
    response = Response(sent.body, sent.status, content_type="application/json")
    response.headers[AGAIN] = "true"
    if sent.location is not None:
        response.headers["Location"] = sent.location
    g.seq_written = sent.seq
    return response


def _is(sent: Sent) -> Any:
    return and_(sent_keys.c.owner == sent.owner, sent_keys.c.key == sent.key)
