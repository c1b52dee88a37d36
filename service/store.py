"""One database: the log, the read models beside it, and the way in and out of both."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import BoundedSemaphore, RLock
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine

from events.batch import Batch, Outcome, Sent
from events.dates import DAY, now, to_datetime
from events.errors import BatchRefusedError, RefusedError, UnknownError
from events.timeline import LogError, Timeline, UnreadableError
from projections import projector, turns
from projections.database import Trouble, connect
from projections.log import Head, Page
from projections.projector import Standing
from projections.reading import reading, reading_from, row_of
from service import limits, lookup, settings, stopping
from service.opening import NotReadyError, initialise, must_be_ready
from service.problems import NotYetError
from service.repeats import State
from service.schemas import records

LATE = 10
"""Seconds that the read models may be behind where another process lets them catch up."""

EVERY = 0.02
"""Seconds between looks at how far others have come."""

HINTS = 100
"""Most errors of one batch that name the nearest ids: each looks at every id there is."""

waiting = BoundedSemaphore(limits.MOST_WAITING)
"""Of the threads of a process, so many may wait for the log or the read models to grow."""

_log = logging.getLogger("stancelog")


class Recorded(NamedTuple):
    """What became of one record, and its place in the log."""

    outcome: Outcome
    seq: int


class Store:
    """The log and the read models of one database."""

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        catch_up: bool = True,
        is_followed: bool = False,
        replica: str | None = None,
        query_timeout: float | None = None,
    ) -> None:
        """Open the database at `url`, creating or upgrading it where needed.

        Without `create`, raises NotReadyError instead. Without `catch_up`, the read models are
        left as they are found. `is_followed`: another process lets them catch up. `replica`: a
        copy of the database that is read instead of it. `query_timeout`: seconds that the database
        may take for one question. Raises DatabaseUrlError.
        """
        if create:
            initialise(url)
        else:
            must_be_ready(url, renewed=catch_up)
        # Of the threads of one process, one at a time writes. On SQLite others would deadlock:
        # one has the database's lock and waits for a connection of the log's pool, another
        # has that connection and waits for the lock.
        self._lock = RLock()
        self._lock_timeout = settings.lock_timeout()
        self._query_timeout = query_timeout
        self.timeline, self.engine = self._opened(url)
        self.read_timeline, self._read_engine = self.timeline, self.engine
        if replica:
            self.read_timeline, self._read_engine = self._opened(replica)
        self._waits_for_others = is_followed or replica is not None
        self.is_followed = is_followed
        self._standing = projector.standing_query(self.read_timeline)
        self._turns = (0, 0), turns.Turns(0, 0)
        if catch_up:
            self._must_go_with_the_log()
            if not is_followed:
                self.catch_up()

    @classmethod
    def of_settings(cls, url: str, *, create: bool = True) -> "Store":
        """Open the database at `url` as those who serve it are set to read it.

        Raises SettingError, and what opening it does.
        """
        return cls(
            url,
            create=create,
            is_followed=settings.is_followed(),
            replica=settings.read_database_url(),
            query_timeout=settings.query_timeout(),
        )

    @property
    def read_engine(self) -> Engine:
        """What is read: the database, or a replica of it."""
        return self._read_engine

    @property
    def is_read_at_once(self) -> bool:
        """Tell whether every read sees a write as soon as it is acknowledged."""
        return not self._waits_for_others

    def _opened(self, url: str) -> tuple[Timeline, Engine]:
        timeline = Timeline(url, check=records.load, lock_timeout=self._lock_timeout)
        return timeline, connect(url, self._lock_timeout, self._query_timeout)

    def record(self, sent: Sequence[Sent]) -> list[Recorded]:
        """Record all of them, in order and in one commit, or none.

        Returns once every read sees them, unless another process lets the read models catch
        up. Raises BatchRefusedError.
        """
        applied: dict[tuple[UUID, int], int] = {}
        try:
            with self._writing():
                keeps = any(one.recorded_at for one in sent)
                last = self._last_recorded_at() if keeps else None
                outcomes = self.timeline.record(sent, last_recorded_at=last)
                if not self.is_followed:
                    self.catch_up(lambda page: applied.update(page.seqs()))
        except BatchRefusedError as error:
            self.give_hints(error.refused.values(), sent)
            raise
        keys = [(one.originator_id, one.originator_version) for one in outcomes]
        if applied.keys() >= {*keys}:  # nobody else has applied them, and all of them are new
            return [Recorded(one, applied[key]) for one, key in zip(outcomes, keys, strict=True)]
        with reading(self.engine) as connection:
            seqs = projector.seqs_of(connection, self.timeline, outcomes)
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
        along: dict[str, dict[str, str]] = {}
        for one in sent:
            along.setdefault(one.record["type"], {})[one.record["id"]] = one.record["id"]
        unknown = [
            error
            for error in refused
            if isinstance(error, UnknownError) and error.name not in along.get(error.kind, ())
        ]  # what is sent along is spelt right, and only in the wrong place
        if not unknown:
            return
        with self.reading() as (connection, head):
            for error in unknown[:HINTS]:
                ids = along.get(error.kind)
                error.did_you_mean = lookup.like(connection, error.kind, error.name, head.seq, ids)

    def trial(self, *, keep_recorded_at: bool = False) -> Batch:
        """Return a batch to decide records in that will not be saved."""
        return self.timeline.trial(self._last_recorded_at() if keep_recorded_at else None)

    def _last_recorded_at(self) -> datetime | None:
        head = self.catch_up()
        return to_datetime(head.recorded_at) if head.seq else None

    def catch_up(self, told: Callable[[Page], None] | None = None) -> Head:
        """Let the read models have all that the log has. `told` of each page when it is applied."""
        with self._writing():
            return projector.catch_up(self.engine, self.timeline, told)

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
    def asking(self) -> Iterator[tuple[Connection, Standing]]:
        """Give a connection that sees one state of the read models, and how far they are.

        Should a writer have died between its two commits, the read models catch up first. Where
        they cannot, as on a full disk, they answer as they are: they have all that was ever
        acknowledged.
        """
        with reading_from(self._read_engine, self._standing) as (connection, row):
            standing, end = projector.standing_in(row)
            projector.must_be_of_this_code(standing)
            if self._waits_for_others or standing.head.position >= end:
                yield connection, standing
                return
        try:
            self.catch_up()
        except (*Trouble, LogError) as error:  # /readyz says so too
            _log.warning("the read models are behind the log, and cannot catch up: %s", error)
        with reading(self._read_engine) as connection:
            yield connection, projector.standing_of(connection)

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, Head]]:
        """Give the same, with the end of the log as far as it is applied."""
        with self.asking() as (connection, standing):
            yield connection, standing.head

    def standing(self) -> tuple[Standing, bool]:
        """Return how far the read models have come, and whether the log has more by now."""
        standing, end = projector.standing_in(row_of(self._read_engine, self._standing))
        return standing, standing.head.position < end

    def state(self) -> State | None:
        """Return all that answers depend on but for the question, in one look.

        None where that takes more looks: the read models have to catch up first, say.
        """
        standing, is_behind = self.standing()
        must_catch_up = is_behind and not self._waits_for_others
        if must_catch_up or standing.versions != projector.VERSIONS:
            return None
        return self._state(standing)

    def state_at(self, connection: Connection, standing: Standing) -> State:
        """Return the same, as a connection sees it."""
        if found := self._state(standing):
            return found
        made = (standing.head.position, standing.generation)
        self._turns = made, turns.around(connection, now())
        return self._state(standing) or self.state_at(connection, standing)

    def _state(self, standing: Standing) -> State | None:
        made, between = self._turns
        moment = now()
        if made != (standing.head.position, standing.generation):
            return None
        if not between.last <= moment < between.next:
            return None
        upkeep = standing.generation, standing.set_aside
        return State(*standing.head, *upkeep, between.last, moment // DAY)

    def readiness(self) -> dict[str, Any]:
        """Return whether what is read is all that the log has, and what it lacks.

        `behind`: for how many seconds an event has been stored that is not applied. `set_aside`:
        events that a read model is without.
        """
        with self.reading():
            pass  # which catches up, where that is for us to do
        standing, is_behind = self.standing()
        behind = self.behind(standing.head.position) if is_behind else 0
        is_late = behind > LATE if self._waits_for_others else is_behind
        lacks = {"set_aside": standing.set_aside, "behind": behind}
        return {
            "status": "degraded" if standing.set_aside or is_late else "ready",
            "seq": standing.head.seq,
            **{name: number for name, number in lacks.items() if number},
        }

    def behind(self, position: int) -> float:
        """Return for how many seconds there has been an event after the store's `position`."""
        with suppress(UnreadableError):
            for one in self.read_timeline.events_after(position, 1):
                at: datetime = one.event.timestamp
                return round((datetime.now(UTC) - at).total_seconds(), 3)
        return 0

    def has_more(self, position: int) -> bool:
        """Tell whether what is read goes on after the store's `position`, or can."""
        standing, is_behind = self.standing()
        if standing.head.position > position:
            return True
        return is_behind and not self._waits_for_others

    def await_seq(self, seq: int) -> None:
        """Return once what is read has come to `seq`. Raises NotYetError after a while."""
        if (head := self._read_head()) >= seq:
            return
        if not waiting.acquire(blocking=False):
            raise NotYetError(seq, head)
        try:
            deadline = monotonic() + limits.LONGEST_WAIT
            while (head := self._read_head()) < seq:
                if monotonic() > deadline or stopping.is_near():
                    raise NotYetError(seq, head)
                stopping.sleep(EVERY)
        finally:
            waiting.release()

    def _read_head(self) -> int:
        with self.reading() as (_, head):
            return head.seq

    def _must_go_with_the_log(self) -> None:
        """Raises NotReadyError where the read models are of a log that had come further."""
        with reading(self.engine) as connection:
            position = projector.head_of(connection).position
        if position > self.timeline.head():
            raise NotReadyError(
                f"the read models have what the log has not: it ends at no. {self.timeline.head()} "
                f"of the store, and they have no. {position}. Was the log restored from an older "
                "backup? 'stancelog rebuild --accept-new-root' makes them anew of the log as it is"
            )

    def close(self) -> None:
        """Close every connection."""
        for timeline in {self.timeline, self.read_timeline}:
            timeline.close()
        for engine in {self.engine, self._read_engine}:
            engine.dispose()
