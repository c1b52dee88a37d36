"""Rebuild: read models made anew from the log, beside the live ones, and put in their place.

While they are made, in many small transactions, everybody reads and writes the live ones. Then
one transaction applies the last events and exchanges the tables: a reader sees the old rows or
the new. A rebuild that is interrupted leaves tables that nobody reads; the next one drops them.
Of two at once the one that began later goes on, and the other gives way.
"""

from collections.abc import Iterable, Iterator, Sequence
from random import random
from secrets import randbelow
from time import sleep

from psycopg.errors import LockNotAvailable
from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, Table, select, text
from sqlalchemy.exc import OperationalError

from events.timeline import LogError, Stored, Timeline
from projections import deadletters, ledger
from projections.aside import Aside, generation_of
from projections.database import Trouble, metadata, writing
from projections.deadletters import DeadLetter
from projections.ledger import RewrittenError
from projections.log import START, Head, page_of
from projections.projector import (
    PAGE,
    PROJECTIONS,
    Progress,
    Projection,
    Standing,
    apply,
    catch_up,
    checkpoint,
    head_of,
    lock,
    must_be_of_this_code,
    ours,
    replay,
    standing_of,
)
from projections.reading import reading

rebuilding = Table(
    "rebuilding",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("token", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),  # the event store's own id that it reached
    info={"key": ("id",)},
)
"""One row while a rebuild is on its way, or since one was interrupted."""

PORTION = 2_000_000
"""Bytes of events that one transaction applies: writers wait no longer than for an import's batch.

A transaction of 500 kB writes nearly as many pages, as each party's rows lie in a place of their
own: with it a rebuild on SQLite took a fifth more processor time.
"""

PATIENCE = "500ms"
"""How long the exchange waits for readers on PostgreSQL before it lets new ones go first."""

_EVERY_TABLE = tuple(table for projection in PROJECTIONS for table in projection.TABLES)


class SupersededError(Exception):
    """Another rebuild began."""


class EventFailsError(Exception):
    """A read model fails on events, so it was not made anew."""

    def __init__(self, letters: Sequence[DeadLetter]) -> None:
        super().__init__("; ".join(str(one) for one in letters))
        self.letters = letters


def rebuild(
    engine: Engine,
    timeline: Timeline,
    projections: Iterable[Projection] = PROJECTIONS,
    progress: Progress | None = None,
    *,
    accept_new_root: bool = False,
) -> Head:
    """Make read models anew. Returns how far they have come.

    Strict: where one fails on an event, the live ones stay as they are. Raises EventFailsError,
    UnreadableError, SupersededError, and RewrittenError when the ledger would not be an
    extension of what it was, unless `accept_new_root`. So the ledger is made anew too, even
    where it is not named: no read model takes in what was altered.
    """
    named = {*projections} | (set() if accept_new_root else {ledger})
    build = _Build.begun(engine, timeline, [one for one in PROJECTIONS if one in named])
    try:
        head = build.made(progress)
        while not build.has_replaced_the_live(head, accept_new_root=accept_new_root):
            sleep(0.1 + random() / 2)  # noqa: S311  readers who waited go first
            head = build.made(progress, head)
    except SupersededError:
        raise
    except BaseException:  # an interrupt too
        build.give_up()
        raise
    return catch_up(engine, timeline)


