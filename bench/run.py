"""Measure: import of the whole UN vote set, and the question at that size.

    python bench/run.py FOLDER [--database URL]

Prints a table, and writes bench/data/results.json. Times are taken in one run on one machine,
so the ratios mean something where the seconds do not.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from projections.positions import position_pairs, positions
from service.app import create_app
from service.store import Store

HERE = Path(__file__).parent
DATA = HERE / "data"
EXAMPLE = HERE.parent / "examples" / "berlin.ndjson"
QUESTIONS = 2000
WARM_UP = 100


def prepared(folder: Path) -> Path:
    """Return the UN vote set as records, writing them the first time."""
    file = DATA / "un.ndjson"
    if not file.exists():
        DATA.mkdir(exist_ok=True)
        unfinished = file.with_suffix(".part")
        with unfinished.open("w") as out:
            subprocess.run(
                [sys.executable, str(HERE / "un_votes.py"), str(folder)], stdout=out, check=True
            )
        unfinished.rename(file)
    return file


def imported(file: Path, url: str) -> tuple[float, int]:
    """Import a file with the command line. Returns its seconds and its peak memory in MB."""
    command = [sys.executable, "-m", "service.cli", "--database", url, "import", str(file)]
    began = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the import of {file} failed")
    return time.perf_counter() - began, usage.ru_maxrss // 1024


def asked(url: str, seed: int) -> Iterator[str]:
    """Yield the question about random parties, issues and dates, for ever."""
    store = Store(url)
    with store.reading() as (connection, _):
        parties = list(connection.scalars(select(position_pairs.c.party).distinct()))
        issues = list(connection.scalars(select(position_pairs.c.issue).distinct()))
        span = connection.execute(
            select(func.min(positions.c.earliest), func.max(positions.c.effective))
        ).one()
    store.close()
    rng = random.Random(seed)
    first, last = (1970 + micros / 31_556_952_000_000 for micros in span)
    while True:
        year = int(rng.uniform(first, last + 1))
        day = f"{year:04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        party, issue = quote(rng.choice(sorted(parties))), quote(rng.choice(sorted(issues)))
        yield f"/v1/parties/{party}/positions/{issue}?as_of={day}"


def answered(urls: list[str]) -> list[list[float]]:
    """Return the seconds of each question for each database, asked in turns."""
    clients = [create_app(url).test_client() for url in urls]
    questions = [asked(url, 1) for url in urls]
    times: list[list[float]] = [[] for _ in urls]
    for i in range(WARM_UP + QUESTIONS):
        for client, question, taken in zip(clients, questions, times, strict=True):
            path = next(question)
            began = time.perf_counter()
            answer = client.get(path)
            seconds = time.perf_counter() - began
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status}")
            if i >= WARM_UP:
                taken.append(seconds)
    return times


def measured(folder: Path, database: str | None) -> dict[str, Any]:
    """Return every figure."""
    file = prepared(folder)
    with tempfile.TemporaryDirectory(prefix="stancelog-bench-") as scratch:
        large = database or f"sqlite:///{scratch}/un.db"
        small = f"sqlite:///{scratch}/berlin.db"
        seconds, memory = imported(file, large)
        imported(EXAMPLE, small)
        store = Store(large)
        with store.reading() as (connection, head):
            count = connection.execute(select(func.count()).select_from(positions)).scalar_one()
        store.close()
        size = sum(f.stat().st_size for f in Path(scratch).glob("un.db*"))
        at_small, at_large = answered([small, large])
    return {
        "positions": count,
        "records": head.seq,
        "import_seconds": round(seconds, 1),
        "import_positions_per_second": round(count / seconds),
        "import_peak_memory_mb": memory,
        "database_mb": size // 2**20,
        "question_mean_ms_small": round(sum(at_small) / len(at_small) * 1000, 3),
        "question_mean_ms_large": round(sum(at_large) / len(at_large) * 1000, 3),
        "question_p50_ms_small": round(median(at_small) * 1000, 3),
        "question_p50_ms_large": round(median(at_large) * 1000, 3),
        "question_mean_ratio": round(sum(at_large) / sum(at_small), 2),
        "question_p50_ratio": round(median(at_large) / median(at_small), 2),
    }


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the UN vote files")
    parser.add_argument("--database", help="an empty database; default: a SQLite file")
    arguments = parser.parse_args()
    found = measured(arguments.folder, arguments.database)
    table = Table("figure", "value", title="Stancelog on the UN vote set")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    Console().print(table)
    (DATA / "results.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
