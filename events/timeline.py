"""The timeline: every command, and the log that its events are kept in.

Nothing outside this file knows which database the log is kept in.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import random
from time import sleep
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import orjson
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, EventSourcingError
from eventsourcing.persistence import (
    IntegrityError,
    StoredEvent,
    Transcoder,
)

from events.batch import Batch, Checker, Known, Outcome, Sent
from events.errors import BatchRefusedError

LOCK_TIMEOUT = 30
"""Seconds that a write waits for another one to finish."""

RAW_PAGE = 500
"""Events read at once where they are not decoded."""

ATTEMPTS = 20
"""How often a save is decided anew after another process came first."""


LogError = EventSourcingError
"""The log cannot be reached, or holds what cannot be read."""


class DatabaseUrlError(ValueError):
    """The URL names no database that a timeline can be kept in."""


class PlainJSON(Transcoder):
    """Stores an event's state as plain JSON. Its timestamp is the one value that is not."""

    def encode(self, obj: dict[str, Any]) -> bytes:
        """Return JSON, the timestamp in RFC 3339."""
        return orjson.dumps(obj)

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the state, the timestamp as a datetime."""
        state: dict[str, Any] = orjson.loads(data)
        state["timestamp"] = datetime.fromisoformat(state["timestamp"])
        return state


class Raw(NamedTuple):
    """One event as the store keeps it, undecoded. Ids increase along the log, and are not dense."""

    id: int
    raw: bytes  # see `raw_of`
    originator_id: UUID
    originator_version: int


class Stored(NamedTuple):
    """One event as the log has it. Ids increase along the log, and are not dense."""

    id: int
    event: Any
    raw: bytes  # see `raw_of`


class UnreadableError(Exception):
    """The store holds something that no event was stored as."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(why)
        self.position = position  # the id of the last event before it


class Timeline(Application[UUID]):
    """Records reports, parties and issues as immutable events."""

    def __init__(self, url: str, *, check: Checker, create_tables: bool = False) -> None:
        """Open the log at `url`, sqlite:///FILE or postgresql://….

        `check` returns a corrected report in canonical form, or raises InvalidRecordError.
        Raises DatabaseUrlError.
        """
        super().__init__(env=settings_of(url) | {"CREATE_TABLE": "y" if create_tables else "n"})
        self._check = check
        self._known = Known()

    def construct_transcoder(self) -> Transcoder:
        """Return the transcoder of stored events."""
        return PlainJSON()

    def record(
        self, sent: Sequence[Sent], *, last_recorded_at: datetime | None = None
    ) -> list[Outcome]:
        """Record all of them, in order and in one commit, or none.

        What is recorded already is left as it is. `last_recorded_at`: no kept recorded time
        may be before it. Raises BatchRefusedError, with what is wrong with each.
        """
        is_hopeful = True
        for attempt in range(ATTEMPTS):
            batch = self._batch(is_hopeful=is_hopeful, last_recorded_at=last_recorded_at)
            outcomes, refused = batch.decide_all(sent)
            if refused and not is_hopeful:
                raise BatchRefusedError(refused)
            if not refused:
                try:
                    self.save(*batch.events)
                except IntegrityError:
                    if attempt == ATTEMPTS - 1:
                        raise
                    sleep(random() * min(0.002 * 2**attempt, 0.5))  # noqa: S311
                else:
                    batch.remember()
                    return outcomes
            is_hopeful = False
        raise AssertionError("unreachable")

    def trial(self, last_recorded_at: datetime | None = None) -> Batch:
        """Return a batch to decide records in that will not be saved."""
        return self._batch(is_hopeful=False, last_recorded_at=last_recorded_at)

    def _batch(self, *, is_hopeful: bool, last_recorded_at: datetime | None) -> Batch:
        return Batch(
            self.find,
            self._check,
            self._known,
            is_hopeful=is_hopeful,
            last_recorded_at=last_recorded_at,
        )

    def find(self, key: UUID) -> Aggregate | None:
        """Return an aggregate as the log has it, or None."""
        try:
            found: Aggregate = self.repository.get(key)
        except AggregateNotFoundError:
            return None
        return found

    def head(self) -> int:
        """Return the id of the last stored event, 0 when there is none."""
        return self.recorder.max_notification_id() or 0

    def events_after(self, position: int, limit: int, stop: int | None = None) -> list[Stored]:
        """Return at most `limit` events in log order, with ids above `position` up to `stop`."""
        return [
            Stored(notification.id, self.mapper.to_domain_event(notification), raw_of(notification))
            for notification in self.recorder.select_notifications(
                position, limit, stop, inclusive_of_start=False
            )
        ]

    def raw_events(self, stop: int) -> Iterator[Raw]:
        """Yield all events up to the id `stop` in log order, whatever their ids, undecoded.

        Raises UnreadableError at the first that cannot even be read.
        """
        last: int | None = None
        limit = RAW_PAGE
        while True:
            try:
                some = self._raw_page(last, limit, stop)
            except Exception as error:  # whatever somebody put there
                if limit == 1:
                    raise UnreadableError(last or 0, str(error)) from error
                limit = 1  # one by one, to tell where
                continue
            yield from some
            if len(some) < limit:
                return
            last = some[-1].id

    def _raw_page(self, last: int | None, limit: int, stop: int) -> list[Raw]:
        found = self.recorder.select_notifications(last, limit, stop, inclusive_of_start=False)
        return [
            Raw(one.id, raw_of(one), UUID(str(one.originator_id)), one.originator_version)
            for one in found
        ]


