"""How commands open the database, show progress, and say what is wrong."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from projections import projector
from service.store import Store

REFUSED, DIFFERENT, TROUBLE = 1, 3, 4
"""Exit statuses, besides click's own 2 for wrong usage."""

Command = TypeVar("Command", bound=Callable[..., Any])

out = Console()
err = Console(stderr=True)


@contextmanager
def opened(url: str, *, create: bool = False, catch_up: bool = True) -> Iterator[Store]:
    """Give the store of a database. With `create`, it is created or upgraded where needed."""
    store = Store(url, create=create, catch_up=catch_up)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """Give a file's content; '-' is standard input."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as content:
        yield content


@contextmanager
def tidied() -> Iterator[None]:
    """Let a command that is told to end put away what it has begun, as after an error."""
    ours = [
        one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL
    ]  # what nohup had it ignore stays ignored
    for one in ours:
        signal.signal(one, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


class Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, once it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


def _shown() -> Progress:
    """Return a bar with the rate and the time left, on a terminal, and nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def progress(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far something is. Gives a function to advance it."""
    with _shown() as bar:
        task = bar.add_task(doing, total=total)
        yield lambda amount: bar.advance(task, amount)


@contextmanager
def replaying(doing: str) -> Iterator[projector.Progress]:
    """Show how far something has come that goes through the log, in events."""
    reached = 0
    with _shown() as bar:
        task = bar.add_task(doing, total=None)

        def step(position: int, end: int) -> None:
            nonlocal reached
            bar.update(task, total=end, advance=position - reached)
            reached = position

        yield step


def warn(message: str) -> None:
    """Say what is wrong, and go on."""
    err.print(Text.assemble(("warning: ", "yellow"), message), highlight=False, soft_wrap=True)


def fail(status: int, message: str) -> NoReturn:
    """Say what is wrong, and end with a status."""
    err.print(Text.assemble(("stancelog: ", "red"), message), highlight=False, soft_wrap=True)
    sys.exit(status)


def given(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty value, which an unset variable of a shell gives: it is not to be left out."""
    if value == "":
        raise click.BadParameter("is empty", param=option)
    return value
