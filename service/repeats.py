"""Questions that were asked before: told from the position of the log alone.

An answer is a function of the question, of the log up to its head, and, where the question is
about now, of the last instant at which anything took effect or lapsed. So these make its ETag:
whoever has the answer is told so without a look at a read model, in whichever process, and an
answer that was given is given again as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache
from flask import Request, Response

from events import dates
from projections.projector import VERSIONS

CODE = blake2b(f"{version('stancelog')} {VERSIONS}".encode()).digest()
"""What answers depend on as well: the code that gives them."""

MOST_BYTES = 32 * 1024 * 1024
"""Of answers that one process keeps."""

LARGEST = MOST_BYTES // 16

LONGEST_QUESTION = 1000
"""Bytes of a path and query: those are kept with the answer, and are not counted."""

QUESTION = (
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_ACCEPT_DATETIME",
    "HTTP_HOST",  # some links are absolute
    "wsgi.url_scheme",
)
"""What an answer is to, in a request as it came."""

VARIES_BY = "accept-datetime"

PINNED = "public, max-age=31536000, immutable"
UNPINNED = "public, no-cache"
UNKEPT = "no-store"


class State(NamedTuple):
    """All that answers depend on, but for the question."""

    position: int
    seq: int
    recorded_at: int
    generation: int
    set_aside: int
    turn: int  # UTC microseconds of the last instant at which anything took effect or lapsed
    day: int  # days since 1970, UTC


@dataclass(frozen=True)
class Kept:
    """An answer that was given."""

    state: State
    body: bytes
    headers: list[tuple[str, str]]
    now: str | None  # what it repeats as the instant at which it was asked
    route: str  # what it was asked of, for the metrics

    def again(self, state: State | None) -> tuple[bytes, list[tuple[str, str]]] | None:
        """Return its body and headers, as asked now, if nothing changed since."""
        if self.state != state:
            return None
        if self.now is None:
            return self.body, self.headers
        now = dates.to_text(dates.now())
        body = self.body.replace(self.now.encode(), now.encode())
        return body, [(name, value.replace(self.now, now)) for name, value in self.headers]


class Repeats:
    """The answers that one process gave, as far as there is room for them."""

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Kept] = LRUCache(MOST_BYTES, lambda one: len(one.body) + 1000)
        self._lock = Lock()

    def kept(self, environ: Mapping[str, Any]) -> Kept | None:
        """Return the answer that was given to a request, if any."""
        question = _as_it_came(environ)
        with self._lock:
            return self._kept.get(question)

    def keep(self, state: State, asked: Request, response: Response, now: str | None) -> None:
        """Keep the answer to a request. `now`: what it repeats as the instant of asking."""
        body = response.get_data()
        is_long = len(asked.path) + len(asked.query_string) > LONGEST_QUESTION
        if len(body) > LARGEST or is_long:
            return
        headers = [pair for pair in response.headers if pair[0] != "Content-Length"]
        route = asked.url_rule.rule if asked.url_rule else ""
        with self._lock:
            self._kept[_as_it_came(asked.environ)] = Kept(state, body, headers, now, route)


def tag(state: State, kind: str, asked: Request) -> str:
    """Return the ETag of the answer to a request. `kind`: see `kind_of`."""
    told = repr((kind, state, _question(asked))).encode()
    return kind + blake2b(told, digest_size=12, key=CODE).hexdigest()


def kind_of(response: Response, *, is_pinned: bool) -> str:
    """Return what a 304 must say besides the ETag: p for pinned, v for by Accept-Datetime."""
    return ("p" if is_pinned else "") + ("v" if "Vary" in response.headers else "")


def unchanged(state: State, asked: Request) -> Response | None:
    """Return a 304 if a request comes from one who has the answer."""
    if "HTTP_ACCEPT_DATETIME" in asked.environ or not asked.if_none_match:
        return None
    for kind in ("", "v", "p", "pv"):
        etag = tag(state, kind, asked)
        if asked.if_none_match.contains_weak(etag):
            response = Response(status=304)
            response.headers["Cache-Control"] = PINNED if "p" in kind else UNPINNED
            if "v" in kind:
                response.vary.add(VARIES_BY)
            response.set_etag(etag, weak=not asked.if_none_match.contains(etag))
            return response
    return None


def _as_it_came(environ: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the question of a request, with nothing made of it yet."""
    return tuple(map(environ.get, QUESTION))


def _question(asked: Request) -> tuple[Any, ...]:
    environ = asked.environ
    where = environ["wsgi.url_scheme"], environ.get("HTTP_HOST")  # some links are absolute
    return *where, asked.path, asked.query_string, environ.get("HTTP_ACCEPT_DATETIME")
