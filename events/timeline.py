"""The timeline: every command, and the log that its events are kept in.

Nothing outside this file knows which database the log is kept in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
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
    Notification,
    StoredEvent,
    Transcoder,
)
from eventsourcing.utils import TopicError, resolve_topic

from events.batch import Batch, Checker, Known, Outcome, Sent
from events.errors import BatchRefusedError

LOCK_TIMEOUT = 30
"""Seconds that a write waits for another one to finish."""

RAW_PAGE = 500
"""Events read at once where they are not decoded."""

FIRST = -(2**63)
"""The least id that a database can hold. Ours are from 1 on."""

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


class Unreadable(NamedTuple):
    """What stands in an event's place where the store holds something that no event was stored as.

    It is not known what it was, so it is taken for a record unless its topic says otherwise: the
    records after it keep their places in the log when it can be read again.
    """

    why: str
    is_record: bool
    originator_id: UUID
    originator_version: int


class UnreadableError(LogError):
    """The store holds something that no event was stored as."""

    def __init__(self, id_: int, why: str) -> None:
        super().__init__(f"no. {id_} of the store cannot be read as an event: {why}")
        self.id = id_
        self.why = why


class Timeline(Application[UUID]):
    """Records reports, parties and issues as immutable events."""

    def __init__(
        self,
        url: str,
        *,
        check: Checker,
        create_tables: bool = False,
        lock_timeout: int = LOCK_TIMEOUT,
    ) -> None:
        """Open the log at `url`, sqlite:///FILE or postgresql://….

        `check` returns a corrected report in canonical form, or raises InvalidRecordError.
        `lock_timeout`: seconds. Raises DatabaseUrlError.
        """
        settings = settings_of(url, lock_timeout)
        super().__init__(env=settings | {"CREATE_TABLE": "y" if create_tables else "n"})
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
                    self.recorder.insert_events([*map(self.mapper.to_stored_event, batch.events)])
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

    def head_query(self) -> str:
        """Return the same as SQL, for a connection of one's own to the database of the log."""
        recorder: Any = self.recorder
        statement = getattr(recorder, "select_max_notification_id_statement", None)
        return statement or recorder.max_notification_id_statement.as_string(None)  # type: ignore[no-any-return]

    @property
    def channel(self) -> str | None:
        """The channel on which the database tells of every save; None where it tells nothing."""
        return getattr(self.recorder, "channel_name", None)

    def events_after(
        self, position: int, limit: int, stop: int | None = None, *, spare: bool = False
    ) -> list[Stored]:
        """Return at most `limit` events in log order, with ids above `position` up to `stop`.

        `spare`: one that cannot be decoded is Unreadable, and the others are returned. Raises
        UnreadableError, then only for what has no bytes of an event.
        """
        some = self._selected(position, limit, stop)
        if not spare:
            return [self._stored(one) for one in some]
        return [self._stored_or_not(one) for one in some]

    def count_after(self, position: int, most: int) -> int:
        """Return how many events have ids above `position`; `most` where there are more."""
        count = 0
        while some := self._selected(position, min(RAW_PAGE, most - count), None):
            count += len(some)
            position = some[-1].id
            if count >= most:
                break
        return count

    def raw_events(self, stop: int) -> Iterator[Raw]:
        """Yield all events up to the id `stop` in log order, whatever their ids, undecoded.

        Raises UnreadableError at the first that cannot even be read.
        """
        last: int | None = None
        while True:
            try:
                some = self._selected(last, RAW_PAGE, stop)
            except UnreadableError as error:
                yield from map(_raw, self._selected(last, RAW_PAGE, error.id - 1))
                raise
            yield from map(_raw, some)
            if len(some) < RAW_PAGE:
                return
            last = some[-1].id

    def _stored(self, one: Notification) -> Stored:
        try:
            event = self.mapper.to_domain_event(one)
            _must_be_sound(event)
            return Stored(one.id, event, raw_of(one))
        except Exception as error:  # whatever somebody put there
            raise UnreadableError(one.id, str(error)) from error

    def _stored_or_not(self, one: Notification) -> Stored:
        try:
            return self._stored(one)
        except UnreadableError as error:
            raw = _raw(one)
            lost = Unreadable(
                error.why, keeps_record(one.topic), raw.originator_id, raw.originator_version
            )
            return Stored(one.id, lost, raw.raw)

    def _selected(self, last: int | None, limit: int, stop: int | None) -> Sequence[Notification]:
        try:
            return self._select(last, limit, stop)
        except Exception as error:
            end = self.head()  # raises where it is the database that is in trouble
            id_ = self._first_unreadable(last, limit, end if stop is None else min(end, stop))
            raise UnreadableError(id_, str(error)) from error

    def _first_unreadable(self, last: int | None, limit: int, high: int) -> int:
        """Return the least id up to which the store cannot be read: up to `high` it cannot."""
        low = FIRST if last is None else last + 1
        while low < high:
            middle = (low + high) // 2
            try:
                self._select(last, limit, middle)
            except Exception:  # noqa: BLE001
                high = middle
            else:
                low = middle + 1
        return high

    def _select(self, last: int | None, limit: int, stop: int | None) -> Sequence[Notification]:
        return self.recorder.select_notifications(last, limit, stop, inclusive_of_start=False)


