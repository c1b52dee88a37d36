"""The log as Server-Sent Events, for those who may: each stream keeps a thread of the server."""

from collections.abc import Iterator
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

import orjson
from flask import Response, current_app, request
from marshmallow import RAISE
from werkzeug.exceptions import NotFound

from events.errors import Fault
from service import settings, stopping
from service.answers.events import cloud_event
from service.following import EVERY, stretch_after
from service.http import Api, store
from service.paging import DEFAULT_LIMIT
from service.problems import BusyError, InvalidQueryError
from service.schemas import log as shapes
from service.store import Store

api = Api("stream", __name__, url_prefix="/v1", description="The log, pushed as it grows.")

EVENT_STREAM = "text/event-stream"

QUIET = 15
"""Seconds after which a stream without news says so, which tells whether anybody still reads."""

LONGEST = 600
"""Seconds after which a stream ends; a browser opens another one where it was."""

OFF = (
    "Streams are off here: each keeps a thread of the server. Ask /v1/log with 'Prefer: wait=20', "
    f"or let the operator set {settings.most_streams.name}."
)

FULL = "As many streams are open here as there may be. /v1/log tells the same."


@api.route("/stream")
@api.arguments(shapes.Streaming, location="query", unknown=RAISE)
@api.response(200, {"type": "string"}, content_type=EVENT_STREAM)
def stream(parameters: dict[str, Any]) -> Response:
    """What is recorded, as it is recorded? Each event is as in /v1/log; its id is its seq."""
    room: BoundedSemaphore | None = current_app.extensions["stancelog.streams"]
    if room is None:
        raise NotFound(OFF)
    log = store()
    with log.reading() as (_, head):
        after = _last_seen(parameters.get("after"), head.seq)
    if not room.acquire(blocking=False):
        raise BusyError(FULL, 30)
    told = _Told(log, after, request.host_url, room)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = Response(told, mimetype=EVENT_STREAM, headers=headers)
    response.call_on_close(told.close)
    return response


def _last_seen(after: int | None, head: int) -> int:
    """Return after which position to begin: where a browser was, else as asked, else the end."""
    text = request.headers.get("Last-Event-ID", "")
    if text.isascii() and text.isdigit() and len(text) < 17:
        after = int(text)
    if after is None:
        return head
    if after > head:
        message = f"{after} is above the head of the log, {head}: this is another log"
        raise InvalidQueryError(Fault("after", "invalid", message))
    return after


class _Told:
    """What a stream tells. Between looks at the log nothing of the database is held."""

    def __init__(self, log: Store, after: int, root: str, room: BoundedSemaphore) -> None:
        self._log, self._after, self._root = log, after, root
        self._room: BoundedSemaphore | None = room

    def __iter__(self) -> Iterator[bytes]:
        yield b"retry: 2000\n\n"
        ends = monotonic() + LONGEST
        spoke = monotonic()
        while self._room is not None and monotonic() < ends and not stopping.is_near():
            found = stretch_after(self._log, self._after, DEFAULT_LIMIT)
            for entry in found.entries:
                self._after = entry.seq
                data = orjson.dumps(cloud_event(entry, self._root)).decode()
                yield f"id: {entry.seq}\nevent: record\ndata: {data}\n\n".encode()
                spoke = monotonic()
            while self._is_quiet(found.head.position, spoke + QUIET):
                stopping.sleep(EVERY)
            if monotonic() >= spoke + QUIET:
                spoke = monotonic()
                yield b": nothing new\n\n"
        self.close()

    def _is_quiet(self, position: int, deadline: float) -> bool:
        if monotonic() >= deadline or stopping.is_near():
            return False
        return not self._log.has_more(position)

    def close(self) -> None:
        """Give the room back, once."""
        room, self._room = self._room, None
        if room is not None:
            room.release()
