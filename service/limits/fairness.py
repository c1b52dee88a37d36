"""Fair shares: what one client may take of a server that others wait for.

Requests are counted by address (Flask-Limiter), not those that come from this machine itself. A
body is waited for beside the request, for so long and so many at once: the server itself would
wait for ever, with a thread for each.
"""

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from io import BytesIO
from threading import BoundedSemaphore, Lock, Thread
from time import time
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded
from werkzeug.exceptions import LengthRequired

from service import limits, settings
from service.access import door
from service.access.addresses import address_of
from service.limits.counts import SCHEME
from service.problems import FAILED, BodyError, BusyError, problem

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]

NO_LENGTH = (
    "A body is taken with its Content-Length only: one that comes in pieces (chunked) and breaks "
    "off cannot be told from a whole one."
)

UNCOUNTED = frozenset({"healthz", "readyz", "metrics", "static"})


def limit_rates(app: Flask) -> None:
    """Count the requests of each client before anything else is done for them.

    Raises SettingError.
    """
    rate = settings.rate()
    if rate is None:
        return
    limiter = Limiter(
        client_of_request,
        app=app,
        application_limits=[rate],
        strategy="fixed-window",
        storage_uri=f"{SCHEME}://",
        request_identifier=lambda: request.endpoint or "nothing",  # what is not there counts too
    )

    @limiter.request_filter
    def _is_uncounted() -> bool:
        return request.endpoint in UNCOUNTED or door.is_at_this_machine(request)

    @app.errorhandler(RateLimitExceeded)
    def _exceeded(error: RateLimitExceeded) -> Response:
        until = limiter.current_limit.reset_at if limiter.current_limit else 0
        seconds = max(1, int(until - time()))  # the extension has rounded up
        return problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{client_of_request()} has asked for more than one client may: {error.description}. "
            f"Ask again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


def client_of_request() -> str:
    """Return from where the request comes."""
    return client_of(request.environ)


def client_of(environ: dict[str, Any]) -> str:
    """Return an address or, of IPv6, the network that one client has all of."""
    told = environ.get("REMOTE_ADDR") or "127.0.0.1"
    address = address_of(told)
    if address is None:
        return str(told)
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


class Bodies:
    """The bodies that are being read, so that slow ones keep nobody else waiting.

    One that did not come in time is not waited for any more, but the thread that reads it stays
    until its client is gone: the server closes no such connection.
    """

    def __init__(
        self,
        most: int = limits.MOST_BODIES,
        most_of_one: int = limits.MOST_BODIES_OF_ONE,
        seconds: float = limits.BODY_TIME,
    ) -> None:
        self._most_of_one, self._seconds = most_of_one, seconds
        self._room = BoundedSemaphore(most)
        self._lock = Lock()
        self._waited_for: Counter[str] = Counter()

    def before(self, app: Wsgi) -> Wsgi:
        """Let an app have whole bodies only."""

        def take(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if _has_no_length(environ):
                environ[FAILED] = LengthRequired(NO_LENGTH)
                _give(environ, b"")
            elif (size := _size_of(environ)) is not None:
                try:
                    with self._share_of(client_of(environ)):
                        self._read(environ, size)
                except (BodyError, BusyError) as error:
                    environ[FAILED] = error  # it becomes a problem where others do
                    _give(environ, b"")
            return app(environ, start_response)

        return take

    def _read(self, environ: dict[str, Any], size: int) -> None:
        if not self._room.acquire(blocking=False):
            raise BusyError("As many bodies are being sent here as there may be at once.")
        reading = _Reading(environ["wsgi.input"], size, self._room)
        reading.start()
        reading.join(self._seconds)
        if reading.is_alive():
            raise BodyError(f"The body did not come within {self._seconds:g} seconds.")
        body = reading.body
        if len(body) < size:
            raise BodyError("The body ended before it was whole.")
        _give(environ, body)

    @contextmanager
    def _share_of(self, client: str) -> Iterator[None]:
        """Count a body as one of a client's. Raises BusyError."""
        with self._lock:
            if self._waited_for[client] >= self._most_of_one:
                raise BusyError("This client is sending as many bodies as one may at once.")
            self._waited_for[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waited_for[client] -= 1
                if not self._waited_for[client]:
                    del self._waited_for[client]


class _Reading(Thread):
    """Reads one body. No process that ends waits for it."""

    def __init__(self, stream: Any, size: int, room: BoundedSemaphore) -> None:
        super().__init__(name="body", daemon=True)
        self._stream, self._size, self._room = stream, size, room
        self.body = b""

    def run(self) -> None:
        try:
            with suppress(OSError):  # the client is gone
                self.body = self._stream.read(self._size)
        finally:
            self._room.release()


def _has_no_length(environ: dict[str, Any]) -> bool:
    """Tell whether a body that would be read comes in pieces, without its length.

    The server says nothing where such a body breaks off, so what there is would count as all of it.
    """
    is_read = environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")
    return is_read and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()


def _size_of(environ: dict[str, Any]) -> int | None:
    """Return how many bytes to read; None where there is no body that will be read."""
    told = environ.get("CONTENT_LENGTH", "")
    size = int(told) if told.isascii() and told.isdigit() and len(told) < 17 else 0
    return size if 0 < size <= limits.MOST_BYTES else None  # a larger one is refused unread


def _give(environ: dict[str, Any], body: bytes) -> None:
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
