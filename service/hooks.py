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
from werkzeug.http import quote_etag
from werkzeug.middleware.proxy_fix import ProxyFix

from events import dates
from events.errors import Fault
from projections.database import Trouble
from service import safety, settings
from service.access import door
from service.http import conditioned, store, unwanted
from service.limits.fairness import Bodies, limit_rates
from service.problems import FAILED, ForeignOriginError, InvalidQueryError, NotFoundError
from service.repeats import PINNED, UNKEPT, UNPINNED, Repeats, State, kind_of, tag, unchanged
from service.store import Store
from service.telemetry import ids
from service.telemetry.requests import AGAIN, ROUTE

SEQ = "Stancelog-Seq"
SET_ASIDE = "Stancelog-Set-Aside"
EXPOSED = (
    "ETag, Location, Content-Location, Memento-Datetime, Link, Preference-Applied, Retry-After, "
    f"{SEQ}, {SET_ASIDE}, {ids.HEADER}"
)
READABLE = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, *",  # of which the star is none
    "Access-Control-Max-Age": "86400",
}
READS = frozenset({"GET", "HEAD"})
CONDITIONS = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_RANGE"}
LISTS = ("/v1/matrix", "/matrix", "/widgets/")
"""Where parties and issues may be given more than once."""

CLOCKS = frozenset({"known_at", "known_from", "known_to"})

MIN_SEQ = "stancelog.min_seq"
INSISTS = {"HTTP_STANCELOG_SEQ", MIN_SEQ}
PRIVATE = "private, no-cache"
WAITS = INSISTS | {"HTTP_PREFER"}
NOT_PLAIN = CONDITIONS | WAITS | {"HTTP_AUTHORIZATION", door.TOKEN}

IN_TURN = 0.05
"""Seconds that a question lets the one before it have the interpreter to itself."""

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def register(app: Flask) -> None:
    """Let the app do so."""
    repeats = Repeats()
    limit_rates(app)
    is_open = app.extensions["stancelog.rules"].reads_are_open
    inner: Wsgi = app.wsgi_app
    if is_open:  # else it is to be seen first who asks
        inner = _repeating(inner, repeats, app.extensions["stancelog"])
    inner = Bodies().before(_without_token(_without_min_seq(_in_turn(inner))))
    if proxies := settings.proxies():
        inner = ProxyFix(inner, x_for=proxies, x_proto=proxies, x_host=proxies)
    app.wsgi_app = inner  # type: ignore[method-assign, assignment]

    @app.before_request
    def _before() -> Response | None:
        asked: Request = cast(Any, request)._get_current_object()  # noqa: SLF001  once, for all
        if FAILED in asked.environ:
            raise asked.environ[FAILED]
        if asked.method not in READS and asked.method != "OPTIONS":
            _refuse_foreign_writes(asked)
        door.enter(asked)
        if asked.method in ("POST", "PUT") and _records(asked):
            door.must_write(asked)
        _refuse_odd_questions(asked)
        if asked.method not in READS or asked.blueprint is None:
            return None
        _await_min_seq(asked)
        return _repeated(repeats, asked)

    @app.after_request
    def _after(response: Response) -> Response:
        return _finished(repeats, response)


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
        if environ["REQUEST_METHOD"] in READS and (found := _taken_out(environ, "min_seq")):
            environ[MIN_SEQ] = found
        return app(environ, start_response)

    return take


def _without_token(app: Wsgi) -> Wsgi:
    """Take a token out of the query, before anything can write it into a log or an answer."""

    def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if found := _taken_out(environ, "token"):
            environ[door.TOKEN] = found[-1]
        return app(environ, start_response)

    return take


def _taken_out(environ: dict[str, Any], name: str) -> list[str]:
    """Take a parameter out of the query, also where its name is escaped. Returns its values."""
    query = environ.get("QUERY_STRING", "")
    if name not in query and "%" not in query:
        return []
    pairs = query.split("&")
    found = [pair for pair in pairs if "=" in pair and _name_in(pair) == name]
    if found:
        environ["QUERY_STRING"] = "&".join(pair for pair in pairs if pair not in found)
    return [unquote_plus(pair.partition("=")[2]) for pair in found]


def _name_in(pair: str) -> str:
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name else name


def _repeating(app: Wsgi, repeats: Repeats, asked_of: Store) -> Wsgi:
    """Give again what was answered to a plain GET, where nothing changed since.

    Before anything else is made of the request: that takes several times as long.
    """

    def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        kept = repeats.kept(environ) if _is_plain(environ) else None
        if kept is None:
            return app(environ, start_response)
        try:
            again = kept.again(asked_of.state())
        except Trouble as error:
            environ[FAILED] = error  # it becomes a problem where others do
            again = None
        if again is None:
            return app(environ, start_response)
        body, headers = again
        environ[ROUTE], environ[AGAIN] = kept.route, True
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return take


def _is_plain(environ: dict[str, Any]) -> bool:
    """Tell whether a request asks for a whole answer at once, whatever the client has."""
    return environ["REQUEST_METHOD"] == "GET" and NOT_PLAIN.isdisjoint(environ)


def _records(asked: Request) -> bool:
    """Tell whether a program records something. The pages ask by themselves whether one may."""
    return asked.url_rule is not None and asked.blueprint != "pages"


