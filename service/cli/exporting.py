"""Getting what is known out: the whole log, or a table, as a file for other programs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from events.vocabulary import ATTRIBUTIONS
from service.cli.comparing import known_at_option, options, seq_option
from service.cli.group import main
from service.cli.speaking import given, opened, tidied
from service.clocks import Asked, resolve
from service.exports import csv_lines, parquet
from service.exports.tables import TABLES, Table
from service.exports.tables import Asked as Reading
from service.importing import exported
from service.ndjson import encode

DEFAULTS = {"ndjson": "records", "csv": "reports", "parquet": "reports"}


@main.command()
@options(
    click.option(
        "--format",
        "form",
        type=click.Choice(list(DEFAULTS)),
        default="ndjson",
        show_default=True,
        help="parquet needs pip install 'stancelog[parquet]'.",
    ),
    click.option(
        "--table",
        "name",
        type=click.Choice(list(TABLES)),
        help="What to write.  [default: records as ndjson, else reports]",
    ),
    click.option(
        "--as-of",
        metavar="DATE",
        help="Of positions, statuses and the matrix: date in the world.  [default: now]",
    ),
    known_at_option,
    seq_option,
    click.option(
        "--floor",
        type=click.Choice(ATTRIBUTIONS),
        metavar="ATTRIBUTION",
        help="Weakest attribution that counts.  "
        "[default: leaked_document, for statuses media_report]",
    ),
    click.option(
        "--excel",
        is_flag=True,
        help="Of CSV: say that it is UTF-8, and keep spreadsheets from running cells as formulas.",
    ),
    click.option(
        "--output",
        "-o",
        metavar="FILE",
        callback=given,
        help="Where to write: there once it is whole.  [default: standard output]",
    ),
    click.pass_obj,
    tidied(),
)
def export(
    url: str, form: str, name: str | None, excel: bool, output: str | None, **clocks: Any
) -> None:
    """Write every record in log order, with recorded_at, one a line; or a table.

    \b
      stancelog export > backup.ndjson
      stancelog --database sqlite:///restored.db import --keep-recorded-at backup.ndjson
      stancelog export --format csv --table positions --as-of 2025-12-14 -o positions.csv
    """
    table = TABLES[name or DEFAULTS[form]]
    asked = Asked(**clocks)
    _check(form, table, asked, excel=excel, output=output)
    with opened(url) as store, writing(output) as sink, store.reading() as (connection, head):
        found = resolve(connection, head, asked, table.floor or ATTRIBUTIONS[-1])
        if table is TABLES["records"] and form == "ndjson":  # as import takes them
            sink.writelines(exported(store, found.seq))
            return
        rows = table.rows(Reading(store, connection, head, found))
        WRITERS[form](sink, table, table.citation(found), rows, excel=excel)


def _check(form: str, table: Table, asked: Asked, *, excel: bool, output: str | None) -> None:
    """Raises click.UsageError for what does not go together."""
    if excel and form != "csv":
        raise click.UsageError("--excel: only with --format csv")
    if asked.as_of is not None and not table.is_dated:
        raise click.UsageError(f"--as-of: {table.export.title} are of no date in the world")
    if asked.floor is not None and table.floor is None:
        raise click.UsageError(f"--floor: {table.export.title} are given whatever they count as")
    if form != "parquet":
        return
    try:
        parquet.require()
    except parquet.NoParquetError as error:
        raise click.UsageError(str(error)) from None
    if output is None and sys.stdout.isatty():
        raise click.UsageError("parquet is not for reading: give --output FILE")


def _ndjson(sink: IO[bytes], table: Table, _: str, rows: Iterator[Any], *, excel: bool) -> None:
    del excel
    columns = table.export.columns
    sink.writelines(
        encode({column.name: column.of(row) for column in columns}) + b"\n" for row in rows
    )


def _csv(sink: IO[bytes], table: Table, citation: str, rows: Iterator[Any], *, excel: bool) -> None:
    lines = csv_lines(citation, table.export.columns, rows, excel=excel)
    sink.writelines(line.encode() for line in lines)


def _parquet(
    sink: IO[bytes], table: Table, citation: str, rows: Iterator[Any], *, excel: bool
) -> None:
    del excel
    parquet.write(sink, citation, table.export.columns, rows)


WRITERS: dict[str, Callable[..., None]] = {"ndjson": _ndjson, "csv": _csv, "parquet": _parquet}


@contextmanager
def writing(name: str | None) -> Iterator[IO[bytes]]:
    """Give where to write. A file is there, or replaced, once all of it is written."""
    if name is None or name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name).resolve()
    if path.exists() and not path.is_file():  # a pipe, say
        with path.open("wb") as sink:
            yield sink
        return
    partly = path.with_name(f".{path.name}.{os.getpid()}.partly")
    try:
        with partly.open("xb") as sink:
            yield sink
        partly.replace(path)
    finally:
        partly.unlink(missing_ok=True)
