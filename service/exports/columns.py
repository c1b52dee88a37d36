"""The columns of every export: what each is called, means, and is made of."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from service.answers import Body


class Kind(StrEnum):
    """What the cells of a column are, for formats that have types."""

    TEXT = "text"
    WHOLE = "whole"  # numbers
    FLAG = "flag"
    INSTANT = "instant"  # RFC 3339, UTC
    LIST = "list"  # of texts


TEXT, WHOLE, FLAG, INSTANT, LIST = Kind


class Column(NamedTuple):
    """One column of an export."""

    name: str
    meaning: str
    of: Callable[[Body], Any]
    kind: Kind = TEXT


class Export(NamedTuple):
    """One kind of export."""

    title: str
    rows: Callable[[Body], Iterable[Body]]  # of one page of the JSON answer
    columns: tuple[Column, ...]


def _list(name: str) -> Callable[[Body], Iterable[Body]]:
    """Return what takes the list of that name from an answer."""
    return lambda answer: answer[name]


def _plain(name: str, meaning: str, kind: Kind = TEXT) -> Column:
    return Column(name, meaning, lambda row: row.get(name), kind)


def _side(side: str, key: str, meaning: str, kind: Kind = TEXT) -> Column:
    return Column(f"{key}_{side}", meaning, lambda row: row[side].get(key), kind)


def _said(side: str) -> Column:
    meaning = f"The position, or the status, {side}; empty where there was none."

    def of(row: Body) -> Any:
        return row[side].get("position") or row[side].get("status")

    return Column(side, meaning, of)


PARTY = _plain("party", "The id of the party; empty for the status of an issue.")
ISSUE = _plain("issue", "The id of the issue.")
STATE = _plain(
    "state", "declared, undeclared (taken back), lapsed, or unreported; for a status: reported."
)
SINCE = _plain("since", "The date, as its source gave it (EDTF), of the report that began it.")
EFFECT = _plain("effect", "The first instant at which it was so, UTC.", INSTANT)
EFFECT_END = _plain(
    "effect_end", "The first instant of what followed, UTC; empty if open.", INSTANT
)
CONTESTED = _plain("contested", "true: another report, as recent, says otherwise.", FLAG)
SEQ = _plain("seq", "The position in the log.", WHOLE)
RECORDED_AT = _plain("recorded_at", "When it was recorded, UTC.", INSTANT)
RECORDED_BY = _plain("recorded_by", "Who recorded it: cli, http, or a name.")
POSITION = _plain(
    "position", "The position on the issue's proposition; empty unless the state is declared."
)
STATUS = _plain("status", "The status of the issue; empty where nothing is on record.")
REPORTS = _plain("reports", "How many reports say so.", WHOLE)
UTTERANCES = _plain("utterances", "How many utterances those are reports of.", WHOLE)


def _evidence(row: Body) -> list[str]:
    return [one["report"] for one in row["evidence"]]


BELOW_FLOOR = _plain("below_floor", "How many reports the floor left out.", WHOLE)
EVIDENCE = Column("evidence", "Ids of the newest reports that say so, at most 20.", _evidence, LIST)
PERMALINK = Column(
    "permalink", "Where the answer is found for ever.", lambda row: row["links"]["permalink"]
)


def _inherited(row: Body) -> list[str]:
    return [f"{one['bloc']} {one['position']}" for one in row.get("inherited", ())]


POSITIONS = Export(
    "positions",
    _list("positions"),
    (
        PARTY,
        ISSUE,
        STATE,
        POSITION,
        SINCE,
        EFFECT,
        CONTESTED,
        _plain("posture", "How it was put: demands, proposes, reaffirms and so on."),
        _plain("conditions", "What it depends on, separated by semicolons.", LIST),
        _plain("red_line", "true: said to be one.", FLAG),
        _plain("until", "The last day on which the offer holds."),
        _plain("summary", "What the report that counts says of it."),
        REPORTS,
        UTTERANCES,
        BELOW_FLOOR,
        EVIDENCE,
        Column(
            "inherited",
            "Only with inherit=1: blocs that it belonged to and their positions. Not its own.",
            _inherited,
            LIST,
        ),
        PERMALINK,
    ),
)

MATRIX = Export(
    "matrix",
    _list("cells"),
    (
        PARTY,
        ISSUE,
        STATE,
        POSITION,
        SINCE,
        CONTESTED,
        Column(
            "inherited",
            "Only with inherit=1: blocs that it belonged to and their positions. Not its own.",
            _inherited,
            LIST,
        ),
    ),
)

TERMS = (
    _side("before", "conditions", "Of terms: the conditions before.", LIST),
    _side("after", "conditions", "Of terms: the conditions from then on.", LIST),
    _side("before", "red_line", "Of terms: whether it was a red line.", FLAG),
    _side("after", "red_line", "Of terms: whether it is one from then on.", FLAG),
    _side("before", "until", "Of terms: the last day of the offer, before."),
    _side("after", "until", "Of terms: the last day of the offer, from then on."),
)

CHANGES = Export(
    "changes",
    _list("changes"),
    (
        _plain("at", "The first instant at which it was so, UTC.", INSTANT),
        _plain("kind", "position, status, or terms (conditions, red line, until)."),
        PARTY,
        ISSUE,
        _side("before", "state", "The state before."),
        _said("before"),
        _side("before", "since", "Since when it had been so."),
        _side("after", "state", "The state from then on."),
        _said("after"),
        _side("after", "since", "The date, as its source gave it, of the report that began it."),
        *TERMS,
        CONTESTED,
        _plain("unusual_transition", "Of a status: true if the step is not a usual one.", FLAG),
        _plain("reports", "Ids of the reports that caused it.", LIST),
        Column(
            "attributions",
            "What those reports count as, in the same order.",
            lambda row: [one["attribution"] for one in row["evidence"]],
            LIST,
        ),
    ),
)


def _who(row: Body) -> list[str]:
    if row["type"] == "statement":
        parties: list[str] = row["parties"]
        return parties
    return [one["party"] for one in row["participants"]]


def _positions(row: Body) -> list[str]:
    who = "+".join(_who(row))
    return [
        f"{one.get('party') or who} {one['issue']} {one['position']}" for one in row["positions"]
    ]


def _speaker(row: Body) -> Any:
    return (row.get("speaker") or {}).get("name")


def _sources(key: str) -> Callable[[Body], list[str]]:
    return lambda row: [one[key] for one in row["sources"] if one[key]]


REPORT_LIST = Export(
    "reports",
    _list("reports"),
    (
        _plain("id", "The report's id."),
        _plain("type", "statement or meeting."),
        _plain("occurred", "When it was said or done, as the source gave it (EDTF)."),
        _plain("earliest", "The first instant that may mean, UTC.", INSTANT),
        _plain("effect", "The last one: from then on it counts, UTC.", INSTANT),
        Column("parties", "Ids of those who spoke or took part.", _who, LIST),
        Column("speaker", "The name of the speaker.", _speaker),
        Column(
            "where", "The venue or the place.", lambda row: row.get("venue") or row.get("place")
        ),
        _plain("summary", "What was said or done."),
        _plain("quote", "In the speaker's own words."),
        _plain("attribution", "How it is attributed."),
        _plain("credibility", "1 (confirmed) to 6 (cannot be judged), Admiralty scale.", WHOLE),
        Column("positions", "party issue position, for each position told of.", _positions, LIST),
        Column(
            "statuses",
            "issue status, for each status told of.",
            lambda row: [f"{one['issue']} {one['status']}" for one in row["statuses"]],
            LIST,
        ),
        Column("publishers", "Who published it.", _sources("publisher"), LIST),
        Column("urls", "Where.", _sources("url"), LIST),
        _plain("utterance", "Shared by reports of one and the same utterance."),
        _plain("tags", "Tags.", LIST),
        _plain(
            "version", "1, and one more with each correction, retraction, reinstatement.", WHOLE
        ),
        SEQ,
        RECORDED_AT,
        RECORDED_BY,
    ),
)

CORRECTIONS = Export(
    "corrections",
    _list("corrections"),
    (
        SEQ,
        RECORDED_AT,
        RECORDED_BY,
        _plain("type", "correction, retraction or reinstatement."),
        _plain("id", "Its own id."),
        _plain("report", "The id of the report that it amends."),
        _plain("reason", "Why."),
        _plain("note", "What its author noted."),
        Column(
            "fields",
            "The fields of the report that it changed.",
            lambda row: [one["field"] for one in row["changes"]],
            LIST,
        ),
        _plain("stands", "Whether the report stood after it.", FLAG),
        _plain("version", "The version of the report that it made.", WHOLE),
    ),
)

POSITION_HISTORY = Export(
    "history of a position",
    _list("segments"),
    (
        STATE,
        POSITION,
        SINCE,
        EFFECT,
        EFFECT_END,
        REPORTS,
        _plain("future", "It begins after now.", FLAG),
    ),
)

UNUSUAL = _plain(
    "unusual_transition", "true: the step from the run before is not a usual one.", FLAG
)

STATUS_HISTORY = Export(
    "history of a status",
    _list("segments"),
    (
        STATE,
        STATUS,
        SINCE,
        EFFECT,
        EFFECT_END,
        REPORTS,
        UNUSUAL,
        _plain("future", "It begins after now.", FLAG),
    ),
)


def _cause(key: str, meaning: str) -> Column:
    return Column(f"cause_{key}", meaning, lambda row: row["cause"][key])


def _revisions(title: str, said: Column) -> Export:
    return Export(
        title,
        _list("revisions"),
        (
            SEQ,
            RECORDED_AT,
            RECORDED_BY,
            STATE,
            said,
            SINCE,
            _cause("type", "The type of the record that changed the answer."),
            _cause("id", "Its id."),
            _cause("report", "The report that it is, or amends."),
            _cause("reason", "Why it amends it."),
            _cause("note", "What its author noted."),
        ),
    )


def _differences(answer: Body) -> Iterable[Body]:
    for kind, name in (("position", "positions"), ("terms", "terms"), ("status", "statuses")):
        for row in answer[name]:
            yield {"kind": kind} | row


def _causes(key: str) -> Callable[[Body], list[Any]]:
    return lambda row: [one.get(key) for one in row["causes"]]


DIFFERENCES = Export(
    "differences",
    _differences,
    (
        _plain("kind", "position, terms (conditions, red line, until) or status."),
        PARTY,
        ISSUE,
        _side("before", "state", "The state at the first moment."),
        _said("before"),
        _side("before", "since", "Since when it had been so."),
        _side("after", "state", "The state at the second moment."),
        _said("after"),
        _side("after", "since", "The date, as its source gave it, of the report that began it."),
        *TERMS,
        Column("causes", "What made the difference, oldest first.", _causes("type"), LIST),
        Column(
            "reports", "The reports that said so, lapsed, or were amended.", _causes("report"), LIST
        ),
        Column("reasons", "Why they were amended.", _causes("reason"), LIST),
    ),
)

STATUSES = Export(
    "statuses",
    _list("statuses"),
    (
        ISSUE,
        STATE,
        STATUS,
        SINCE,
        EFFECT,
        CONTESTED,
        UNUSUAL,
        _plain("note", "What the report that counts notes of it."),
        REPORTS,
        UTTERANCES,
        BELOW_FLOOR,
        EVIDENCE,
        PERMALINK,
    ),
)

TAGS = _plain("tags", "Tags.", LIST)

PARTIES = Export(
    "parties",
    _list("parties"),
    (
        _plain("id", "The party's id."),
        _plain("name", "Its name."),
        _plain("kind", "state, organization, bloc, non_state or person."),
        _plain("aliases", "Other names.", LIST),
        Column(
            "codes",
            "system code, for each code.",
            lambda row: [f"{system} {code}" for system, code in row["codes"].items()],
            LIST,
        ),
        Column(
            "member_of",
            "bloc from/until, for each membership; the days are inclusive, and .. is open.",
            lambda row: [
                f"{one['party']} {one['from'] or '..'}/{one['until'] or '..'}"
                for one in row["member_of"]
            ],
            LIST,
        ),
        SEQ,
        RECORDED_AT,
        RECORDED_BY,
    ),
)

ISSUES = Export(
    "issues",
    _list("issues"),
    (
        _plain("id", "The issue's id."),
        _plain("title", "Its title."),
        _plain("proposition", "What one is for or against."),
        _plain("parent", "The issue that it is part of."),
        _plain("supersedes", "The issue that it takes the place of."),
        TAGS,
        SEQ,
        RECORDED_AT,
        RECORDED_BY,
    ),
)

RECORDS = Export(
    "records",
    _list("records"),
    (
        SEQ,
        _plain("type", "party, issue, statement, meeting, correction and so on."),
        _plain("id", "The record's id."),
        RECORDED_AT,
        RECORDED_BY,
        _plain("record", "The record as it was recorded, as JSON."),
    ),
)

POSITION_REVISIONS = _revisions("revisions of a position", POSITION)
STATUS_REVISIONS = _revisions("revisions of a status", STATUS)

EXPORTS = (
    POSITIONS,
    MATRIX,
    CHANGES,
    REPORT_LIST,
    DIFFERENCES,
    CORRECTIONS,
    POSITION_HISTORY,
    STATUS_HISTORY,
    POSITION_REVISIONS,
    STATUS_REVISIONS,
    STATUSES,
    PARTIES,
    ISSUES,
    RECORDS,
)


def dictionary() -> list[Body]:
    """Return what each column of each export means."""
    return [
        {"export": export.title, "column": column.name, "meaning": column.meaning}
        for export in EXPORTS
        for column in export.columns
    ]
