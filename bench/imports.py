"""Measure import and rebuild on the command line, beside other ways to store the same reports."""

import json
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bench import library
from bench.servers import Databases, Spent, run
from bench.sets import REPORTS, Records, one_by_one, written
from bench.tables import Row, ratios
from events.batch import Sent
from events.records import Record
from service.schemas.records import load
from service.store import Store


class Imported(NamedTuple):
    """A database with records in it, and what was measured on the way."""

    records: Records
    url: str
    empty: str  # the URL of one without any
    figures: dict[str, float]
    compared: dict[str, float]


def reports_in(file: Path) -> Iterator[Record]:
    """Yield the reports of a file of records."""
    with file.open() as lines:
        for record in map(json.loads, lines):
            if record["type"] in REPORTS:
                yield record


def imported(databases: Databases, engine: str, name: str, records: Records) -> Imported:
    """Import records into a new database."""
    empty = databases.new(engine, f"nothing-{name}")
    nothing = databases.folder / "empty.ndjson"
    nothing.touch()
    idle = run(empty, "import", str(nothing))
    no_bytes = databases.bytes_of(empty)
    url = databases.new(engine, f"set-{name}")
    spent = run(url, "import", str(records.file))
    stored = databases.bytes_of(url) - no_bytes
    figures = _figures(records, spent, idle) | {"bytes/report": stored / records.reports}
    compared = {
        "the memory of importing nothing": spent.peak_mb / idle.peak_mb,
        "the bytes as NDJSON": stored / records.file.stat().st_size,
    }
    return Imported(records, url, empty, figures, compared)


def imports(databases: Databases, engine: str, size: str, done: Imported) -> list[Row]:
    """Tell of an import, beside bare rows; then rebuild the database."""
    lines = partial(reports_in, done.records.file)
    took = library.bare_rows(databases.new(engine, f"bare-{size}"), lines)
    bare = _rates(done.records, took)
    idle = run(done.empty, "rebuild")
    again = _figures(done.records, run(done.url, "rebuild"), idle)
    compared = {"bare rows": done.figures["reports/s"] / bare["reports/s"]} | done.compared
    return [
        Row("imports", engine, size, "import", done.figures, compared),
        Row("imports", engine, size, "bare rows, one commit", bare),
        Row("imports", engine, size, "rebuild", again, ratios(again, {"import": done.figures})),
    ]


def statements(databases: Databases, engine: str, count: int) -> list[Row]:
    """Measure statements with one position each, beside the library's runner and single commits.

    A tenth of them is enough for what commits each.
    """
    size = f"{count:,} statements"
    records = written(one_by_one(count), databases.folder / "statements.ndjson")
    few = list(islice(reports_in(records.file), max(count // 10, 100)))
    done = imported(databases, engine, "statements", records)
    single = _one_at_a_time(done.url, few)
    took = library.commit_each(databases.new(engine, "commit-each"), few)
    beside = {"library's recorder, a commit each": _per(few, took)}
    if engine == "postgresql":
        beside["ProjectionRunner"] = _runner(databases, few)
    others = {"one at a time": single} | beside
    compared = ratios(done.figures, others) | done.compared
    return [
        Row("imports", engine, size, "import", done.figures, compared),
        Row("imports", engine, size, "one at a time", single, ratios(single, beside)),
        *(Row("imports", engine, size, what, figures) for what, figures in beside.items()),
    ]


def _one_at_a_time(url: str, reports: list[Record]) -> dict[str, float]:
    """Record reports, of other ids than those that are there, by one call each."""
    store = Store(url)
    sent = [Sent(load(report | {"id": f"{report['id']}-again"}), "bench") for report in reports]
    began = time.perf_counter()
    for one in sent:
        store.record([one])
    spent = time.perf_counter() - began
    store.close()
    return _per(reports, spent)


def _runner(databases: Databases, reports: list[Record]) -> dict[str, float]:
    """Save reports in batches, and wait until the library's runner has stored all rows."""
    with library.library(databases.new("postgresql", "runner-statements")) as running:
        began = time.perf_counter()
        for first in range(0, len(reports), library.BATCH):
            last = running.save(*reports[first : first + library.BATCH])
        while running.count() < len(reports):
            time.sleep(0.01)
        running.wait(last)
        return _per(reports, time.perf_counter() - began)


def _figures(records: Records, spent: Spent, idle: Spent) -> dict[str, float]:
    """Return the figures of a command, without the seconds that it takes to do nothing."""
    took = max(spent.seconds - idle.seconds, 0.001)
    return _rates(records, took) | {"peak MB": spent.peak_mb}


def _rates(records: Records, took: float) -> dict[str, float]:
    return {
        "reports/s": records.reports / took,
        "positions/s": records.positions / took,
        "seconds": took,
    }


def _per(reports: list[Record], took: float) -> dict[str, float]:
    return {"reports/s": len(reports) / took, "seconds": took}
