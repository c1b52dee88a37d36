"""Search by brute force: what it finds, and what it counts, word by word.

`log` is the plain list of (seq, record), oldest first; S a position in the log. Nothing is shared
with the service but the reading of dates.
"""

import re
import unicodedata
from collections import Counter

from events.dates import bounds_of
from tests.naive import believed


def plain(text):
    """Without case and accents."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))


def words(text):
    """Runs of letters and digits; each Chinese character is one."""
    return re.findall(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+", plain(text))


def named(report):
    """The parties and the issues that a report names."""
    rows = [*(report.get("positions") or []), *(report.get("statuses") or [])]
    present = report.get("parties") or [one["party"] for one in report["participants"]]
    return {*present, *(row["party"] for row in rows if row.get("party"))}, {
        row["issue"] for row in rows
    }


def texts(report):
    """What is looked in."""
    parties, issues = named(report)
    speaker = report.get("speaker") or {}
    some = [report.get(key) for key in ("summary", "quote", "attribution_phrase", "venue", "place")]
    some += [speaker.get("name"), speaker.get("role")]
    for one in report.get("participants") or []:
        some += [who.get(k) for who in one.get("representatives") or [] for k in ("name", "role")]
    some += [source.get(key) for source in report["sources"] for key in ("publisher", "title")]
    for row in report.get("positions") or []:
        some += [row.get("summary"), *(row.get("conditions") or [])]
    some += [row.get("note") for row in report.get("statuses") or []]
    some += [*(report.get("agenda") or []), *(report.get("tags") or []), *parties, *issues]
    return [words(text) for text in some if text]


def has(report, wanted, *, is_open=False):
    """Whether some text has these words side by side; the last may go on if `is_open`."""
    for text in texts(report):
        for start in range(len(text) - len(wanted) + 1):
            *whole, last = text[start : start + len(wanted)]
            same = last.startswith(wanted[-1]) if is_open else last == wanted[-1]
            if same and whole == wanted[:-1]:
                return True
    return False


def matches(report, asked):
    """Whether a report has every part of a question, a list of (kind, text)."""
    parts = [(kind, words(text)) for kind, text in asked]
    parts = [(kind, wanted) for kind, wanted in parts if wanted]
    return all(
        has(report, wanted, is_open=kind == "plain" and i == len(parts) - 1) != (kind == "not")
        for i, (kind, wanted) in enumerate(parts)
    )


def spelt(asked):
    """The question as it is typed."""
    marks = {"plain": "{}", "quoted": '"{}"', "not": "-{}"}
    return " ".join(marks[kind].format(text) for kind, text in asked)


def years(report):
    """The years that it may be of."""
    earliest, latest = bounds_of(report["occurred"])
    starts = {year: bounds_of(f"{year:04}") for year in range(2015, 2030)}
    return {f"{year}" for year, one in starts.items() if one[0] <= latest and one[1] >= earliest}


def values(report, facet):
    """What a report counts under."""
    parties, issues = named(report)
    return {
        "party": parties,
        "issue": issues,
        "type": {report["type"]},
        "source": {source["publisher"] for source in report["sources"]},
        "year": years(report),
    }[facet]


FACETS = ("party", "issue", "type", "source", "year")


def found(log, S, asked, filters):
    """The reports found, as (effect, place, id), in order."""
    return sorted(
        (bounds_of(report["occurred"])[1], place, report["id"])
        for place, report in believed(log, S)
        if matches(report, asked)
        and all(value in values(report, facet) for facet, value in filters.items())
    )


def counts(log, S, asked, filters):
    """Of each facet how many reports have which value, with the other filters alone."""
    told = {}
    for facet in FACETS:
        others = {name: value for name, value in filters.items() if name != facet}
        ids = {one[2] for one in found(log, S, asked, others)}
        counted = Counter(
            value
            for _, report in believed(log, S)
            if report["id"] in ids
            for value in values(report, facet)
        )
        told[facet] = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return told
