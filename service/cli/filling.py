"""Getting records in, and the whole log out."""

import sys
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import click

from events.records import Record
from service.cli.group import main
from service.cli.speaking import REFUSED, err, fail, given, opened, progress, reading, warn
from service.importing import BadLine, Import, OnError, StoppedError
from service.mapping import Map, MapError, Source
from service.ndjson import encode

MOST_ERRORS = 50


@main.command("import")
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Check every line, and record nothing.")
@click.option(
    "--on-error",
    type=click.Choice([one.value for one in OnError]),
    default=OnError.STOP.value,
    show_default=True,
    help="At a bad line: keep the whole batches before it and stop, or leave it out and go on.",
)
@click.option(
    "--keep-recorded-at",
    is_flag=True,
    help="Restore an export: keep each line's recorded_at instead of dropping it.",
)
@click.option(
    "--map",
    "map_file",
    metavar="MAP",
    callback=given,
    help="The files are tables (CSV): this TOML file says what their columns are.",
)
@click.option(
    "--show",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    metavar="N",
    help="With --map --dry-run: print the first N records of each type, as NDJSON.",
)
@click.option(
    "--errors",
    "most",
    type=click.IntRange(1),
    default=MOST_ERRORS,
    show_default=True,
    metavar="N",
    help="Most errors to tell; of the others, how many there are.",
)
@click.pass_obj
def import_(
    url: str,
    *,
    names: tuple[str, ...],
    dry_run: bool,
    on_error: str,
    keep_recorded_at: bool,
    map_file: str | None,
    show: int,
    most: int,
) -> None:
    """Import records from NDJSON files, one a line, or from tables; '-' is standard input.

    What is recorded already stays as it is, so an import that was cut short goes on where it
    stopped when it is run again.

    \b
      stancelog import examples/berlin.ndjson
      stancelog import talks.csv --map map.toml --dry-run
      stancelog export | stancelog --database sqlite:///copy.db import --keep-recorded-at -
    """
    if map_file and keep_recorded_at:
        raise click.UsageError("--keep-recorded-at restores an export: it does not go with --map")
    with opened(url, create=True) as store:
        run = Import(store, OnError(on_error), keep_recorded_at, dry_run)
        if map_file:
            run.tried = printer(show)
            stopped = run_mapped(run, names, map_file)
        else:
            stopped = run_import(run, names)
    report(run, stopped, most)


def run_mapped(run: Import, names: tuple[str, ...], map_file: str) -> list[BadLine]:
    """Import tables. Returns the bad rows at which it stopped; empty if it did not."""
    content = Path(map_file).read_bytes()
    for name in names:
        source = Source(name)
        try:
            mapped = Map(content, source)
            total = source.size * mapped.passes
            with progress("importing", total or None) as advance:
                run.made(name, mapped.through(advance))
        except MapError as error:
            fail(REFUSED, f"{map_file}: {error}")
        except StoppedError as error:
            return error.bad
        finally:
            source.close()
    return []


def printer(most: int) -> Callable[[Record], None]:
    """Return what prints the first `most` records of each type."""
    told: Counter[str] = Counter()

    def show(record: Record) -> None:
        told[record["type"]] += 1
        if told[record["type"]] <= most:
            click.echo(encode(record))

    return show


def run_import(run: Import, names: tuple[str, ...]) -> list[BadLine]:
    """Import the files. Returns the bad lines at which it stopped; empty if it did not."""
    sizes = [0 if name == "-" else Path(name).stat().st_size for name in names]
    with progress("importing", sum(sizes) or None) as advance:
        run.progress = advance
        for name in names:
            with reading(name) as content:
                try:
                    run.file(name, content)
                except StoppedError as error:
                    return error.bad
    return []


def report(run: Import, stopped: list[BadLine], most: int = MOST_ERRORS) -> None:
    """Say what an import did. Ends with a status when lines were refused."""
    tally = run.tally
    if tally.dropped and not run.keep_recorded_at:
        warn(
            f"recorded_at was dropped on {tally.dropped} lines: the log sets it. "
            "To restore an export, use --keep-recorded-at."
        )
    faults = (fault for bad in stopped or tally.skipped for fault in bad.faults())
    for fault in islice(faults, most):
        warn(fault)
    if more := sum(1 for _ in faults):
        warn(f"and {more} more: --errors tells more of them")
    counted = f"{tally.recorded} recorded, {tally.unchanged} unchanged"
    if tally.skipped:
        counted += f", {len(tally.skipped)} skipped"
    would = " (dry run: nothing was recorded)" if run.dry_run else ""
    err.print(counted + would, highlight=False)
    if stopped:
        fail(
            REFUSED,
            "stopped: the batches before these lines are recorded, theirs is not. Mend them "
            "and run the same import again: it goes on where it stopped. "
            "--on-error skip leaves bad lines out.",
        )
    if tally.skipped:
        sys.exit(REFUSED)