def _refuse_foreign_writes(asked: Request) -> None:
    """Let pages of other sites write nothing, through whichever browser.

    A browser tells where a request comes from: all of today in Sec-Fetch-Site, nearly all in
    Origin ("null" from where it hides it), the others in Referer at most. A program tells nothing.
    The scheme is not compared: what stands before us may have ended TLS.
    """
    site = asked.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none"):
        raise ForeignOriginError(f"Pages that are {site} may read here, not write.")
    told = asked.headers.get("Origin") or asked.headers.get("Referer")
    scheme, _, rest = (told or "").partition("://")
    host = rest.partition("/")[0]
    if told and (scheme not in ("http", "https") or host != asked.host):
        origin = f"{scheme}://{host}" if host else told  # what is behind that may be a secret
        raise ForeignOriginError(f"Pages of {origin} may read here, not write.")


def _refuse_odd_questions(asked: Request) -> None:
    path = asked.path
    if "\0" in path:
        raise NotFoundError("thing", path)
    if asked.blueprint == "pages":
        for name, value in asked.args.items(multi=True):
            if "\0" in value:  # which PostgreSQL does not take
                raise InvalidQueryError(Fault(name, "invalid", "must not contain NUL"))
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
    if INSISTS.isdisjoint(asked.environ):
        return
    texts = [*asked.environ.get(MIN_SEQ, ()), *asked.headers.getlist(SEQ)]
    if not all(text.isascii() and text.isdigit() and len(text) < 17 for text in texts):
        raise InvalidQueryError(Fault("min_seq", "invalid", "must be a log position"))
    store().await_seq(max(map(int, texts)))


def _repeated(repeats: Repeats, asked: Request) -> Response | None:
    """Answer again what was answered, where nothing changed since, or say that the client has it.

    Of plain requests `_repeating` has done so.
    """
    if _is_plain(asked.environ) and door.rules().reads_are_open:
        return None
    kept = repeats.kept(asked.environ)
    if kept is None and "HTTP_IF_NONE_MATCH" not in asked.environ:
        return None
    state = store().state()
    if state is None:
        return None
    answer = unchanged(state, asked)
    if answer is None and kept and (again := kept.again(state)):
        body, headers = again
        answer = Response(body, headers=headers)
        asked.environ[AGAIN] = True
    if answer is not None:
        g.state = state  # only an answer that `asking` gave is known to be made of it
    return answer


# After


def _finished(repeats: Repeats, response: Response) -> Response:
    asked: Request = cast(Any, request)._get_current_object()  # noqa: SLF001
    told = cast(Any, g)._get_current_object()  # noqa: SLF001
    state: State | None = told.get("state")
    headers = safety.headers(response.mimetype, is_secure=asked.is_secure)
    headers |= _told_of(asked, told, state)
    has = _give(response, headers)
    is_whole = response.status_code == 200 and not response.is_streamed
    if response.headers.get("Cache-Control") == UNKEPT:
        return response  # one that nobody is to keep, such as a form
    if asked.method in READS and is_whole:
        if "etag" in has:
            _give(response, {"Cache-Control": UNPINNED})
        else:
            _tag(repeats, response, asked, told)
        if not CONDITIONS.isdisjoint(asked.environ):
            response = conditioned(response)
            _give(response, headers)
    if not door.rules().reads_are_open and asked.endpoint not in door.PUBLIC:
        response.headers["Cache-Control"] = PRIVATE  # what stands between is not to give it others
        response.vary.update(("Authorization", "Cookie"))
    return response


def _told_of(asked: Request, told: Any, state: State | None) -> dict[str, str]:
    """Return the headers that say how far the log is, and who may read the answer."""
    headers = {}
    if "seq_written" in told:
        headers[SEQ] = str(told.seq_written)
    if state and state.set_aside:
        headers[SET_ASIDE] = str(state.set_aside)
    if asked.method in READS:
        headers |= READABLE
    elif asked.method == "OPTIONS":
        headers |= READABLE | PREFLIGHT
    return headers


def _give(response: Response, headers: dict[str, str]) -> set[str]:
    """Give a response those headers that it has not. Returns which it had, in lower case.

    To set them one at a time looks through all that it has each time.
    """
    has = {name.lower() for name, _ in response.headers}
    for name, value in headers.items():
        if name.lower() not in has:
            response.headers.add(name, value)
    return has


def _tag(repeats: Repeats, response: Response, asked: Request, told: Any) -> None:
    """Give the response an ETag, and keep it where that says what it depends on.

    `told`: what the route has left in `g`.
    """
    state, now, is_pinned = told.get("state"), told.get("now"), told.get("is_pinned", False)
    is_of_state = state is not None and not _is_fleeting(asked, now)
    if is_of_state:
        etag = tag(state, kind_of(response, is_pinned=is_pinned), asked)
    else:
        etag = _tag_of_content(response, now)
    cache = PINNED if is_pinned else UNPINNED
    _give(response, {"Cache-Control": cache, "ETag": quote_etag(etag, weak=now is not None)})
    goes_on = now is not None and told.get("goes_on")  # its cursor holds now too
    if is_of_state and asked.method == "GET" and not goes_on:
        repeats.keep(state, asked, response, now)


def _is_fleeting(asked: Request, now: str | None) -> bool:
    """Tell whether what is asked for by date is about to mean another position in the log."""
    if now is not None and asked.args.get("inherit") == "1":
        return True  # memberships begin and end too
    given = [asked.args[name] for name in CLOCKS.intersection(asked.args)]
    if not given:
        return False
    recent = dates.now() - dates.MINUTE
    return any(dates.instant_of(text) > recent for text in given if text.strip())


def _tag_of_content(response: Response, now: str | None) -> str:
    content = response.get_data()
    if now is not None:  # the answer is the same as a moment ago, but for its echo of now
        content = content.replace(now.encode(), b"")
    return blake2b(content, digest_size=12).hexdigest()
