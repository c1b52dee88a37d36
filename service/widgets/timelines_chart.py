"""Positions as the npm package timelines-chart takes them: a row for each party and issue.

It uses `group` and `label` both as text and as HTML, `labelVal` as HTML. What nobody reported
has no segment.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from projections.positions import Pair
from projections.spans import Span
from service.escaping import html, inert
from service.widgets.scene import Scene, contested, local, words_of


def chart(scene: Scene) -> list[dict[str, Any]]:
    """Return each party as a group with a line for each issue. Raises TooManyError."""
    found = scene.positions()
    names = scene.names({pair.party for pair in found}, {pair.issue for pair in found})
    parties = distinct(names.parties)
    issues = distinct(names.issues)
    rows: dict[str, list[dict[str, Any]]] = {}
    for pair, spans in sorted(found.items(), key=lambda one: _order(one[0], parties, issues)):
        rows.setdefault(parties.get(pair.party, pair.party), []).append(
            {
                "label": issues.get(pair.issue, pair.issue),
                "data": [_segment(scene, span) for span in spans],
            }
        )
    return [{"group": party, "data": data} for party, data in rows.items()]


def distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Return names, with the id behind those that several go by: it tells things apart by them."""
    shared = Counter(names.values())
    return {
        key: inert(name if shared[name] == 1 else f"{name} ({key})") for key, name in names.items()
    }


def _segment(scene: Scene, span: Span) -> dict[str, Any]:
    val = contested(words_of(span), span)
    label = val
    if span.run.lapsed:
        lapsed: Any = span.run.opened_by
        label = f"{val}: {lapsed.says.replace('_', ' ')} until {lapsed.until}"
    return {
        "timeRange": [local(span.run.effect), local(scene.end_of(span.run))],
        "val": val,
        "labelVal": html(label),
    }


def _order(pair: Pair, parties: Mapping[str, str], issues: Mapping[str, str]) -> tuple[str, ...]:
    party, issue = parties.get(pair.party, pair.party), issues.get(pair.issue, pair.issue)
    return party.casefold(), pair.party, issue.casefold(), pair.issue