def raw_of(event: StoredEvent) -> bytes:
    """Return all that the store keeps of an event, the same bytes on every database.

    Id of the aggregate (16 bytes), version (8, big endian), length of the topic (4, big
    endian), topic (UTF-8), state.
    """
    topic = event.topic.encode()
    return b"".join(
        (
            UUID(str(event.originator_id)).bytes,
            event.originator_version.to_bytes(8, "big"),
            len(topic).to_bytes(4, "big"),
            topic,
            event.state,
        )
    )


def settings_of(url: str) -> dict[str, str]:
    """Return the library's settings for a database URL. Raises DatabaseUrlError."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        path = unquote(rest.removeprefix("/"))
        if not path or ":memory:" in path or "?" in path:
            raise DatabaseUrlError(
                f"{url!r} names no file: give sqlite:///stancelog.db (relative) "
                "or sqlite:////data/stancelog.db (absolute)"
            )
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "APPLICATION_RECORDER_TOPIC": "events.sqlite:SQLiteRecorder",
            "SQLITE_DBNAME": path,
            "SQLITE_LOCK_TIMEOUT": str(LOCK_TIMEOUT),
        }
    if scheme in ("postgresql", "postgres"):
        return _postgres_settings(url)
    raise DatabaseUrlError(
        f"{url!r} is not a database that we keep a timeline in: give sqlite:///FILE "
        "or postgresql://USER:PASSWORD@HOST:PORT/NAME"
    )


def _postgres_settings(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if unknown := query.keys() - {"host", "port"}:
        raise DatabaseUrlError(
            f"{url.partition('?')[0]!r}: {', '.join(sorted(unknown))} cannot be given in the URL; "
            "use libpq's environment variables, such as PGSSLMODE"
        )
    try:
        port = parts.port
    except ValueError as error:
        raise DatabaseUrlError(f"the database URL has a bad port: {error}") from None
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "APPLICATION_RECORDER_TOPIC": "events.postgres:PostgresRecorder",
        "POSTGRES_DBNAME": unquote(parts.path.removeprefix("/")),
        "POSTGRES_HOST": unquote(query.get("host") or parts.hostname or "localhost"),
        "POSTGRES_PORT": str(port or query.get("port") or 5432),
        "POSTGRES_USER": unquote(parts.username or "postgres"),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
        "POSTGRES_POOL_SIZE": "1",  # and more when needed: processes share the server
        "POSTGRES_LOCK_TIMEOUT": str(LOCK_TIMEOUT),
        # That path takes no table lock, and a reader can see id 2 before id 1.
        "POSTGRES_ENABLE_DB_FUNCTIONS": "no",
    }
