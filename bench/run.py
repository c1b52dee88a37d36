"""Measure Stancelog, each figure beside others that were taken in the same run.

    python bench/run.py --votes FOLDER [--sizes 10k,100k,all] [--databases sqlite,postgresql]
                        [--seconds N] [--only question,growth,others,generated,writes,imports]
    python bench/run.py --write-docs

Prints tables, and writes bench/data/results.json. FOLDER holds the UN votes, see
un_votes.py; without them, roll calls of much the same shape are generated.
docs/benchmarks.md tells what is measured and how; --write-docs puts the figures of the last run
into it, and measures nothing. Times are of one run on one machine: the ratios mean something
where the seconds do not.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from bench import sets, tables
from bench.imports import Imported, imported, imports, statements
from bench.others import others
from bench.questions import growth, question
from bench.servers import ROOT, Databases, databases
from bench.tables import TITLES, Row
from bench.writes import writes

RESULTS = sets.DATA / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
ENGINES = ("sqlite", "postgresql")
err = Console(stderr=True, highlight=False)


def measured(made: Databases, whole: Path, asked: argparse.Namespace) -> Iterator[Row]:
    """Yield every figure, of the records in `whole` and of generated ones."""
    files = {
        size: sets.first_of(whole, sets.SIZES[size], made.folder / f"un-{size}.ndjson")
        for size in asked.sizes
    }
    for engine in asked.databases:
        filled: dict[str, Imported] = {}
        for size, records in files.items():
            err.print(f"{engine}, {size}: import")
            filled[size] = imported(made, engine, size, records)
        yield from _asked(made, engine, {size: one.url for size, one in filled.items()}, asked)
        if "imports" in asked.only:
            for size, one in filled.items():
                err.print(f"{engine}, {size}: rebuild")
                yield from imports(made, engine, size, one)
            err.print(f"{engine}: statements")
            yield from statements(made, engine, asked.statements)


def _asked(
    made: Databases, engine: str, urls: dict[str, str], asked: argparse.Namespace
) -> Iterator[Row]:
    """Yield what is asked of databases that are filled; what writes to them comes last."""
    for size, url in urls.items():
        if "question" in asked.only:
            err.print(f"{engine}, {size}: question")
            yield from question(engine, size, url, asked.seconds)
        if "others" in asked.only:
            err.print(f"{engine}, {size}: others")
            yield from others(engine, size, url, asked.seconds)
    if "generated" in asked.only:
        err.print(f"{engine}: others, of 200 parties on 50 issues")
        records = sets.written(sets.desk(), made.folder / "desk.ndjson")
        url = imported(made, engine, "desk", records).url
        size = f"{records.positions:,} positions"
        yield from others(engine, size, url, asked.seconds, group="generated")
    if "growth" in asked.only and len(urls) > 1:
        err.print(f"{engine}: growth")
        yield from growth(engine, urls, asked.seconds)
    if "writes" in asked.only:
        for size, url in urls.items():
            err.print(f"{engine}, {size}: writes")
            yield from writes(made, engine, size, url, asked.seconds)


def _some_of(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def some(text: str) -> list[str]:
        named = text.split(",")
        if not set(named) <= set(known):
            raise argparse.ArgumentTypeError(f"give some of {','.join(known)}")
        return [name for name in known if name in named]

    return some


def arguments() -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    every = {"sizes": tuple(sets.SIZES), "databases": ENGINES, "only": tuple(TITLES)}
    for name, known in every.items():
        parser.add_argument(
            f"--{name}", type=_some_of(known), default=list(known), help=",".join(known)
        )
    parser.add_argument("--votes", type=Path, default=sets.DATA, help="folder of the UN votes")
    parser.add_argument("--seconds", type=float, default=5, help="for each measurement")
    parser.add_argument("--statements", type=int, default=20_000, help="of one position each")
    parser.add_argument("--write-docs", action="store_true", help=f"fill {PAGE.name}")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the figures."""
    asked = arguments()
    if asked.write_docs:
        tables.write_docs(RESULTS, PAGE)
        return
    whole = sets.votes(asked.votes)
    told = {name: getattr(asked, name) for name in ("sizes", "databases", "seconds", "only")}
    told |= {"data": sets.TITLES[whole.stem], "statements": asked.statements}
    rows: list[Row] = []
    with databases() as made:
        for row in measured(made, whole, asked):
            rows.append(row)
            tables.keep(rows, RESULTS, told)  # what is measured stays, whatever comes after it
    tables.show(rows)


if __name__ == "__main__":
    main()
