"""What happens to every request before a route sees it, and to every answer after.

A read may wait for what its client has written, and is answered from before where nothing changed
since. An answer gets validators, and can be read from any origin.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from threading import Lock
from typing import Any, cast
from urllib.parse import unquote_plus

from flask import Flask, Request, Response, g, request

from events import dates
from events.errors import Fault
from service.http import store, unwanted
from service.problems import ForeignOriginError, InvalidQueryError, NotFoundError
from service.repeats import PINNED, UNPINNED, Repeats, State, kind_of, tag, unchanged

SEQ = "Stancelog-Seq"
SET_ASIDE = "Stancelog-Set-Aside"
EXPOSED = (
    "ETag, Location, Content-Location, Memento-Datetime, Link, Preference-Applied, Retry-After, "
    f"{SEQ}, {SET_ASIDE}"
)
READS = frozenset({"GET", "HEAD"})
CONDITIONS = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_RANGE"}
LISTS = ("/v1/matrix", "/matrix", "/widgets/")
"""Where parties and issues may be given more than once."""

CLOCKS = frozenset({"known_at", "known_from", "known_to"})

MIN_SEQ = "stancelog.min_seq"
WAITS = {"HTTP_PREFER", "HTTP_STANCELOG_SEQ", MIN_SEQ}

IN_TURN = 0.05
"""Seconds that a question lets the one before it have the interpreter to itself."""

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def register(app: Flask) -> None:
    """Let the app do so."""
    repeats = Repeats()
    app.wsgi_app = _without_min_seq(_in_turn(app.wsgi_app))  # type: ignore[method-assign, assignment]

    @app.before_request
    def _before() -> Response | None:
        asked: Request = cast(Any, request)._get_current_object()  # noqa: SLF001  once, for all
        if asked.method not in READS:
            _refuse_foreign_writes(asked)
        _refuse_odd_questions(asked)
        if asked.method not in READS or asked.blueprint is None:
            return None
        _await_min_seq(asked)
        return _repeated(repeats, asked)

    @app.after_request
    def _after(response: Response) -> Response:
        headers, asked = response.headers, request
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if "seq_written" in g:
            headers[SEQ] = str(g.seq_written)
        state: State | None = g.get("state")
        if state and state.set_aside:
            headers[SET_ASIDE] = str(state.set_aside)
        if asked.method in READS:
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = EXPOSED
            if response.status_code == 200 and not response.is_streamed:
                _validate(repeats, response, state)
        elif asked.method == "OPTIONS":
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = EXPOSED
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            headers["Access-Control-Allow-Headers"] = "*"
            headers["Access-Control-Max-Age"] = "86400"
        return response


# Before


def _in_turn(app: Wsgi) -> Wsgi:
    """Let threads take turns with the interpreter, a question at a time.

    They would else at every statement: each gives it up there and waits until it has it again. With
    eight connections that answered 530 questions a second, where one alone asked 690 and in turn
    they ask 740. One that takes longer than IN_TURN is no longer waited for.
    """
    turn = Lock()

    def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        waits = environ["REQUEST_METHOD"] != "GET" or WAITS & environ.keys()
        if waits or not turn.acquire(timeout=IN_TURN):
            return app(environ, start_response)
        try:
            return app(environ, start_response)
        finally:
            turn.release()

    return take


def _without_min_seq(app: Wsgi) -> Wsgi:
    """Take `min_seq` out of the query of every read: it asks for no other answer."""

    def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        if "min_seq=" in query and environ["REQUEST_METHOD"] in READS:
            pairs = query.split("&")
            found = [pair for pair in pairs if pair.startswith("min_seq=")]
            if found:
                environ["QUERY_STRING"] = "&".join(pair for pair in pairs if pair not in found)
                environ[MIN_SEQ] = [unquote_plus(pair[8:]) for pair in found]
        return app(environ, start_response)

    return take


def _refuse_foreign_writes(asked: Request) -> None:
    origin = asked.headers.get("Origin")
    if asked.method == "OPTIONS" or origin is None or origin.endswith(f"://{asked.host}"):
        return
    raise ForeignOriginError(f"Pages of {origin} may read here, not write.")


def _refuse_odd_questions(asked: Request) -> None:
    path = asked.path
    if "\0" in path:
        raise NotFoundError("thing", path)
    if asked.blueprint == "pages":
        return
    looks_itself = asked.blueprint is not None or asked.endpoint in (None, "static")
    takes_none = asked.method in ("POST", "PUT") or not looks_itself
    for name, values in asked.args.lists():
        if takes_none:
            raise unwanted(name, "is not a parameter here: it takes none")
        is_list = name in ("party", "issue") and path.startswith(LISTS)
        if len(values) > 1 and not is_list:
            raise unwanted(name, f"is given {len(values)} times: give it once")


def _await_min_seq(asked: Request) -> None:
    """Let a read wait for what it insists on: what its client has written, as a rule."""
    texts = [*asked.environ.get(MIN_SEQ, ()), *asked.headers.getlist(SEQ)]
    if not texts:
        return
    if not all(text.isascii() and text.isdigit() and len(text) < 17 for text in texts):
        raise InvalidQueryError(Fault("min_seq", "invalid", "must be a log position"))
    store().await_seq(max(map(int, texts)))


def _repeated(repeats: Repeats, asked: Request) -> Response | None:
    """Answer again what was answered, where nothing changed since."""
    kept = repeats.kept(asked)
    if kept is None and "HTTP_IF_NONE_MATCH" not in asked.environ:
        return None
    state = store().state()
    if state is None:
        return None
    answer = unchanged(state, asked) or (kept.again(state) if kept else None)
    if answer is not None:
        g.state = state  # only an answer that `asking` gave is known to be made of it
    return answer


# After


def _validate(repeats: Repeats, response: Response, state: State | None) -> None:
    """Give the response an ETag, and turn it into a 304 for those who have it."""
    headers = response.headers
    if "ETag" not in headers:
        is_pinned = g.get("is_pinned", False)
        headers.setdefault("Cache-Control", PINNED if is_pinned else UNPINNED)
        asked: Request = cast(Any, request)._get_current_object()  # noqa: SLF001
        if state and not _is_fleeting(asked):
            _tag_by_state(repeats, response, state, asked, is_pinned=is_pinned)
        else:
            _tag_by_content(response)
    headers.setdefault("Cache-Control", UNPINNED)
    if not CONDITIONS.isdisjoint(request.environ):
        response.make_conditional(request.environ)


def _is_fleeting(asked: Request) -> bool:
    """Tell whether what is asked for by date is about to mean another position in the log."""
    if asked.args.get("inherit") == "1" and "now" in g:
        return True  # memberships begin and end too
    given = [asked.args[name] for name in CLOCKS.intersection(asked.args)]
    recent = dates.now() - dates.MINUTE
    return any(dates.instant_of(text) > recent for text in given if text.strip())


def _tag_by_state(
    repeats: Repeats, response: Response, state: State, asked: Request, *, is_pinned: bool
) -> None:
    now = g.get("now")
    etag = tag(state, kind_of(response, is_pinned=is_pinned), asked)
    response.set_etag(etag, weak=now is not None)
    if asked.method == "GET" and not (now and g.get("goes_on")):  # its cursor holds now too
        repeats.keep(state, asked, response, now)


def _tag_by_content(response: Response) -> None:
    content = response.get_data()
    now = g.get("now")
    if now is not None:  # the answer is the same as a moment ago, but for its echo of now
        content = content.replace(now.encode(), b"")
    response.set_etag(blake2b(content, digest_size=12).hexdigest(), weak=now is not None)
