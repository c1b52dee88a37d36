"""Measure the ledger: what it adds to catching up, what verifying costs, and a proof.

    python bench/ledger.py [--events 200000] [--pymerkle]

On SQLite, in a temporary folder, with reports of about 1 KB. The log is written once; the read
models catch up with it with the ledger among them and without it, in turns. `--pymerkle` measures
that library's trees too: pip install pymerkle. Times of one run on one machine: the ratios mean
something where the seconds do not.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from events.batch import Sent
from projections import ledger, projector
from projections.database import connect, metadata
from projections.reading import reading
from projections.tampering import walk
from service.answers import proofs
from service.schemas.records import load
from service.store import Store

BATCH = 500


@contextmanager
def measured(what: str, count: int = 1) -> Iterator[None]:
    began = time.perf_counter()
    yield
    spent = time.perf_counter() - began
    print(f"{what}: {spent:.1f} s, {spent / count * 1e6:.1f} µs each")


def reports(count: int) -> Iterator[list[Sent]]:
    """Yield reports in batches, after the party and the issue that they are about."""
    named = [
        {"type": "party", "id": "p", "name": "P", "kind": "state"},
        {"type": "issue", "id": "i", "title": "I", "proposition": "There should be I"},
    ]
    yield [Sent(load(record), "bench") for record in named]
    for first in range(0, count, BATCH):
        yield [Sent(load(report(n)), "bench") for n in range(first, min(first + BATCH, count))]


def report(number: int) -> dict[str, Any]:
    return {
        "type": "statement",
        "id": f"r-{number}",
        "occurred": f"{1900 + number % 120}-02-01",
        "parties": ["p"],
        "summary": f"{number} " * 100,
        "attribution": "on_record",
        "positions": [{"issue": "i", "position": "support"}],
        "sources": [{"publisher": "Reuters"}],
    }


def caught_up(store: Store, folder: Path, turn: int, *, with_ledger: bool) -> float:
    """Return the seconds in which fresh read models catch up with the whole log."""
    every = projector.PROJECTIONS
    projector.PROJECTIONS = tuple(one for one in every if with_ledger or one is not ledger)
    engine = connect(f"sqlite:///{folder / f'{turn}-{with_ledger}.db'}")
    try:
        metadata.create_all(engine)
        began = time.perf_counter()
        projector.catch_up(engine, store.timeline)
        return time.perf_counter() - began
    finally:
        projector.PROJECTIONS = every
        engine.dispose()


def prove(store: Store, count: int) -> None:
    rng = Random(1)
    spent: list[float] = []
    with store.reading() as (connection, _):
        size = ledger.size_of(connection)
        for _ in range(1000):
            began = time.perf_counter()
            leaf = ledger.leaf_of(connection, rng.randint(3, count))
            assert leaf is not None
            told = proofs.inclusion(connection, store.timeline, leaf, size)
            spent.append(time.perf_counter() - began)
    print(
        f"a proof of inclusion among {size}: median {median(spent) * 1e3:.2f} ms, "
        f"{len(told['path'])} hashes"
    )


def pymerkle_trees(folder: Path, count: int) -> None:
    from pymerkle import InmemoryTree, SqliteTree  # noqa: PLC0415

    entries = [bytes(Random(n).randbytes(32)) for n in range(count)]
    tree = InmemoryTree(algorithm="sha256")
    with measured(f"pymerkle, in memory, {count} entries of 32 bytes", count):
        append(tree.append_entry, entries)
    with measured("pymerkle, in memory, a proof of inclusion"):
        tree.prove_inclusion(count // 3)
    with (
        SqliteTree(str(folder / "pymerkle.db"), algorithm="sha256") as stored,
        measured(f"pymerkle, on SQLite, {count} entries, append_entries", count),
    ):
        stored.append_entries(entries)


def append(one: Callable[[bytes], Any], entries: list[bytes]) -> None:
    for entry in entries:
        one(entry)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--pymerkle", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stancelog-bench-") as name:
        folder = Path(name)
        store = Store(f"sqlite:///{folder / 'log.db'}")
        with measured("recording, with every read model", asked.events):
            for batch in reports(asked.events):
                store.record(batch)
        for turn in range(asked.turns):
            with_it = caught_up(store, folder, turn, with_ledger=True)
            without = caught_up(store, folder, turn, with_ledger=False)
            print(f"catch-up: {with_it:.1f} s, without {without:.1f} s: {with_it / without:.3f}")
        stop = store.timeline.head()
        with reading(store.engine) as connection:
            with measured(f"the walk of verify over {stop} events", stop):
                walked = walk(connection, store.timeline, stop)
            assert walked.tampered is None
            assert walked.size == ledger.size_of(connection)
        prove(store, asked.events)
        store.close()
        if asked.pymerkle:
            pymerkle_trees(folder, asked.events)


if __name__ == "__main__":
    main()
