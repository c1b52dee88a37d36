"""What answers about positions and about statuses share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection

from events import dates
from events.vocabulary import ATTRIBUTIONS, STRENGTH
from projections import catalog
from projections.runs import Answer, Run
from service.clocks import Clocks
from service.links import pins, url

Body = dict[str, Any]

MOST_EVIDENCE = 20
ATTRIBUTION_OF = {STRENGTH[name]: name for name in ATTRIBUTIONS}


def weight(found: Answer, name: str) -> Body:
    """Return how many reports and utterances say so, and the newest of them."""
    run = found.run
    return {
        "reports": run.reports if run else 0,
        "utterances": run.utterances if run else 0,
        "below_floor": found.below_floor,
        "evidence": evidence(run.evidence[:MOST_EVIDENCE], name) if run else [],
    }


def evidence(rows: Iterable[Any], name: str) -> list[Body]:
    """Return rows as evidence. `name`: what they say, "position" or "status"."""
    return [
        {
            "report": row.report,
            "occurred": row.occurred,
            "attribution": ATTRIBUTION_OF[row.strength],
            name: row.says,
            "publishers": orjson.loads(row.publishers),
        }
        for row in rows
    ]


def segment(run: Run, at_a_glance: Callable[[Run], Body]) -> Body:
    """Return a run as an entry of a history."""
    return {
        **at_a_glance(run),
        "effect": dates.to_text(run.effect),
        "effect_end": None if run.effect_end is None else dates.to_text(run.effect_end),
        "reports": run.reports,
        "future": run.effect > dates.now(),
    }


def proposition_of(connection: Connection, issue: str, seq: int) -> str | None:
    """Return an issue's proposition as known at `seq`; None if it was not."""
    known = catalog.version_of(connection, "issue", issue, seq)
    return known.record["proposition"] if known else None


def links(
    path: list[str],
    clocks: Clocks,
    *,
    inherit: bool = False,
    query: Mapping[str, Any] | None = None,
    **below: str,
) -> Body:
    """Return a link to the question, one that pins its answer, and those below it.

    `query`: what else was asked.
    """
    floor = {"floor": clocks.floor}
    pinned = pins(clocks)
    more = dict(query or {}) | ({"inherit": 1} if inherit else {})
    return {
        "self": url(*path, as_of=pinned["as_of"], **floor, **more),
        "permalink": url(*path, **pinned, **more),
        **{name: url(*path, segment, **floor) for name, segment in below.items()},
    }


def known(clocks: Clocks) -> Body:
    """Return what a history repeats: it is over all time, so it has no `as_of`."""
    return {key: value for key, value in clocks.echo().items() if key != "as_of"}


def history_links(path: list[str], clocks: Clocks) -> Body:
    """Return a link to a history, which is over all time, and one that pins it."""
    return {
        "self": url(*path, floor=clocks.floor),
        "permalink": url(*path, seq=clocks.seq, floor=clocks.floor),
    }
