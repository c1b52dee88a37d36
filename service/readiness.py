"""Whether what is read is all that the log has, in each read model, and what stands in the way."""

from typing import Any, NamedTuple

import migrations
from projections import deadletters
from projections.projector import PROJECTIONS
from projections.reading import reading
from service.store import Store

MOST_COUNTED = 10_000
"""Events that a read model lacks are counted so far, and no further."""


class ReadModel(NamedTuple):
    """How a read model stands."""

    name: str
    version: int | None  # of its rows; None: nobody has said
    expected: int  # which rows the code at hand makes
    events: int  # that the log has and it has not, at most MOST_COUNTED
    seconds: float  # since the first of them was stored
    set_aside: int  # events that it failed on


def read_models(store: Store) -> tuple[int, list[ReadModel]]:
    """Return the position in the log that is reached, and each read model. Changes nothing.

    They advance together, so they lack the same events but for those set aside.
    """
    standing, is_behind = store.standing()
    position = standing.head.position
    events = store.read_timeline.count_after(position, MOST_COUNTED) if is_behind else 0
    seconds = store.behind(position) if is_behind else 0
    aside = {}
    if standing.set_aside:
        with reading(store.read_engine) as connection:
            aside = deadletters.counts(connection)
    versions = dict(one.split("=") for one in standing.versions.split() if "=" in one)
    return standing.head.seq, [
        ReadModel(
            one.NAME,
            int(versions[one.NAME]) if one.NAME in versions else None,
            one.VERSION,
            events,
            seconds,
            aside.get(one.NAME, 0),
        )
        for one in PROJECTIONS
    ]


def told(store: Store) -> dict[str, Any]:
    """Return what /readyz answers: ready, or degraded, and of what that is made.

    The database has answered, and its rows are those of this code: else it is an error.
    """
    summary = store.readiness()
    _, models = read_models(store)
    revision, newest = migrations.revision(store.read_engine), migrations.newest()
    if revision != newest:
        summary["status"] = "degraded"
    return summary | {
        "database": {"reachable": True, "revision": revision, "newest": newest},
        "lag": {"events": models[0].events, "seconds": models[0].seconds},
        "dead_letters": sum(one.set_aside for one in models),
        "read_models": {one.name: _described(one) for one in models},
    }


def _described(one: ReadModel) -> dict[str, Any]:
    return {
        "version": one.version,
        "expected": one.expected,
        "events_behind": one.events,
        "seconds_behind": one.seconds,
        "set_aside": one.set_aside,
    }
