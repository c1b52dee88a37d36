"""Creating a database, upgrading it, and telling whether it is of this version."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

import migrations
from events.timeline import LogError, Timeline, settings_of
from projections import projector
from projections.database import connect
from projections.projector import Progress
from projections.reading import reading
from projections.rebuild import SupersededError, outdated, rebuild
from projections.rebuild import reached as reached_by_another
from service import settings
from service.schemas import records

PATIENCE = 10
"""Seconds that a rebuild may stand still before another process takes it over."""

EVERY = 0.05
"""Seconds between looks at what another process does."""

_log = logging.getLogger("stancelog")


class NotReadyError(Exception):
    """The database is not created yet, of another version, or not the one it was."""


def must_be_ready(url: str, *, renewed: bool = True) -> None:
    """Raises NotReadyError unless the database was created, and is of this version.

    `renewed`: the rows of its read models too.
    """
    settings = settings_of(url)
    file = settings.get("SQLITE_DBNAME")
    engine = connect(url)
    try:
        if (file and not Path(file).exists()) or not migrations.is_newest(engine):
            raise NotReadyError(
                "there is no timeline of this version in the database yet: 'stancelog init' "
                "creates or upgrades it, and so does 'stancelog import'"
            )
        if renewed:
            with reading(engine) as connection:
                projector.must_be_of_this_code(projector.standing_of(connection))
    finally:
        engine.dispose()


Told = Callable[[Sequence[str]], AbstractContextManager[Progress]]
"""Told which read models are made anew. Gives what is told how far that is."""


def initialise(url: str, told: Told | None = None) -> None:
    """Create or upgrade a database. Safe when several processes do so at once.

    Read models that other versions of the code made are made anew, while those that run that
    code go on with the old ones. SQLite does not wait while another process puts a new file
    into WAL mode, so we do.
    """
    settings_of(url)
    deadline = monotonic() + settings.lock_timeout()
    while True:
        try:
            return _initialise(url, told or _logged)
        except (LogError, OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or monotonic() > deadline:
                raise
            sleep(EVERY)


def _initialise(url: str, told: Told) -> None:
    engine = connect(url)
    try:
        with migrations.one_at_a_time(engine):
            timeline = Timeline(url, check=records.load, create_tables=True)
            try:
                migrations.upgrade(engine)
                projector.adopt(engine)
                _renew(engine, timeline, told)
            finally:
                timeline.close()
    finally:
        engine.dispose()


def _renew(engine: Engine, timeline: Timeline, told: Told) -> None:
    """Make anew the read models of other versions, unless another process is about to."""
    seen, since = None, monotonic()
    while True:
        with reading(engine) as connection:
            stale, reached = outdated(connection), reached_by_another(connection)
        if not stale:
            return
        if reached != seen:
            seen, since = reached, monotonic()
        if reached and monotonic() - since < PATIENCE:
            sleep(EVERY)
            continue
        with suppress(SupersededError), told([one.NAME for one in stale]) as progress:
            rebuild(engine, timeline, stale, progress)


@contextmanager
def _logged(names: Sequence[str]) -> Iterator[Progress]:
    models = ", ".join(names)
    _log.warning("making anew, as this version has them: %s", models)
    yield lambda *_: None
    _log.warning("made anew: %s", models)
