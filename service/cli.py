"""The command line.

Exit status: 0 done, 1 refused input, 2 wrong usage, 3 verify found a difference, 4 database
or file trouble.
"""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from events.dates import bounds_of, instant_of
from events.timeline import DatabaseUrlError, LogError
from events.vocabulary import ATTRIBUTIONS, POSITION_FLOOR, STATUS_FLOOR
from projections import projector
from projections.log import Head
from projections.positions import Pair
from projections.verify import differences
from service import answers, config, tables
from service.clocks import Asked, Clocks, resolve
from service.importing import BadLine, Import, OnError, StoppedError, exported
from service.lookup import issue_id, party_id
from service.ndjson import encode
from service.problems import InvalidQueryError, NotFoundError
from service.store import NotReadyError, Store, initialise

REFUSED, DIFFERENT, TROUBLE = 1, 3, 4

F = TypeVar("F", bound=Callable[..., Any])

out = Console()
err = Console(stderr=True)


class Commands(click.Group):
    """Commands in the order in which a newcomer needs them; failures as exit statuses."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and say in one line what went wrong."""
        try:
            return super().invoke(ctx)
        except NotFoundError as error:
            hint = f" Did you mean {', '.join(error.did_you_mean)}?" if error.did_you_mean else ""
            _fail(REFUSED, f"{error}{hint}")
        except InvalidQueryError as error:
            raise click.UsageError(
                "; ".join(
                    f"--{fault.field.replace('_', '-')}: {fault.message}" for fault in error.faults
                )
            ) from None
        except DatabaseUrlError as error:
            raise click.UsageError(str(error)) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(TROUBLE)
        except (OSError, NotReadyError) as error:
            _fail(TROUBLE, str(error))
        except (SQLAlchemyError, LogError) as error:
            _fail(TROUBLE, f"database trouble: {str(error).splitlines()[0]}")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--database",
    metavar="URL",
    envvar=config.DATABASE,
    default=config.DEFAULT_DATABASE,
    show_default=True,
    show_envvar=True,
    help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
)
@click.version_option(package_name="stancelog")
@click.pass_context
def main(context: click.Context, database: str) -> None:
    """What was the position of a party on an issue at a date, as known on a date?

    Reports go in as immutable events; answers come with the reports that say so.

    \b
    A first look, with the bundled example:
      stancelog demo
      stancelog position ukraine ukraine-nato-membership --as-of 2025-12-20
    """
    context.obj = database


# Setting up


@main.command()
@click.pass_obj
def init(url: str) -> None:
    """Create or upgrade the database.

    Safe to repeat, and when several processes do it at once. import, serve and demo do it too.
    """
    initialise(url)
    err.print(f"Ready: {_redacted(url)}", highlight=False)


# Filling


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
    with _opened(url, create=True) as store:
        run = Import(store, OnError(on_error), keep_recorded_at, dry_run)
        stopped = _run(run, names)
    _report(run, stopped)


def _run(run: Import, names: tuple[str, ...]) -> list[BadLine]:
    """Import the files. Returns the bad lines at which it stopped; empty if it did not."""
    sizes = [0 if name == "-" else Path(name).stat().st_size for name in names]
    with _progress("importing", sum(sizes) or None) as advance:
        run.progress = advance
        for name in names:
            with _reading(name) as content:
                try:
                    run.file(name, content)
                except StoppedError as error:
                    return error.bad
    return []