def _must_be_sound(event: Any) -> None:
    """Raises ValueError for an event without what gives a record its place in the log."""
    record = getattr(event, "record", {"type": "", "id": ""})
    report = getattr(event, "report", {})
    texts = (record["type"], record["id"], getattr(event, "recorded_by", ""))
    if not (all(isinstance(one, str) for one in texts) and isinstance(report, dict)):
        raise ValueError("it keeps no record")
    if not isinstance(event.timestamp, datetime):
        raise ValueError("it has no time")  # noqa: TRY004


def keeps_record(topic: str) -> bool:
    """Tell whether the events of a topic keep records. One that is unknown is taken to."""
    try:
        kind = resolve_topic(topic)
    except (TopicError, ValueError, ImportError):
        return True
    return not is_dataclass(kind) or "record" in {field.name for field in fields(kind)}


def _raw(one: Notification) -> Raw:
    try:
        return Raw(one.id, raw_of(one), UUID(str(one.originator_id)), one.originator_version)
    except Exception as error:  # whatever somebody put there
        raise UnreadableError(one.id, str(error)) from error


def raw_of(event: StoredEvent) -> bytes:
    """Return all that the store keeps of an event, the same bytes on every database.

    Id of the aggregate (16 bytes), version (8, big endian), length of the topic (4, big
    endian), topic (UTF-8), state.
    """
    key, topic = event.originator_id, event.topic.encode()
    return b"".join(
        (
            (key if isinstance(key, UUID) else UUID(key)).bytes,
            event.originator_version.to_bytes(8, "big"),
            len(topic).to_bytes(4, "big"),
            topic,
            event.state,
        )
    )


def settings_of(url: str, lock_timeout: int = LOCK_TIMEOUT) -> dict[str, str]:
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
            "SQLITE_LOCK_TIMEOUT": str(lock_timeout),
        }
    if scheme in ("postgresql", "postgres"):
        return _postgres_settings(url, lock_timeout)
    raise DatabaseUrlError(
        f"{url!r} is not a database that we keep a timeline in: give sqlite:///FILE "
        "or postgresql://USER:PASSWORD@HOST:PORT/NAME"
    )


def _postgres_settings(url: str, lock_timeout: int) -> dict[str, str]:
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
        "POSTGRES_LOCK_TIMEOUT": str(lock_timeout),
        # That path takes no table lock, and a reader can see id 2 before id 1.
        "POSTGRES_ENABLE_DB_FUNCTIONS": "no",
    }
