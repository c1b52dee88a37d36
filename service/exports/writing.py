"""CSV as RFC 4180 has it, a line at a time, with a citation line before the header."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from service.exports.columns import Column

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Tells Excel that the file is UTF-8."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell may begin that a spreadsheet takes for a formula."""


def csv_lines(
    citation: str, columns: Sequence[Column], rows: Iterable[Any], *, excel: bool = False
) -> Iterator[str]:
    """Yield a citation line, a header line, and a line for each row.

    With `excel`, the file says that it is UTF-8, and what a spreadsheet would take for a
    formula begins with an apostrophe.
    """
    buffer = StringIO()
    writer = csv.writer(buffer)

    def line(cells: Iterable[str]) -> str:
        writer.writerow([guarded(cell) for cell in cells] if excel else cells)
        written = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return written

    yield f"{BOM if excel else ''}# {citation}\r\n"
    yield line([column.name for column in columns])
    for row in rows:
        yield line([cell(column.of(row)) for column in columns])


def cell(value: Any) -> str:
    """Return a value as text: nothing for null, true or false, lists with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(cell(one) for one in value)
    return str(value)


def guarded(text: str) -> str:
    """Return text that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
