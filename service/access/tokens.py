"""Tokens: made once, shown once, kept as hashes.

A token is `stancelog_ID_SECRET`. Its 256 random bits need no slow hash: nobody can go through them.
"""

import hmac
import re
import secrets
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, Engine, or_, select

from events import dates
from projections.database import writing
from projections.reading import reading
from service.access.tables import sessions, tokens

SCOPES = ("feed", "read", "write", "admin")
"""Each may do what those before it may."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
RESERVED = ("http", "cli")
"""What `recorded_by` says where nobody had a token."""

PREFIX = "stancelog_"
_NOBODY = "0" * 64
_SECRET = re.compile(rf"({PREFIX}[0-9a-f]{{12}}_)[\w-]+", re.ASCII)


class TokenError(ValueError):
    """A token cannot be made, or there is none of that name."""


class Token(NamedTuple):
    """What is kept of a token. Times are UTC microseconds."""

    id: str
    name: str
    scope: str
    hash: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    def is_valid(self, moment: int) -> bool:
        """Tell whether it opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)

    def may(self, scope: str) -> bool:
        """Tell whether it may do what a scope may."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def create(engine: Engine, name: str, scope: str, expires_at: int | None = None) -> str:
    """Make a token, and return it: it is not kept, only its hash is. Raises TokenError."""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise TokenError(
            f"{name!r} is no name for a token: at most 64 of a-z, 0-9, '.', '_' and '-', the first "
            f"a letter or a digit, and neither {' nor '.join(RESERVED)}"
        )
    if expires_at is not None and expires_at <= dates.now():
        raise TokenError("it would have expired already")
    key = secrets.token_hex(6)
    token = f"{PREFIX}{key}_{secrets.token_urlsafe(32)}"
    row = Token(key, name, scope, _hash(token), dates.now(), expires_at, None)
    with writing(engine) as connection:
        if any(one.is_valid(dates.now()) for one in _called(connection, name)):
            raise TokenError(
                f"there is a token {name!r} already, and its name says who recorded what: choose "
                f"another, or first 'stancelog token revoke {name}'"
            )
        connection.execute(tokens.insert().values(row._asdict()))
    return token


def all_of(engine: Engine) -> list[Token]:
    """Return every token that was made, oldest first; also those that are of no use any more."""
    with reading(engine) as connection:
        rows = connection.execute(select(tokens).order_by(tokens.c.created_at, tokens.c.id))
        return [Token(*row) for row in rows]


def revoke(engine: Engine, name: str) -> list[Token]:
    """Make the tokens of a name or an id useless from now on, and return them.

    Raises TokenError where there is none that was of use.
    """
    with writing(engine) as connection:
        found = [one for one in _called(connection, name) if one.revoked_at is None]
        if not found:
            raise TokenError(f"there is no token {name!r} that could be revoked")
        ids = [one.id for one in found]
        now = dates.now()
        connection.execute(tokens.update().where(tokens.c.id.in_(ids)).values(revoked_at=now))
        connection.execute(sessions.delete().where(sessions.c.token.in_(ids)))
        return found


def found(engine: Engine, text: str) -> Token | None:
    """Return the token that a request shows, if there is such a token and it is valid."""
    key = text.removeprefix(PREFIX).partition("_")[0]
    row = by_id(engine, key) if text.startswith(PREFIX) else None
    is_it = hmac.compare_digest(row.hash if row else _NOBODY, _hash(text))
    return row if row and is_it and row.is_valid(dates.now()) else None


def by_id(engine: Engine, key: str) -> Token | None:
    """Return the token of an id."""
    if "\0" in key:
        return None
    with reading(engine) as connection:
        row = connection.execute(select(tokens).where(tokens.c.id == key)).one_or_none()
    return Token(*row) if row else None


def are_any(engine: Engine) -> bool:
    """Tell whether any token was ever made."""
    with reading(engine) as connection:
        return connection.execute(select(tokens.c.id).limit(1)).first() is not None


def without_secrets(text: str) -> str:
    """Return a text in which tokens have their ids alone: for a log, which may be read by many."""
    return _SECRET.sub(r"\1…", text) if PREFIX in text else text


def _called(connection: Connection, name: str) -> Iterator[Token]:
    query = select(tokens).where(or_(tokens.c.name == name, tokens.c.id == name))
    return (Token(*row) for row in connection.execute(query).all())


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
