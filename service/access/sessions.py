"""Sessions of the pages: who has shown a token there, and proof that a form came from us.

The cookie is random, and only its hash is kept. A form carries what is made of the cookie, which no
other site can read: so none can send it.
"""

import hmac
import secrets
from hashlib import sha256

from flask import Request, Response, g
from sqlalchemy import Engine, select

from events import dates
from projections.database import writing
from projections.reading import reading
from service.access import tokens
from service.access.tables import sessions
from service.access.tokens import Token

COOKIE = "stancelog_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Its name where the connection is: a browser takes that from nobody else, on no other path."""

LASTS = 12 * 60 * dates.MINUTE
"""Microseconds after which somebody has to show the token again."""

FIELD = "csrf"


def cookie_of(asked: Request) -> str:
    """Return what the cookie of a request says; nothing if it has none of ours."""
    return asked.cookies.get(SECURE_COOKIE if asked.is_secure else COOKIE, "")


def proof(asked: Request) -> str:
    """Return what a form has to send along. A visitor without a cookie is given one."""
    cookie = cookie_of(asked) or g.get("new_session") or secrets.token_urlsafe(32)
    if cookie != cookie_of(asked):
        g.new_session = cookie
    return _proof_of(cookie)


def is_proven(asked: Request) -> bool:
    """Tell whether a form was sent by the page that we gave to the same visitor."""
    cookie, sent = cookie_of(asked), asked.form.get(FIELD, "")
    return bool(cookie) and hmac.compare_digest(_proof_of(cookie).encode(), sent.encode())


def _proof_of(cookie: str) -> str:
    return sha256(f"form {cookie}".encode("utf-8", "surrogateescape")).hexdigest()


def begin(engine: Engine, token: Token) -> None:
    """Let the visitor be who the token says, under a new cookie: the old one may be known."""
    g.new_session = secrets.token_urlsafe(32)
    expires_at = min(dates.now() + LASTS, token.expires_at or dates.now() + LASTS)
    with writing(engine) as connection:
        connection.execute(sessions.delete().where(sessions.c.expires_at < dates.now()))
        connection.execute(
            sessions.insert().values(
                hash=_hash(g.new_session), token=token.id, expires_at=expires_at
            )
        )


def end(engine: Engine, asked: Request) -> None:
    """Let the visitor be nobody again."""
    with writing(engine) as connection:
        connection.execute(sessions.delete().where(sessions.c.hash == _hash(cookie_of(asked))))
    g.new_session = secrets.token_urlsafe(32)


def found(engine: Engine, asked: Request) -> Token | None:
    """Return the token that a visitor has shown, if it is still valid."""
    cookie = cookie_of(asked)
    if not cookie:
        return None
    query = select(sessions).where(sessions.c.hash == _hash(cookie))
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.expires_at <= dates.now():
        return None
    token = tokens.by_id(engine, row.token)
    return token if token and token.is_valid(dates.now()) else None


def give(asked: Request, response: Response) -> None:
    """Let a response set the cookie, where the visitor is to have a new one."""
    if cookie := g.get("new_session"):
        response.set_cookie(
            SECURE_COOKIE if asked.is_secure else COOKIE,
            cookie,
            secure=asked.is_secure,
            httponly=True,
            samesite="Lax",
        )


def _hash(cookie: str) -> str:
    return sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()
