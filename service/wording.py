"""What was reported, in plain English: dates as vague as they were given, who said it, how known.

Texts here are plain text. Whoever puts them into HTML or XML has to escape them: see
`service.escaping`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from events.records import Record, holders_of, speakers_of, stances_of
from events.vocabulary import ATTRIBUTIONS, STRENGTH
from projections import catalog
from service.escaping import closed

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

HOW_VAGUE = {"": "", "?": "perhaps ", "~": "about ", "%": "perhaps about "}

ATTRIBUTED = {
    "recorded_act": "recorded act",
    "official_document": "official document",
    "on_record": "on the record",
    "readout": "in a readout",
    "background": "on background",
    "deep_background": "on deep background",
    "leaked_document": "in a leaked document",
    "third_party_claim": "as claimed by a third party",
    "media_report": "in a media report",
    "analyst_coded": "as coded by an analyst",
    "unattributed": "unattributed",
}

MOST_LINES = 20
"""More positions than these are counted, not told, in a text."""

MOST_NAMES = 5
"""More parties than these are counted, not named, in a title."""

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?([?~%]?)")
_TIME = re.compile(r"([0-9-]{10})[Tt]([0-9:]{5})(:[0-9]{2})?(?:\.[0-9]+)?([Zz]|[+-][0-9:]{5})")


class Names(NamedTuple):
    """What parties and issues are called, by id, as known at one point of the log."""

    parties: Mapping[str, str]
    issues: Mapping[str, str]  # their titles

    def party(self, key: str) -> str:
        """Return the name of a party, or its id where it was not known."""
        return self.parties.get(key, key)

    def issue(self, key: str) -> str:
        """Return the title of an issue, or its id where it was not known."""
        return self.issues.get(key, key)


def names_of(
    connection: Connection, parties: Iterable[str], issues: Iterable[str], seq: int
) -> Names:
    """Return what some parties and issues were called at `seq`."""
    versions = catalog.versions_among(connection, "party", set(parties), seq)
    titled = catalog.versions_among(connection, "issue", set(issues), seq)
    return Names(
        {one.record["id"]: closed(one.record["name"]) for one in versions},
        {one.record["id"]: closed(one.record["title"]) for one in titled},
    )


# Dates


@lru_cache(4096)
def date_in_words(occurred: str) -> str:
    """Return a date as vague as it was given: "about October 2024", "14 to 15 December 2025"."""
    begins, slash, ends = occurred.partition("/")
    if not slash:
        return _single(begins)
    if ends == "..":
        return f"from {_single(begins)} on"
    first, last = _single(begins), _single(ends)
    if first == last:
        return first
    tail = last.partition(" ")[2]
    if _is_plain_day(begins) and _is_plain_day(ends) and first.endswith(f" {tail}"):
        first = first.removesuffix(f" {tail}")  # of the same month
    return f"{first} to {last}"


def is_day(occurred: str) -> bool:
    """Tell whether a date is a day, an instant, or an interval of such: nothing vaguer."""
    parts = [part for part in occurred.split("/") if part != ".."]
    return all(_is_plain_day(part) or _TIME.fullmatch(part) for part in parts)


def _is_plain_day(text: str) -> bool:
    return len(text) == 10


def _single(text: str) -> str:
    if found := _DATE.fullmatch(text):
        year, month, day, vague = found.groups()
        named = [str(int(day))] if day else []
        named += [MONTHS[int(month) - 1]] if month else []
        return HOW_VAGUE[vague] + " ".join([*named, year.lstrip("0")])
    timed = _TIME.fullmatch(text)
    assert timed
    day, clock, seconds, zone = timed.groups()
    shown = clock + (seconds if seconds and seconds != ":00" else "")
    return f"{_single(day)}, {shown} UTC{'' if zone in 'Zz' else zone}"


# Reports


def told_names(reports: Iterable[Record]) -> tuple[set[str], set[str]]:
    """Return the parties and issues whose names the words about some reports need."""
    parties: set[str] = set()
    issues: set[str] = set()
    for report in reports:
        parties.update(speakers_of(report)[:MOST_NAMES])
        for stance in islice(stances_of(report), MOST_LINES):
            parties.add(stance.party)
            issues.add(stance.issue)
        issues.update(one["issue"] for one in report.get("statuses", ())[:MOST_LINES])
    return parties, issues


def position_in_words(position: str) -> str:
    """Return a position as people write it."""
    if position == "undeclared":
        return "takes its position back"
    return position.replace("_", " ")


def attribution_in_words(attribution: str) -> str:
    """Return how we know."""
    return ATTRIBUTED[attribution]


def listed(words: list[str], number: int = 0) -> str:
    """Return words as a list in a sentence; of many the first, and how many more there are.

    `number`: how many there are in all, where not all are given.
    """
    number = max(number, len(words))
    if number > MOST_NAMES:
        words = [*words[: MOST_NAMES - 1], f"{number - MOST_NAMES + 1} others"]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def title_of(report: Record, names: Names) -> str:
    """Return who said what, or who met, and how we know, in one line."""
    speakers = speakers_of(report)
    who = listed([names.party(key) for key in speakers[:MOST_NAMES]], len(speakers))
    if report["type"] == "meeting":
        who = f"Meeting of {who}"
    how = attribution_in_words(report["attribution"])
    return squeezed(f"{who}, {how}: {report['summary']}")


def stances_in_words(report: Record, names: Names, most: int = MOST_LINES) -> list[str]:
    """Return the positions that a report tells of, and how strongly they are known, a line each.

    Above `most` of them, the last line says how many more there are.
    """
    weaker = STRENGTH[report["attribution"]]
    lines = []
    for party, issue, strength, position in islice(stances_of(report), most):
        claimed = "" if strength == weaker else f" ({ATTRIBUTED[_named(strength)]})"
        line = f"{names.party(party)} on {names.issue(issue)}: "
        line += position_in_words(position["position"]) + claimed
        if conditions := position.get("conditions"):
            line += f", on condition: {'; '.join(map(closed, conditions))}"
        if until := position.get("until"):
            line += f", until {date_in_words(until)}"
        lines.append(squeezed(line))
    speakers = speakers_of(report)
    number = sum(len(holders_of(one, speakers)) for one in report.get("positions", ()))
    return lines + _and_more(number - most, "position")


def statuses_in_words(report: Record, names: Names, most: int = MOST_LINES) -> list[str]:
    """Return the statuses that a report tells of, a line each, as for positions."""
    told = report.get("statuses", ())
    lines = [
        squeezed(f"{names.issue(one['issue'])}: {one['status'].replace('_', ' ')}")
        for one in told[:most]
    ]
    return lines + _and_more(len(told) - most, "status")


def _and_more(number: int, what: str) -> list[str]:
    plural = f"{what}{'e' * what.endswith('s')}s"
    return [f"and {number} more {what if number == 1 else plural}"] if number > 0 else []


def squeezed(text: str) -> str:
    """Return text in one line."""
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """Return text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _named(strength: int) -> str:
    return ATTRIBUTIONS[len(ATTRIBUTIONS) - strength]
