"""One database: the log, the read models beside it, and the way in and out of both."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from time import monotonic, sleep
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

import migrations
from events.batch import Batch, Outcome, Sent
from events.dates import to_datetime
from events.errors import BatchRefusedError, RefusedError, UnknownError
from events.timeline import LogError, Timeline, settings_of
from projections import log, projector
from projections.database import connect, reading
from projections.log import Head
from service import config, lookup
from service.schemas import records

_log = logging.getLogger("stancelog")


class NotReadyError(Exception):
    """The database is not created yet, or of another version."""


class Recorded(NamedTuple):
    """What became of one record, and its place in the log."""

    outcome: Outcome
    seq: int


class Store:
    """The log and the read models of one database."""

    def __init__(self, url: str, *, create: bool = True, catch_up: bool = True) -> None:
        """Open the database at `url`, creating or upgrading it where needed.

        Without `create`, raises NotReadyError instead. Without `catch_up`, the read models are
        left as they are found. Raises DatabaseUrlError.
        """
        if create:
            initialise(url)
        else:
            must_be_ready(url)
        # Of the threads of one process, one at a time writes. On SQLite others would deadlock:
        # one has the database's lock and waits for a connection of the log's pool, another
        # has that connection and waits for the lock.
        self._lock = RLock()
        self._lock_timeout = config.lock_timeout()
        self.timeline = Timeline(url, check=records.load, lock_timeout=self._lock_timeout)
        self.engine = connect(url, self._lock_timeout)
        if catch_up:
            self.catch_up()

    def record(self, sent: Sequence[Sent]) -> list[Recorded]:
        """Record all of them, in order and in one commit, or none.

        Returns once every read sees them. Raises BatchRefusedError.
        """
        try:
            with self._writing():
                keeps = any(one.recorded_at for one in sent)
                last = self._last_recorded_at() if keeps else None
                outcomes = self.timeline.record(sent, last_recorded_at=last)
                self.catch_up()
        except BatchRefusedError as error:
            self.give_hints(error.refused.values(), sent)
            raise
        with reading(self.engine) as connection:
            seqs = log.seqs_of(connection, outcomes)
            return [Recorded(*pair) for pair in zip(outcomes, seqs, strict=True)]

    def try_out(
        self, sent: Sequence[Sent], batch: Batch | None = None
    ) -> tuple[list[Outcome], dict[int, RefusedError]]:
        """Decide all of them, after those of `batch`, and record nothing.

        Returns what would become of them, and the refused by place.
        """
        outcomes, refused = (batch or self.trial()).decide_all(sent)
        self.give_hints(refused.values(), sent)
        return outcomes, refused

    def give_hints(self, refused: Iterable[RefusedError], sent: Sequence[Sent]) -> None:
        """Let errors about unknown ids name the nearest ones, recorded or sent along."""
        unknown = [error for error in refused if isinstance(error, UnknownError)]
        if not unknown:
            return
        along = [(one.record["type"], one.record["id"]) for one in sent]
        with self.reading() as (connection, head):
            for error in unknown:
                ids = {key: key for kind, key in along if kind == error.kind}
                error.did_you_mean = lookup.like(connection, error.kind, error.name, head.seq, ids)

    def trial(self, *, keep_recorded_at: bool = False) -> Batch:
        """Return a batch to decide records in that will not be saved."""
        return self.timeline.trial(self._last_recorded_at() if keep_recorded_at else None)

    def _last_recorded_at(self) -> datetime | None:
        head = self.catch_up()
        return to_datetime(head.recorded_at) if head.seq else None

    def catch_up(self) -> Head:
        """Let the read models have all that the log has."""
        with self._writing():
            return projector.catch_up(self.engine, self.timeline)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Wait for the threads that came before. Raises LogError."""
        if not self._lock.acquire(timeout=self._lock_timeout):
            raise LogError("the writes before this one have not ended")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, Head]]:
        """Give a connection that sees one state of the read models, and how far they are.

        Should a writer have died between its two commits, the read models catch up first. Where
        they cannot, as on a full disk, they answer as they are: they have all that was ever
        acknowledged.
        """
        with reading(self.engine) as connection:
            head = projector.head_of(connection)
            if head.position >= self.timeline.head():
                yield connection, head
                return
        try:
            self.catch_up()
        except (SQLAlchemyError, sqlite3.Error, LogError) as error:
            _log.warning("the read models are behind the log, and cannot catch up: %s", error)
        with reading(self.engine) as connection:
            yield connection, projector.head_of(connection)

    def close(self) -> None:
        """Close every connection."""
        self.timeline.close()
        self.engine.dispose()


def must_be_ready(url: str) -> None:
    """Raises NotReadyError unless the database was created, and is of this version."""
    settings = settings_of(url)
    file = settings.get("SQLITE_DBNAME")
    engine = connect(url)
    try:
        if (file and not Path(file).exists()) or not migrations.is_newest(engine):
            raise NotReadyError(
                "there is no timeline of this version in the database yet: 'stancelog init' "
                "creates or upgrades it, and so does 'stancelog import'"
            )
    finally:
        engine.dispose()


def initialise(url: str) -> None:
    """Create or upgrade a database. Safe when several processes do so at once.

    SQLite does not wait while another process puts a new file into WAL mode, so we do.
    """
    settings_of(url)
    deadline = monotonic() + config.lock_timeout()
    while True:
        try:
            return _initialise(url)
        except (LogError, OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or monotonic() > deadline:
                raise
            sleep(0.05)


def _initialise(url: str) -> None:
    engine = connect(url)
    try:
        with migrations.one_at_a_time(engine):
            Timeline(url, check=records.load, create_tables=True).close()
            migrations.upgrade(engine)
    finally:
        engine.dispose()