def _report(run: Import, stopped: list[BadLine]) -> None:
    tally = run.tally
    if tally.dropped and not run.keep_recorded_at:
        _warn(
            f"recorded_at was dropped on {tally.dropped} lines: the log sets it. "
            "To restore an export, use --keep-recorded-at."
        )
    for bad in stopped or tally.skipped:
        for fault in bad.error.faults:
            field = f"{fault.field}: " if fault.field else ""
            _warn(f"{bad.file}:{bad.number}: {field}{fault.message}")
    counted = f"{tally.recorded} recorded, {tally.unchanged} unchanged"
    if tally.skipped:
        counted += f", {len(tally.skipped)} skipped"
    would = " (dry run: nothing was recorded)" if run.dry_run else ""
    err.print(counted + would, highlight=False)
    if stopped:
        _fail(
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
    with _opened(url) as store:
        for line in exported(store):
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


# Serving


def _port(default: int) -> Callable[[F], F]:
    return click.option("--port", type=click.IntRange(1, 65535), default=default, show_default=True)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@_port(8000)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.pass_obj
def serve(url: str, host: str, port: int, workers: int) -> None:
    """Serve the API, with its documentation at /docs."""
    initialise(url)
    _serve(url, host, port, workers)


@main.command()
@_port(8000)
@click.pass_obj
def demo(url: str, port: int) -> None:
    """Load the bundled example, then serve it on this machine."""
    with _opened(url, create=True) as store:
        name = str(files("examples") / "berlin.ndjson")
        run = Import(store, keep_recorded_at=True)
        if stopped := _run(run, (name,)):  # the log has gone on since: record it as of now
            run = Import(store)
            stopped = _run(run, (name,))
        if stopped:
            _report(run, stopped)
        err.print(
            f"The Berlin talks: {run.tally.recorded} records loaded, "
            f"{run.tally.unchanged} there already.",
            highlight=False,
        )
    here = f"http://127.0.0.1:{port}"
    question = f"{here}/v1/parties/ukraine/positions/ukraine-nato-membership"
    err.print("\nTry", highlight=False)
    for link in (
        f"{question}?as_of=2025-12-13",
        f"{question}?as_of=2025-12-20",
        f"{here}/docs",
    ):
        err.print(f"  {link}", highlight=False, soft_wrap=True)
    err.print("\nCtrl-C stops it.", highlight=False)
    _serve(url, "127.0.0.1", port, 1)


def _serve(url: str, host: str, port: int, workers: int) -> None:
    from granian import Granian  # noqa: PLC0415  slow to import, and only needed here
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))  # a clear error here beats a late one there
    os.environ[config.DATABASE] = url
    Granian(
        "service.app:create_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        log_level=LogLevels.warning,
    ).serve()


# Asking


def _asking(floor: str) -> Callable[[F], F]:
    """Add the clocks, the floor (with its default) and the format to a command."""
    options = [
        click.option(
            "--as-of",
            metavar="DATE",
            help="Date in the world: YYYY-MM-DD (the end of that day, UTC) or "
            "2025-12-14T10:00:00Z.  [default: now]",
        ),
        click.option(
            "--known-at",
            metavar="DATE",
            help="Answer with what had been recorded by then.  [default: all]",
        ),
        click.option(
            "--seq",
            type=click.IntRange(0),
            metavar="N",
            help="The exact form of --known-at: a position in the log.",
        ),
        click.option(
            "--floor",
            type=click.Choice(ATTRIBUTIONS),
            metavar="ATTRIBUTION",
            help=f"Weakest attribution that counts.  [default: {floor}]",
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(["table", "json"]),
            default="table",
            show_default=True,
        ),
        click.pass_obj,
    ]

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)  # type: ignore[operator]
        return command

    return add


@main.command()
@click.argument("party")
@click.argument("issue")
@_asking(POSITION_FLOOR)
def position(url: str, party: str, issue: str, form: str, **asked: Any) -> None:
    """Show the position of PARTY on ISSUE, and which reports say so.

    PARTY is an id, a code or an alias: ukraine, UKR, Kyiv.

    \b
      stancelog position ukraine ukraine-nato-membership --as-of 2025-12-13
      stancelog position russia ukraine-eu-membership --known-at 2025-12-16
    """
    with _question(url, POSITION_FLOOR, asked) as (connection, head, clocks):
        pair = Pair(
            party_id(connection, party, clocks.seq, head), issue_id(connection, issue, head)
        )
        answer = answers.position(connection, pair, clocks)
    _show(answer, form, tables.show_position)


@main.command()
@click.argument("party")
@click.argument("issue")
@_asking(POSITION_FLOOR)
def history(url: str, party: str, issue: str, form: str, **asked: Any) -> None:
    """Show how the position of PARTY on ISSUE changed, over all time.

    With --as-of, only what began by then.

    \b
      stancelog history ukraine ukraine-nato-membership
    """
    with _question(url, POSITION_FLOOR, asked) as (connection, head, clocks):
        pair = Pair(
            party_id(connection, party, clocks.seq, head), issue_id(connection, issue, head)
        )
        answer = answers.position_history(connection, pair, clocks)
    _show(_begun(answer, asked), form, tables.show_history)


