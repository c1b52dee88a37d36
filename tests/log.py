"""What the log of a store has, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from events.errors import BatchRefusedError, RefusedError
from projections import reports
from service.store import Store
from tests.records import (
    tell,
)

Record = dict[str, Any]
Opener = Callable[[str], Store]


def refusals(store: Store, *records: Record) -> dict[int, RefusedError]:
    """What is wrong with each record of a batch that is refused."""
    before = head_of(store)
    with pytest.raises(BatchRefusedError) as caught:
        tell(store, *records)
    assert head_of(store) == before
    return caught.value.refused


def refusal(store: Store, record: Record) -> RefusedError:
    """What is wrong with a record."""
    return refusals(store, record)[0]


def is_new(store: Store, record: Record) -> bool:
    """Tell it, and say whether that recorded anything."""
    before = head_of(store)
    (recorded,) = tell(store, record)
    assert (head_of(store) == before + 1) == recorded.outcome.is_new
    return recorded.outcome.is_new


def head_of(store: Store) -> int:
    with store.reading() as (_, head):
        return head.seq


def report_of(store: Store, report_id: str, seq: int | None = None) -> reports.Version:
    with store.reading() as (connection, head):
        version = reports.version_of(connection, report_id, head.seq if seq is None else seq)
    assert version
    return version
