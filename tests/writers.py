"""What each of several processes does at once. They import this module by its name."""

import os
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier

from events.errors import BatchRefusedError
from service.store import Store
from tests.records import Record, tell

_together: Barrier

Result = tuple[str, int | None]
"""`new` or `unchanged` with the seq, or the rule that was broken."""


def meet_at(barrier: Barrier) -> None:
    """Begin a process: where it waits for the others."""
    global _together  # noqa: PLW0603
    _together = barrier


def write(url: str, batches: Sequence[Sequence[Record]]) -> tuple[int, list[Result]]:
    """Open a store, record the batches, close it. Returns who did, and what became of each."""
    _together.wait(60)  # so that the stores are opened at once, too
    try:
        store = Store(url)
    except BaseException:
        _together.abort()
        raise
    try:
        _together.wait(60)
        return os.getpid(), [result for batch in batches for result in _tell(store, batch)]
    finally:
        store.close()


def _tell(store: Store, batch: Sequence[Record]) -> list[Result]:
    try:
        recorded = tell(store, *batch)
    except BatchRefusedError as error:
        return [(one.rule, None) for one in error.refused.values()]
    return [("new" if one.outcome.is_new else "unchanged", one.seq) for one in recorded]
