"""The door: every request passes it before a route has it.

Reads are open unless STANCELOG_READS says otherwise. Writes need a token, but for one case: on a
machine where no token was ever made, whoever sits at that machine may write.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Request, current_app, g
from sqlalchemy import Engine

from service import settings
from service.access import sessions, tokens
from service.access.addresses import PASSED_ON, is_loopback
from service.access.tokens import Token
from service.problems import (
    MisdirectedError,
    ScopeError,
    UnauthorizedError,
    WritingNotAllowedError,
)
from service.store import Store

TOKEN = "stancelog.token"  # noqa: S105  the name of what a URL had in it
READS = frozenset({"GET", "HEAD"})

PUBLIC = frozenset(
    {"healthz", "readyz", "static", "openapi", "docs", "schema_list", "schema"}
    | {"pages.sign_in", "pages.sign_out"}
)
"""What anybody may ask for: it has nothing of the log."""

HEALTH = frozenset({"healthz", "readyz", "metrics"})
"""What is asked by whichever address the machine has."""

FEEDS = ("/feeds/", "/widgets/")
"""Where a token may be in the URL: their readers cannot send headers."""

ONLY_READING = "This server is for reading: nothing is recorded through it."
HOW = "Send 'Authorization: Bearer TOKEN'. Tokens are made with 'stancelog token create'."


Find = Callable[[Engine, Request], Token | None]


class Rules(NamedTuple):
    """What is open, and to whom."""

    reads_are_open: bool
    allows_writing: bool
    is_at_loopback: bool  # the server listens to its own machine alone
    hosts: tuple[str, ...]  # the names that it answers to; empty: to any

    @classmethod
    def of_settings(cls) -> "Rules":
        """Return them as they are set. Raises SettingError."""
        return cls(
            settings.reads_are_open(),
            settings.allows_writing(),
            is_loopback(settings.host()),
            settings.hosts(),
        )


def rules() -> Rules:
    """Return the rules of this app."""
    told: Rules = current_app.extensions["stancelog.rules"]
    return told


def enter(asked: Request) -> None:
    """Find out who asks, and whether they may.

    Raises UnauthorizedError, ScopeError, MisdirectedError. Whether they may write is asked where
    that is to happen: `must_write`.
    """
    ours = rules()
    if ours.hosts and not _is_ours(asked.host, ours.hosts) and asked.endpoint not in HEALTH:
        raise MisdirectedError(f"Nothing is served here under the name {asked.host!r}.")
    g.caller = _shown_in(asked)
    if asked.url_rule is None or asked.endpoint in PUBLIC or asked.method == "OPTIONS":
        return
    if not ours.reads_are_open:
        _must("feed" if asked.path.startswith(FEEDS) else "read")


def must_write(asked: Request) -> None:
    """Raises WritingNotAllowedError, UnauthorizedError and ScopeError."""
    if not rules().allows_writing:
        raise WritingNotAllowedError(ONLY_READING)
    if _caller() is None and _is_open_to_all(asked):
        return
    _must("write")


def must_see_metrics(asked: Request) -> None:
    """Raises UnauthorizedError and ScopeError. Pages of other sites are nobody's own machine."""
    if _caller() is None and "Origin" not in asked.headers and _is_open_to_all(asked):
        return
    _must("admin")


def visitor(asked: Request) -> Token | None:
    """Return the token of who asks for a page, shown now or at the sign-in."""
    if (caller := _caller()) is None:
        g.caller = caller = _in(asked, sessions.found)
    return caller


def may_use_forms(asked: Request) -> None:
    """Let a visitor have a form, if it may be sent. What is sent is looked at once it is read.

    Raises WritingNotAllowedError, UnauthorizedError and ScopeError.
    """
    if not rules().allows_writing:
        raise WritingNotAllowedError(ONLY_READING)
    visitor(asked)
    if asked.method in READS:
        must_write(asked)


