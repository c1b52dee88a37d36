"""What writes and imports are measured beside: the library's own way, and the drivers alone.

`Library` follows the documentation of eventsourcing 9.5: an Application, and a ProjectionRunner
whose Projection writes rows through a tracking recorder, rows and tracking in one commit. It runs
on PostgreSQL only: on SQLite, subscribe() is not implemented.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactory, StoredEvent, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import Environment

from events.records import Record, stances_of
from events.timeline import settings_of

COLUMNS = ("party", "issue", "occurred", "says", "report", "publisher")
TABLE = f"CREATE TABLE bare ({', '.join(f'{name} TEXT' for name in COLUMNS)})"
INDEX = "CREATE INDEX bare_by_pair ON bare (party, issue, occurred)"
Rows = list[tuple[str, ...]]
BATCH = 500


def rows_of(report: Record) -> Rows:
    """Return a row for each position that a report tells of."""
    by = report["sources"][0]["publisher"]
    return [
        (party, issue, report["occurred"], position["position"], report["id"], by)
        for party, issue, _, position in stances_of(report)
    ]


def settings(url: str) -> dict[str, str]:
    """Return the library's settings, its own recorders and its own pool."""
    ours = ("APPLICATION_RECORDER_TOPIC", "POSTGRES_POOL_SIZE")
    return {name: value for name, value in settings_of(url).items() if name not in ours}


class Told(Aggregate):
    """A report, as the library's users would keep it."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record


class PositionsView(PostgresTrackingRecorder):
    """The rows, and how far the log has been read."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.insert = f"INSERT INTO bare VALUES ({', '.join(['%s'] * len(COLUMNS))})"

    def add(self, record: Record, tracking: Tracking) -> None:
        """Insert the rows of one report, in one commit with the tracking."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.executemany(self.insert, rows_of(record))


class Positions(Projection[PositionsView]):
    """Turns reports into rows."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Pass over what is not a report."""

    @process_event.register
    def told(self, domain_event: Told.Created, tracking: Tracking) -> None:
        """Add the rows of a report."""
        self.view.add(domain_event.record, tracking)


class Library:
    """The library's application and runner, running."""

    def __init__(
        self, url: str, runner: ProjectionRunner[Application[UUID], PositionsView]
    ) -> None:
        self.runner = runner
        self.connection = psycopg.connect(url, autocommit=True)

    def save(self, *records: Record) -> int:
        """Save reports in one commit. Returns the id of the last notification."""
        return self.runner.app.save(*(Told(record) for record in records))[-1].notification.id

    def wait(self, last: int) -> None:
        """Return when the library says that what was saved is in the view."""
        self.runner.wait(last, timeout=60)

    def wait_for_row(self, report: str) -> None:
        """Return as soon as the rows of a report can be read: ask again and again."""
        query = "SELECT 1 FROM bare WHERE report = %s"
        while not self.connection.execute(query, (report,), prepare=True).fetchone():
            time.sleep(0.0005)

    def count(self) -> int:
        """Return how many reports have rows."""
        row = self.connection.execute("SELECT count(DISTINCT report) FROM bare").fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def library(url: str) -> Iterator[Library]:
    """Run the library's projection on an empty PostgreSQL database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute(INDEX)
        connection.execute("CREATE INDEX bare_by_report ON bare (report)")
    with ProjectionRunner(
        application_class=Application[UUID],
        projection_class=Positions,
        view_class=PositionsView,
        env=settings(url),
    ) as runner:
        running = Library(url, runner)
        with closing(running.connection):
            yield running


def connected(url: str) -> tuple[Any, str]:
    """Return a plain connection with the bare table, and an INSERT into it."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        mark = "?"
    else:
        connection, mark = psycopg.connect(url), "%s"
    connection.execute(TABLE)
    connection.execute(INDEX)
    connection.commit()
    return connection, f"INSERT INTO bare VALUES ({', '.join([mark] * len(COLUMNS))})"


def commit_each(url: str, reports: Sequence[Record]) -> float:
    """Append each report with the library's recorder, insert its rows, commit. Seconds."""
    environ = Environment("told", settings(url))
    factory: Any = InfrastructureFactory.construct(environ)
    recorder = factory.application_recorder()
    connection, insert = connected(url)
    began = time.perf_counter()
    for report in reports:
        state = json.dumps(report).encode()
        recorder.insert_events([StoredEvent(uuid4(), 1, "told:Told.Created", state)])
        connection.cursor().executemany(insert, rows_of(report))
        connection.commit()
    spent = time.perf_counter() - began
    connection.close()
    factory.close()
    return spent


def bare_rows(url: str, lines: Callable[[], Iterator[Record]]) -> float:
    """Insert the rows of all reports in one transaction, and nothing else. Seconds."""
    connection, insert = connected(url)
    began = time.perf_counter()
    batch: Rows = []
    for report in lines():
        batch += rows_of(report)
        if len(batch) >= BATCH:
            connection.cursor().executemany(insert, batch)
            batch = []
    connection.cursor().executemany(insert, batch)
    connection.commit()
    spent = time.perf_counter() - began
    connection.close()
    return spent
