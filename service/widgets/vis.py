"""Positions, reports and statuses as items and groups of vis-timeline. It takes HTML."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from events import dates
from events.dates import bounds_of
from projections import windows
from projections.positions import Pair
from projections.reports import Version
from projections.spans import Span, TooManyError
from projections.windows import Day
from service import links, wording
from service.escaping import html
from service.widgets.scene import Scene, contested, local, state_of, words_of
from service.wording import Names

Item = dict[str, Any]

MEETINGS, STATEMENTS, STATUSES = ":meetings", ":statements", ":statuses"
"""Groups beside the parties: no party has such an id."""

TITLES = {MEETINGS: "Meetings", STATEMENTS: "Statements", STATUSES: "Statuses"}

MOST_CLUSTERS = 500

YEAR_LONG, MONTH_LONG, DAY_LONG = len("2025"), len("2025-12"), len("2025-12-14")

MOST_SPEAKERS = 10
"""Of a joint statement, in so many lanes it is shown."""

LONGEST_CONTENT = 120


def timeline(scene: Scene) -> dict[str, Any]:
    """Return items, groups, and what was left out because it is too much to show.

    `left_out`: "positions" or "statuses" where there are too many to show any: name parties or
    issues. Reports are told one by one up to the limit; above it they are counted.
    """
    left_out = []
    positions: dict[Pair, list[Span]] = {}
    statuses: dict[str, list[Span]] = {}
    try:
        positions = scene.positions()
    except TooManyError:
        left_out.append("positions")
    try:
        statuses = scene.statuses()
    except TooManyError:
        left_out.append("statuses")
    days = windows.days_in(scene.connection, scene.window, seq=scene.clocks.seq)
    reports: list[Version] = []
    if sum(day.reports for day in days) <= scene.shown.limit:
        reports = windows.newest_in(
            scene.connection, scene.window, seq=scene.clocks.seq, count=scene.shown.limit
        )
    names = _names(scene, positions, statuses, reports)
    items = [*_positions(scene, positions, names), *_statuses(scene, statuses, names)]
    items += _reports(scene, reports, names) if reports else _clusters(days)
    return {"items": items, "groups": _groups(scene, items, names), "left_out": left_out}


def _names(
    scene: Scene,
    positions: dict[Pair, list[Span]],
    statuses: dict[str, list[Span]],
    reports: list[Version],
) -> Names:
    speaking = {party for one in reports for party in groups_of(scene, one.record)}
    speaking |= wording.told_names(one.record for one in reports)[0]
    told = {pair.issue for pair in positions} | statuses.keys()
    return scene.names({pair.party for pair in positions} | speaking, told)


# Positions and statuses


def _positions(scene: Scene, found: dict[Pair, list[Span]], names: Names) -> Iterator[Item]:
    is_one = len({pair.issue for pair in found}) == 1
    for pair, spans in found.items():
        title = names.issue(pair.issue)
        for span in spans:
            run: Any = span.run
            words = contested(words_of(span), span)
            text = words if is_one else f"{title}: {words}"
            yield {
                "id": f"position:{pair.party}:{pair.issue}:{local(run.effect)}",
                "group": pair.party,
                "type": "range",
                "start": local(run.effect),
                "end": local(scene.end_of(run)),
                "content": html(wording.shortened(text, LONGEST_CONTENT)),
                "title": html(_told(f"{names.party(pair.party)} on {title}: {words}", run)),
                "className": _class_of(span),
                "party": pair.party,
                "issue": pair.issue,
                "state": state_of(run),
                "position": None if state_of(run) != "declared" else run.says,
                "contested": span.is_contested,
            }


def _class_of(span: Span) -> str:
    state = state_of(span.run)
    words = ["position", f"state-{state}"]
    words += [f"position-{span.run.says}"] if state == "declared" else []
    words += ["contested"] if span.is_contested else []
    words += ["open"] if span.run.effect_end is None else []
    return " ".join(words)


def _told(text: str, run: Any) -> str:
    since = wording.date_in_words(run.opened_by.occurred)
    if run.lapsed:
        was = wording.position_in_words(run.says)
        return f"{text}. It was {was}, of {since}, until {run.opened_by.until}"
    number = f"{run.reports} report{'s' * (run.reports != 1)}"
    return f"{text}. As of a report of {since}; told by {number}"


def _statuses(scene: Scene, found: dict[str, list[Span]], names: Names) -> Iterator[Item]:
    """Yield what statuses there were: behind all else, where there is one issue."""
    is_one = len(found) == 1
    for issue, spans in found.items():
        for span in spans:
            run: Any = span.run
            words = contested(run.says.replace("_", " "), span)
            text = words if is_one else f"{names.issue(issue)}: {words}"
            yield {
                "id": f"status:{issue}:{local(run.effect)}",
                **({"type": "background"} if is_one else {"type": "range", "group": STATUSES}),
                "start": local(run.effect),
                "end": local(scene.end_of(run)),
                "content": html(wording.shortened(text, LONGEST_CONTENT)),
                "title": html(_told(f"Status of {names.issue(issue)}: {words}", run)),
                "className": f"status status-{run.says}{' contested' * span.is_contested}",
                "issue": issue,
                "status": run.says,
                "contested": span.is_contested,
            }


# Reports


def _reports(scene: Scene, found: list[Version], names: Names) -> Iterator[Item]:
    for version in found:
        record = version.record
        groups = groups_of(scene, record)
        title = wording.title_of(record, names)
        when = wording.date_in_words(record["occurred"])
        for group in groups:
            yield {
                "id": f"report:{record['id']}" + (f":{group}" if len(groups) > 1 else ""),
                "group": group,
                **_when(version),
                "content": html(wording.shortened(title, LONGEST_CONTENT)),
                "title": html(f"{when}. {wording.shortened(title, 1000)}"),
                "className": _class_of_report(record),
                "report": record["id"],
                "occurred": record["occurred"],
                "attribution": record["attribution"],
                "url": scene.root + links.page("reports", record["id"]),
            }


def groups_of(scene: Scene, record: dict[str, Any]) -> list[str]:
    """Return in which groups a report is shown: a statement with each party that made it."""
    if record["type"] == "meeting":
        return [MEETINGS]
    shown = scene.shown.parties
    speaking = [party for party in record["parties"] if not shown or party in shown]
    return speaking[:MOST_SPEAKERS] or [STATEMENTS]


def _class_of_report(record: dict[str, Any]) -> str:
    vague = "" if wording.is_day(record["occurred"]) else " vague"
    return f"report {record['type']} attribution-{record['attribution']}{vague}"


def _when(version: Version) -> Item:
    """Return a point for a day or an instant, the range that it may mean for anything else."""
    occurred = version.record["occurred"]
    if wording.is_day(occurred) and "/" not in occurred:
        return {"type": "point", "start": local(version.earliest)}
    return {"type": "range", "start": local(version.earliest), "end": local(version.latest)}


# Where there are too many of them


def _clusters(days: list[Day]) -> Iterator[Item]:
    """Yield how many reports there were, in the shortest buckets that are not too many."""
    dated = [(dates.to_text(one.day), one.type, one.reports) for one in days]
    for length in (DAY_LONG, MONTH_LONG, YEAR_LONG):
        counts: Counter[tuple[str, str]] = Counter()
        for date, type_, number in dated:
            counts[date[:length], type_] += number
        if len(counts) <= MOST_CLUSTERS:
            break
    for (date, type_), number in counts.items():
        earliest, latest = bounds_of(date)
        text = f"{number} {type_}{'s' * (number != 1)}"
        yield {
            "id": f"cluster:{type_}:{date}",
            "group": MEETINGS if type_ == "meeting" else STATEMENTS,
            "type": "range",
            "start": local(earliest),
            "end": local(latest),
            "content": text,
            "title": f"{text} of {wording.date_in_words(date)}",
            "className": f"cluster {type_}",
            "count": number,
        }


# Groups


def _groups(scene: Scene, items: list[Item], names: Names) -> list[Item]:
    """Return each party that is shown, by name, then what is nobody's."""
    used = {item["group"] for item in items if "group" in item}
    parties = sorted(
        (used | set(scene.shown.parties)) - TITLES.keys(),
        key=lambda party: (names.party(party).casefold(), party),
    )
    rows = [(party, names.party(party), "party") for party in parties]
    rows += [(key, title, title.lower()) for key, title in TITLES.items() if key in used]
    return [
        {"id": key, "content": html(title), "className": kind, "order": place}
        for place, (key, title, kind) in enumerate(rows)
    ]
