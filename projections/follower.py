"""Following the log: catching up in a process of its own, as soon as anything is stored.

PostgreSQL says so (the library's recorder notifies a channel with each save); elsewhere the log
is looked at again and again.
"""

from collections.abc import Callable
from threading import Event

import psycopg
from sqlalchemy import Engine

from events.timeline import LogError, Timeline
from projections.database import CONNECT_TIMEOUT, Trouble
from projections.projector import catch_up

EVERY = 0.1
"""Seconds between looks where nothing says that the log has grown."""

AT_LEAST = 5
"""Seconds between looks where something does: it may be lost with a connection."""


class Follower:
    """Lets the read models catch up until it is stopped."""

    def __init__(self, engine: Engine, timeline: Timeline) -> None:
        self._engine, self._timeline = engine, timeline
        self._stopped = Event()

    def stop(self) -> None:
        """End after what is being applied."""
        self._stopped.set()

    def run(self, on_trouble: Callable[[Exception], object]) -> None:
        """Catch up, and again whenever the log grows. Trouble with the database is waited out."""
        while not self._stopped.is_set():
            try:
                self._follow()
            except (*Trouble, LogError) as error:
                on_trouble(error)
                self._stopped.wait(1)

    def _follow(self) -> None:
        channel = self._timeline.channel
        if channel is None:
            head = catch_up(self._engine, self._timeline)
            while not self._stopped.wait(EVERY):
                if self._timeline.head() > head.position:
                    head = catch_up(self._engine, self._timeline)
            return
        url = self._engine.url.set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        with psycopg.connect(
            address, autocommit=True, connect_timeout=CONNECT_TIMEOUT
        ) as listening:
            listening.execute(f'LISTEN "{channel}"')
            while not self._stopped.is_set():
                catch_up(self._engine, self._timeline)
                self._await(listening)

    def _await(self, listening: psycopg.Connection) -> None:
        for _ in range(int(AT_LEAST / EVERY)):
            if self._stopped.is_set() or any(listening.notifies(timeout=EVERY, stop_after=1)):
                return