@main.command()
@click.argument("issue")
@click.option("--history", "all_time", is_flag=True, help="Show how it changed, over all time.")
@_asking(STATUS_FLOOR)
def status(url: str, issue: str, form: str, all_time: bool, **asked: Any) -> None:
    """Show how far ISSUE has come, and which reports say so.

    \b
      stancelog status security-guarantees --as-of 2025-12-29
    """
    with _question(url, STATUS_FLOOR, asked) as (connection, head, clocks):
        key = issue_id(connection, issue, head)
        if all_time:
            answer = _begun(answers.status_history(connection, key, clocks), asked)
        else:
            answer = answers.status(connection, key, clocks)
    _show(answer, form, tables.show_history if all_time else tables.show_status)


@contextmanager
def _question(
    url: str, floor: str, asked: dict[str, Any]
) -> Iterator[tuple[Connection, Head, Clocks]]:
    with _opened(url) as store, store.reading() as (connection, head):
        yield connection, head, resolve(connection, head, Asked(**asked), floor)


def _begun(history: answers.Body, asked: dict[str, Any]) -> answers.Body:
    """Return a history without what began after the date asked for, if one was."""
    if asked["as_of"] is None:
        return history
    as_of = instant_of(asked["as_of"])
    begun = [one for one in history["segments"] if bounds_of(one["effect"]).latest <= as_of]
    return history | {"segments": begun}


def _show(
    answer: answers.Body, form: str, as_table: Callable[[Console, answers.Body], None]
) -> None:
    if form == "json":
        click.echo(encode(answer))
    else:
        as_table(out, answer)


# Keeping it sound


@main.command()
@click.argument(
    "projections",
    nargs=-1,
    type=click.Choice([one.NAME for one in projector.PROJECTIONS]),
    metavar="[PROJECTION...]",
)
@click.pass_obj
def rebuild(url: str, projections: tuple[str, ...]) -> None:
    """Empty read models and replay the log into them: all, or those named.

    They are log, catalog, reports, positions, statuses. Readers see the old rows until it is
    done; writers wait.
    """
    chosen = [one for one in projector.PROJECTIONS if not projections or one.NAME in projections]
    with _opened(url) as store, _progress("rebuilding", store.timeline.head()) as advance:
        head = projector.rebuild(store.engine, store.timeline, chosen, _steps(advance))
    err.print(
        f"Rebuilt {', '.join(one.NAME for one in chosen)}: {head.seq} records.", highlight=False
    )


@main.command()
@click.pass_obj
def verify(url: str) -> None:
    """Rebuild the read models aside and compare them with the live ones, row for row."""
    with _opened(url) as store:
        with _progress("replaying", store.timeline.head()) as advance:
            found = list(differences(store.engine, store.timeline, _steps(advance)))
        seq = store.catch_up().seq
    if found:
        count = tables.show_differences(out, found)
        _fail(DIFFERENT, f"{count} rows differ from the log: 'stancelog rebuild' mends them")
    err.print(f"The read models are as the log has them, up to seq {seq}.", highlight=False)


# Speaking


@contextmanager
def _opened(url: str, *, create: bool = False) -> Iterator[Store]:
    store = Store(url, create=create)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _reading(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as content:
        yield content


@contextmanager
def _progress(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, and nothing elsewhere. Gives a function to advance it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda amount: bar.advance(task, amount)


def _steps(advance: Callable[[int], None]) -> projector.Progress:
    reached = 0

    def step(position: int, _: int) -> None:
        nonlocal reached
        advance(position - reached)
        reached = position

    return step


def _warn(message: str) -> None:
    err.print(Text.assemble(("warning: ", "yellow"), message), highlight=False, soft_wrap=True)


def _fail(status: int, message: str) -> NoReturn:
    err.print(Text.assemble(("stancelog: ", "red"), message), highlight=False, soft_wrap=True)
    sys.exit(status)


def _redacted(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


if __name__ == "__main__":
    main()
