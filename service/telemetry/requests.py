"""Watching every request, outside of everything else that is made of it.

Answers that are given again, before Flask has the request, are seen too: that costs 5 us a request,
and a line in the log 30 us, where such an answer takes 40 us in all.
"""

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, request

from service import settings
from service.telemetry import ids, logs

ROUTE = "stancelog.route"
"""Which rule of the API a request is for, as the routes write it."""

AGAIN = "stancelog.again"
"""Whether the answer is one that was given before."""

CALLER = "stancelog.caller"
"""The name of the token that was shown."""

RECORDED = "stancelog.recorded"
"""How many records were recorded."""

WRITTEN = "stancelog.written"
"""The position in the log of what was recorded."""

STREAMS = "stancelog.streams"
"""Whether the answer is made while it is sent."""

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Tell = Callable[["Seen"], None]
Begin = Callable[[dict[str, Any]], Tell]


class Seen:
    """One request, from when it came until its answer was given."""

    __slots__ = ("_start", "began", "end_span", "environ", "id", "seconds", "status")

    def __init__(self, environ: dict[str, Any], start: Any) -> None:
        self.environ = environ
        self._start = start
        self.status = 500
        self.seconds = 0.0
        self.began = perf_counter()
        self.id = ids.begin(environ)
        self.end_span: Tell | None = None

    def start(self, status: str, headers: list[tuple[str, str]], *told: Any) -> Any:
        """Begin the answer, with the id on it."""
        self.status = int(status[:3])
        headers.append((ids.HEADER, self.id))
        return self._start(status, headers, *told)


def register(app: Flask, *told: Tell, begin_span: Begin | None = None) -> None:
    """Let every request to the app be watched, and have its line in the log, and maybe a span."""
    app.wsgi_app = watched(app.wsgi_app, *told, lines(), begin_span=begin_span)  # type: ignore[method-assign, assignment]

    @app.after_request
    def _told(response: Response) -> Response:
        environ = request.environ
        if request.url_rule is not None:
            environ[ROUTE] = request.url_rule.rule
        if (caller := g.get("caller")) is not None:
            environ[CALLER] = caller.name
        if response.is_streamed:
            environ[STREAMS] = True
        if "seq_written" in g:
            environ[WRITTEN] = g.seq_written
            environ[RECORDED] = g.get("records_written", 0)
        return response


def watched(app: Wsgi, *told: Tell, begin_span: Begin | None = None) -> Wsgi:
    """Return the app, with those told of each request when its answer was given."""

    def finish(seen: Seen) -> None:
        seen.seconds = perf_counter() - seen.began
        for tell in told:
            tell(seen)
        if seen.end_span:
            seen.end_span(seen)
        ids.end()

    def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen = Seen(environ, start_response)
        if begin_span:
            seen.end_span = begin_span(environ)
        try:
            body = app(environ, seen.start)
        except BaseException:
            finish(seen)
            raise
        if STREAMS not in environ:
            finish(seen)
            return body
        return _Watched(body, seen, finish)

    return take


class _Watched:
    """The body of an answer that is made while it is sent. When that ends, the request is over."""

    __slots__ = ("_body", "_finish", "_seen")

    def __init__(self, body: Iterable[bytes], seen: Seen, finish: Tell) -> None:
        self._body, self._finish = body, finish
        self._seen: Seen | None = seen

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            seen, self._seen = self._seen, None
            if seen is not None:
                self._finish(seen)


def lines() -> Tell:
    """Return what writes the line of a request, where it is to have one."""
    which = settings.log_requests()
    if which == "off":
        return lambda _: None
    log, is_every = logs.of_requests(), which == "all"

    def write(seen: Seen) -> None:
        if is_every or seen.status >= 400:
            (log.warning if seen.status >= 500 else log.info)("request", **told_of(seen))

    return write


def told_of(seen: Seen) -> dict[str, Any]:
    """Return what a line says of a request.

    Not its query: that may say what somebody is looking into, or hold a token.
    """
    environ = seen.environ
    path = environ.get("PATH_INFO", "")
    if not (path.isascii() and path.isprintable()):
        path = quote(path, encoding="latin-1")
    told = {
        "method": environ["REQUEST_METHOD"][:20],
        "path": path[:1000],
        "status": seen.status,
        "ms": round(seen.seconds * 1000, 3),
    }
    if CALLER in environ:
        told["token"] = environ[CALLER]
    if WRITTEN in environ:
        told["seq"] = environ[WRITTEN]
    if AGAIN in environ:
        told["again"] = True
    return told