class _Build:
    """One rebuild on its way."""

    def __init__(
        self,
        engine: Engine,
        timeline: Timeline,
        projections: Sequence[Projection],
        token: int,
        generation: int,
    ) -> None:
        self.engine, self.timeline, self.projections = engine, timeline, projections
        self.token = token
        self.is_whole = len(projections) == len(PROJECTIONS)
        tables = (table for one in projections for table in one.TABLES)
        self.aside = Aside(tables, generation)

    @classmethod
    def begun(
        cls, engine: Engine, timeline: Timeline, projections: Sequence[Projection]
    ) -> "_Build":
        """Begin, in the place of any that is on its way."""
        with writing(engine) as connection:
            generation = max(lock(connection).generation, generation_of(connection, _EVERY_TABLE))
            # The row first: whoever works on those tables has it until his transaction ends.
            left = rebuilding.delete().returning(rebuilding.c.generation)
            for found in connection.scalars(left).all():
                Aside(_EVERY_TABLE, found).drop(connection)
                generation = max(generation, found)
            build = cls(engine, timeline, projections, randbelow(2**62), generation + 1)
            row = {"token": build.token, "generation": generation + 1, "position": START.position}
            connection.execute(rebuilding.insert().values(id=1, **row))
            build.aside.create(connection)
        return build

    def made(self, progress: Progress | None, head: Head = START) -> Head:
        """Apply to the tables aside what follows `head`, as far as there is anything."""
        while True:
            stop = self._stop()
            events = self.timeline.events_after(head.position, PAGE, stop)
            for some in _portions(events):
                head = self._applied(some, head)
                if progress:
                    progress(head.position, stop)
            if len(events) < PAGE:
                return head

    def _applied(self, some: Sequence[Stored], head: Head) -> Head:
        try:
            with writing(self.engine, self.aside) as connection:
                self._go_on(connection, some[-1].id)
                page = page_of(connection, some, head)
                apply(connection, page, self.projections)
                return page.end
        except (*Trouble, RewrittenError, SupersededError):
            raise
        except Exception:
            self._tell_which_fail(some, head)
            raise

    def _tell_which_fail(self, some: Sequence[Stored], head: Head) -> None:
        """Raises EventFailsError, which takes back what finding out has changed."""
        with writing(self.engine, self.aside) as connection:
            connection.execute(deadletters.dead_letters.delete())
            page = page_of(connection, some, head)
            apply(connection, page, self.projections, spare=True)
            raise EventFailsError(deadletters.all_of(connection))

    def has_replaced_the_live(self, head: Head, *, accept_new_root: bool) -> bool:
        """Apply the last events and exchange the tables, all at once.

        False where, on PostgreSQL, readers would have to wait for other readers.
        """
        try:
            with writing(self.engine, self.aside) as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
                    connection.execute(text("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE"))
                live = lock(connection)
                self._exchange(connection, live, head, accept_new_root=accept_new_root)
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                return False
            raise
        except (*Trouble, LogError, RewrittenError, SupersededError):
            raise
        except Exception:
            self.made(None, head)  # raises EventFailsError, where one of the last events failed
            raise
        return True

    def give_up(self) -> None:
        """Leave nothing behind, where it is still this one's turn."""
        with writing(self.engine) as connection:
            mine = rebuilding.delete().where(rebuilding.c.token == self.token)
            if connection.execute(mine).rowcount:
                self.aside.drop(connection)

    def _exchange(
        self, connection: Connection, live: Standing, head: Head, *, accept_new_root: bool
    ) -> None:
        stop = self.timeline.head() if self.is_whole else live.head.position
        self._go_on(connection, stop)
        *_, end = head, *replay(connection, self.timeline, head, stop, self.projections)
        if not accept_new_root:
            self._must_extend_the_ledger(connection)
        connection.execution_options(aside=None)
        self.aside.go_live(connection)
        deadletters.forget(connection, [one.NAME for one in self.projections])
        connection.execute(rebuilding.delete())
        moved = {
            "generation": self.aside.generation,
            "versions": _versions_with(live.versions, self.projections),
            "set_aside": deadletters.count(connection),
        }
        if self.is_whole:
            connection.execute(checkpoint.delete().where(~ours))
            moved |= end._asdict()
        connection.execute(checkpoint.update().where(ours).values(moved))

    def _must_extend_the_ledger(self, connection: Connection) -> None:
        connection.execution_options(aside=None)
        size = ledger.size_of(connection)
        root = ledger.root_at(connection, size)
        connection.execution_options(aside=self.aside)
        ledger.must_hold(connection, size, root)

    def _go_on(self, connection: Connection, position: int) -> None:
        mine = rebuilding.update().where(rebuilding.c.token == self.token)
        if not connection.execute(mine.values(position=position)).rowcount:
            raise SupersededError("another rebuild began, and this one gave way to it")

    def _stop(self) -> int:
        """Return up to where there is anything to apply.

        What is put among others must not be further than these.
        """
        if self.is_whole:
            return self.timeline.head()
        with reading(self.engine) as connection:
            return head_of(connection).position


def outdated(connection: Connection) -> list[Projection]:
    """Return the read models whose rows an older version of their code made.

    Raises OtherVersionError where a newer one did: that goes forward, and only `rebuild` back.
    """
    standing = standing_of(connection)
    versions = _versions_in(standing.versions)
    if any(versions[one.NAME] > one.VERSION for one in PROJECTIONS):
        must_be_of_this_code(standing)
    return [one for one in PROJECTIONS if versions[one.NAME] < one.VERSION]


def reached(connection: Connection) -> tuple[int, int] | None:
    """Return the token of the rebuild on its way, and the position that it reached; or None."""
    row = connection.execute(select(rebuilding.c.token, rebuilding.c.position)).first()
    return (row.token, row.position) if row else None


def _versions_with(versions: str, projections: Sequence[Projection]) -> str:
    """Return the versions of read models after some of them were made by this code."""
    known = _versions_in(versions) | {one.NAME: one.VERSION for one in projections}
    return " ".join(f"{one.NAME}={known[one.NAME]}" for one in PROJECTIONS)


def _versions_in(text: str) -> dict[str, int]:
    """Return the version of each read model, 0 where the checkpoint names none."""
    found = dict(one.split("=") for one in text.split())
    return {one.NAME: int(found.get(one.NAME, 0)) for one in PROJECTIONS}


def _portions(events: Sequence[Stored]) -> Iterator[list[Stored]]:
    """Yield events in lists that are applied in a short time."""
    some: list[Stored] = []
    size = 0
    for one in events:
        some.append(one)
        size += len(one.raw)
        if size > PORTION:
            yield some
            some, size = [], 0
    if some:
        yield some
