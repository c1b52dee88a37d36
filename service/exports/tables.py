"""Tables: what can be exported whole, without HTTP, at one state of our knowledge."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from events import dates
from events.vocabulary import POSITION_FLOOR, STATUS_FLOOR
from projections import catalog, reports
from projections.log import Head
from service import answers
from service.answers import Body
from service.answers.shared import links
from service.answers.statuses import status_alone
from service.clocks import Clocks
from service.exports import columns
from service.exports.citing import citation, cited
from service.exports.columns import Export
from service.following import entries_after
from service.links import url
from service.ndjson import encode
from service.store import Store

PAGE = 1000


class Asked(NamedTuple):
    """Where to read, and what is asked."""

    store: Store
    connection: Connection
    head: Head
    clocks: Clocks


class Table(NamedTuple):
    """One table: its columns, its rows, and which clocks it depends on."""

    export: Export
    rows: Callable[[Asked], Iterator[Body]]
    path: str | None = None  # where HTTP has it as CSV
    is_dated: bool = False  # depends on as_of
    floor: str | None = None  # the default, where it weighs evidence

    def citation(self, clocks: Clocks) -> str:
        """Return what the table is, in one line."""
        echo = clocks.echo()
        if self.path is None:
            is_weighed = self.floor is not None
            return cited(self.export, echo, is_dated=self.is_dated, floor=is_weighed)
        pinned = links([self.path], clocks)
        if not self.is_dated:
            pinned = {"permalink": url(self.path, seq=clocks.seq)}
        return citation(self.export, echo | {"links": pinned})


def _records(asked: Asked) -> Iterator[Body]:
    for entry in entries_after(asked.connection, asked.store.timeline, 0, asked.head.position):
        if entry.seq > asked.clocks.seq:
            return
        yield {
            "seq": entry.seq,
            "type": entry.record["type"],
            "id": entry.record["id"],
            "recorded_at": dates.to_text(entry.recorded_at),
            "recorded_by": entry.recorded_by,
            "record": encode(entry.record).decode(),
        }


def _registrations(kind: str) -> Callable[[Asked], Iterator[Body]]:
    def rows(asked: Asked) -> Iterator[Body]:
        return map(answers.registration, _versions(asked, kind))

    return rows


def _versions(asked: Asked, kind: str) -> Iterator[catalog.Version]:
    after = ""
    while True:
        page = catalog.versions(asked.connection, kind, asked.clocks.seq, after=after, count=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].record["id"]


def _reports(asked: Asked) -> Iterator[Body]:
    after: tuple[int, int] | None = None
    while True:
        page = reports.standing(
            asked.connection, reports.Filter(), seq=asked.clocks.seq, after=after, count=PAGE
        )
        yield from map(answers.report, page)
        if len(page) < PAGE:
            return
        after = page[-1].latest, page[-1].place


def _positions(asked: Asked) -> Iterator[Body]:
    after: list[str] | None = []
    while after is not None:
        rows, after = answers.positions_on_record(
            asked.connection, asked.clocks, after=after, limit=PAGE
        )
        yield from rows


def _statuses(asked: Asked) -> Iterator[Body]:
    for issue in _versions(asked, "issue"):
        found = status_alone(asked.connection, issue.record["id"], asked.clocks)
        if found["state"] != "unreported":
            yield found


def _matrix(asked: Asked) -> Iterator[Body]:
    parties, issues = (
        [version.record["id"] for version in _versions(asked, kind)] for kind in ("party", "issue")
    )
    yield from answers.matrix(asked.connection, parties, issues, asked.clocks)["cells"]


def _corrections(asked: Asked) -> Iterator[Body]:
    before: int | None = None
    while True:
        body, before = answers.correction_list(
            asked.connection, asked.head, asked.clocks, {}, before=before, limit=PAGE
        )
        yield from body["corrections"]
        if before is None:
            return


TABLES: dict[str, Table] = {
    "records": Table(columns.RECORDS, _records),
    "parties": Table(columns.PARTIES, _registrations("party")),
    "issues": Table(columns.ISSUES, _registrations("issue")),
    "reports": Table(columns.REPORT_LIST, _reports),
    "positions": Table(
        columns.POSITIONS, _positions, "positions", is_dated=True, floor=POSITION_FLOOR
    ),
    "matrix": Table(columns.MATRIX, _matrix, "matrix", is_dated=True, floor=POSITION_FLOOR),
    "statuses": Table(columns.STATUSES, _statuses, is_dated=True, floor=STATUS_FLOOR),
    "corrections": Table(columns.CORRECTIONS, _corrections),
}
"""Every table by its name. Positions and statuses without evidence have no row."""