def why_not_by_form(asked: Request) -> str | None:
    """Return why what was typed into a form is not recorded, as the typist can mend it."""
    try:
        must_write(asked)
    except UnauthorizedError:
        return (
            "You are not signed in any more. Sign in (at /sign-in) in another tab, then press the "
            "button here again."
        )
    except ScopeError as error:
        return str(error)
    if "Authorization" not in asked.headers and not sessions.is_proven(asked):
        return (
            "This page cannot be told from one of another site: it is from before you signed in, "
            "or your browser keeps no cookies of ours. Press the button again."
        )
    return None


def recorded_by() -> str:
    """Return who records: the name of the token, 'http' where nobody needs one."""
    caller = _caller()
    return caller.name if caller else "http"


def _caller() -> Token | None:
    found: Token | None = g.get("caller")
    return found


def _shown_in(asked: Request) -> Token | None:
    """Return the token that a request shows. Raises UnauthorizedError for a bad one."""
    if TOKEN in asked.environ:
        return _from_url(asked)
    told = asked.headers.get("Authorization")
    if told is not None:
        kind, _, text = told.strip().partition(" ")
        if kind.lower() != "bearer":
            raise UnauthorizedError(f"{kind[:20]!r} is no way to authorize here. {HOW}")
        return _valid(asked, text.strip())
    if rules().reads_are_open or (asked.method not in READS and asked.blueprint != "pages"):
        return None  # it makes no difference, or the cookie, which is for the pages, is no answer
    return _in(asked, sessions.found)


def _from_url(asked: Request) -> Token:
    if not asked.path.startswith(FEEDS) or asked.method not in READS:
        raise UnauthorizedError(f"A token is in the URL of a feed or a widget only. {HOW}")
    token = _valid(asked, asked.environ[TOKEN])
    if token.scope != "feed":
        raise UnauthorizedError(
            f"The token {token.name!r} may do more than read feeds: it has been in a URL, so "
            "revoke it, and make one with '--scope feed' for this."
        )
    return token


def _valid(asked: Request, text: str) -> Token:
    token = _in(asked, lambda engine, _: tokens.found(engine, text))
    if token is None:
        raise UnauthorizedError(
            f"This token is not valid: unknown, expired or revoked. {HOW}", "invalid_token"
        )
    return token


def _in(asked: Request, find: Find) -> Token | None:
    """Look at what is read and, should a replica not have it yet, at the database."""
    store: Store = current_app.extensions["stancelog"]
    found = find(store.read_engine, asked) if asked.method in READS else None
    if found is None and (asked.method not in READS or store.read_engine is not store.engine):
        found = find(store.engine, asked)
    return found


def _must(scope: str) -> None:
    caller = _caller()
    if caller is None:
        raise UnauthorizedError(f"This needs a token. {HOW}")
    if not caller.may(scope):
        raise ScopeError(
            f"The token {caller.name!r} is for {caller.scope}: this needs one for {scope}.", scope
        )


def _is_open_to_all(asked: Request) -> bool:
    """Tell whether nobody needs a token: a machine of one's own, where none was ever made."""
    store: Store = current_app.extensions["stancelog"]
    if not rules().is_at_loopback or not is_at_this_machine(asked):
        return False
    return not tokens.are_any(store.engine)


def is_at_this_machine(asked: Request) -> bool:
    """Tell whether a request comes from this machine, and not through something that runs on it.

    A page of another site can reach us through its visitor's browser, by a name of its own that
    leads here: so the name has to be one of this machine's. What a proxy passes on says so.
    """
    address = asked.environ.get("REMOTE_ADDR") or "127.0.0.1"  # a socket of this machine has none
    was_passed_on = any(name.startswith(PASSED_ON) for name, _ in asked.headers)
    name = urlsplit(f"//{asked.host}").hostname or ""
    return is_loopback(address) and is_loopback(name) and not was_passed_on


def _is_ours(host: str, names: tuple[str, ...]) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return any(
        name.endswith(one) if one.startswith(".") else name == one.strip("[]") for one in names
    )
