"""Getting records in, and the whole log out."""

import sys
from pathlib import Path

import click

from service.cli.group import main
from service.cli.speaking import REFUSED, err, fail, opened, progress, reading, warn
from service.importing import BadLine, Import, OnError, StoppedError, exported


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
@click.pass_obj
def import_(
    url: str, names: tuple[str, ...], dry_run: bool, on_error: str, keep_recorded_at: bool
) -> None:
    """Import records from NDJSON files, one a line; '-' is standard input.

    What is recorded already stays as it is, so an import that was cut short goes on where it
    stopped when it is run again.

    \b
      stancelog import examples/berlin.ndjson
      stancelog export | stancelog --database sqlite:///copy.db import --keep-recorded-at -
    """
    with opened(url, create=True) as store:
        run = Import(store, OnError(on_error), keep_recorded_at, dry_run)
        stopped = run_import(run, names)
    report(run, stopped)


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


def report(run: Import, stopped: list[BadLine]) -> None:
    """Say what an import did. Ends with a status when lines were refused."""
    tally = run.tally
    if tally.dropped and not run.keep_recorded_at:
        warn(
            f"recorded_at was dropped on {tally.dropped} lines: the log sets it. "
            "To restore an export, use --keep-recorded-at."
        )
    for bad in stopped or tally.skipped:
        for fault in bad.error.faults:
            field = f"{fault.field}: " if fault.field else ""
            warn(f"{bad.file}:{bad.number}: {field}{fault.message}")
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


@main.command()
@click.pass_obj
def export(url: str) -> None:
    """Write every record in log order, with recorded_at, one a line.

    \b
      stancelog export > backup.ndjson
      stancelog --database sqlite:///restored.db import --keep-recorded-at backup.ndjson
    """
    with opened(url) as store:
        for line in exported(store):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
