"""One database: the log, the read models beside it, and the way in and out of both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

import migrations
from events.batch import Outcome, Sent
from events.dates import to_datetime
from events.timeline import Timeline, settings_of
from projections import log, projector
from projections.database import connect, reading
from projections.log import Head
from service.schemas import records


class Recorded(NamedTuple):
    """What became of one record, and its place in the log."""

    outcome: Outcome
    seq: int


class Store:
    """The log and the read models of one database."""

    def __init__(self, url: str) -> None:
        """Open the database at `url`, creating or upgrading it where needed."""
        initialise(url)
        self.url = url
        self.timeline = Timeline(url, check=records.load)
        self.engine = connect(url)
        self.catch_up()

    def record(self, sent: Sequence[Sent]) -> list[Recorded]:
        """Record all of them, in order and in one commit, or none.

        Returns once every read sees them. Raises BatchRefusedError.
        """
        outcomes = self.timeline.record(sent, last_recorded_at=self._last_recorded_at(sent))
        self.catch_up()
        with reading(self.engine) as connection:
            seqs = log.seqs_of(connection, outcomes)
            return [Recorded(*pair) for pair in zip(outcomes, seqs, strict=True)]

    def _last_recorded_at(self, sent: Sequence[Sent]) -> datetime | None:
        if all(one.recorded_at is None for one in sent):
            return None
        head = self.catch_up()
        return to_datetime(head.recorded_at) if head.seq else None

    def catch_up(self) -> Head:
        """Let the read models have all that the log has."""
        return projector.catch_up(self.engine, self.timeline)

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, Head]]:
        """Give a connection that sees one state of the read models, and how far they are.

        Should a writer have died between its two commits, the read models catch up first.
        """
        with reading(self.engine) as connection:
            head = projector.head_of(connection)
            if head.position >= self.timeline.head():
                yield connection, head
                return
        self.catch_up()
        with reading(self.engine) as connection:
            yield connection, projector.head_of(connection)

    def close(self) -> None:
        """Close every connection."""
        self.timeline.close()
        self.engine.dispose()


def initialise(url: str) -> None:
    """Create or upgrade a database. Safe when several processes do so at once."""
    settings_of(url)
    engine = connect(url)
    try:
        with migrations.one_at_a_time(engine):
            Timeline(url, check=records.load, create_tables=True).close()
            migrations.upgrade(engine)
    finally:
        engine.dispose()
