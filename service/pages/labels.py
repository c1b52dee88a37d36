"""How the forms call what a record has: a label for each field, a hint, and words for its terms."""

from typing import NamedTuple

from events import vocabulary
from service.pages.words import ATTRIBUTIONS, POSITIONS, words

Options = tuple[tuple[str, str], ...]
"""Terms, each with the words for it. The term of a default is empty: it is left out."""


class Label(NamedTuple):
    """What a field is called, what helps to fill it in, and how it is filled in."""

    text: str
    hint: str = ""
    kind: str = "line"  # line, area, choice, flag, party or issue
    options: Options = ()
    examples: Options = ()


def _sets_none(attribution: str) -> bool:
    floor = vocabulary.STRENGTH[vocabulary.POSITION_FLOOR]
    return vocabulary.STRENGTH[attribution] < floor


def _spoken(terms: tuple[str, ...]) -> Options:
    return tuple((term, words(term).capitalize()) for term in terms)


def _weighed(attribution: str) -> str:
    told = ATTRIBUTIONS[attribution]
    told = told[0].upper() + told[1:]
    return f"{told}: is shown, and sets no position" if _sets_none(attribution) else told


WHEN_MET = {
    "conditional_support": "would accept it if they are met",
    "conditional_oppose": "would drop or block it if they are met",
    "neutral": "says that it takes no side, or abstains",
}

SIDES: Options = tuple(
    (term, f"{told}: {WHEN_MET[term]}" if term in WHEN_MET else told)
    for term, told in (POSITIONS | {"undeclared": "Takes its position back"}).items()
)

CREDIBILITY: Options = (
    ("", "6: cannot be judged, or not graded"),
    ("1", "1: confirmed by other sources"),
    ("2", "2: probably true"),
    ("3", "3: possibly true"),
    ("4", "4: doubtful"),
    ("5", "5: improbable"),
)

RELIABILITY: Options = (
    ("", "F: cannot be judged, or not graded"),
    ("A", "A: completely reliable"),
    ("B", "B: usually reliable"),
    ("C", "C: fairly reliable"),
    ("D", "D: not usually reliable"),
    ("E", "E: unreliable"),
)

ROW = "ROW"
"""Stands for the place of a row that is still to be added."""

ROLES: Options = (("", "Participant"), *_spoken(vocabulary.ROLES[1:]))

DATES: Options = (
    ("2025-12-14", "a day"),
    ("2025-12", "a month"),
    ("2025", "a year"),
    ("2025-12-14T09:30:00+01:00", "a time, with its offset"),
    ("2025-12?", "possibly"),
    ("2025-12~", "about"),
    ("2025-12%", "possibly about"),
    ("2025-12-14/2025-12-15", "from and to"),
    ("2025-12-14/..", "since"),
)
"""The forms of dates that sources give: contract, section 2."""

ONE_PER_LINE = "One per line."

NAMES = "A name, alias, code or id of a party on record."

LABELS = {
    "occurred": Label("Date", "As precisely as the source gives it.", examples=DATES),
    "parties": Label("Party", NAMES, "party"),
    "speaker.name": Label("Name of who spoke"),
    "speaker.role": Label("Role of who spoke", "Such as: foreign minister."),
    "venue": Label("Where it was said"),
    "place": Label("Place"),
    "mode": Label(
        "How they met", kind="choice", options=(("", "Not told"), *_spoken(vocabulary.MODES))
    ),
    "participants.party": Label("Party", NAMES, "party"),
    "participants.role": Label("Role", kind="choice", options=ROLES),
    "participants.representatives.name": Label("Name"),
    "participants.representatives.role": Label("Role"),
    "agenda": Label("Agenda", ONE_PER_LINE, "area"),
    "summary": Label("Summary", "What was said or done, in a sentence or two.", "area"),
    "quote": Label("Quote", "Word for word.", "area"),
    "attribution": Label(
        "How we know",
        "Strongest first.",
        "choice",
        tuple((term, _weighed(term)) for term in vocabulary.ATTRIBUTIONS),
    ),
    "attribution_phrase": Label(
        "Attribution in the source's words", "Such as: a senior official familiar with the talks."
    ),
    "positions.issue": Label("Issue", "A title or id of an issue on record.", "issue"),
    "positions.party": Label("Whose position", NAMES, "party"),
    "positions.position": Label(
        "Position on the proposition",
        "On conditions: choose the side that is taken if the conditions are met.",
        "choice",
        SIDES,
    ),
    "positions.posture": Label(
        "Posture", kind="choice", options=(("", "Not told"), *_spoken(vocabulary.POSTURES))
    ),
    "positions.conditions": Label("Conditions", ONE_PER_LINE, "area"),
    "positions.summary": Label("This position in a sentence", kind="area"),
    "positions.red_line": Label("It calls this a red line", kind="flag"),
    "positions.until": Label(
        "Lapses after", "The last day on which the offer holds, such as 2026-01-31."
    ),
    "statuses.issue": Label("Issue", "A title or id of an issue on record.", "issue"),
    "statuses.status": Label("Status", kind="choice", options=_spoken(vocabulary.STATUSES)),
    "statuses.note": Label("Note", kind="area"),
    "sources.publisher": Label("Publisher", "Such as: Reuters."),
    "sources.url": Label("Address", "Such as: https://example.org/a."),
    "sources.title": Label("Title"),
    "sources.published_at": Label("Published", "As the date above."),
    "sources.language": Label("Language", "Such as: en."),
    "sources.reliability": Label("Reliability of the source", kind="choice", options=RELIABILITY),
    "credibility": Label("Credibility of what it says", kind="choice", options=CREDIBILITY),
    "utterance": Label(
        "Utterance",
        "A key of your choice that reports of one and the same utterance share, so that five "
        "wordings count as one.",
    ),
    "tags": Label("Tags", ONE_PER_LINE, "area"),
    "id": Label(
        "Id of this report", "Others cite the report by it. Sent twice, a report is recorded once."
    ),
    "reason": Label("Reason", kind="choice"),
    "note": Label("Note", "What was wrong, and how you know.", "area"),
}
"""By the dotted names of the fields, without the places of rows; in the order of the forms."""

GROUPS = {
    "parties": Label("Who said it", "Several parties make it a joint statement."),
    "participants": Label("Who took part"),
    "representatives": Label("Who came for it"),
    "positions": Label(
        "Positions",
        "Where a party stood on the proposition of an issue. Each needs an issue and a position; "
        "leave them empty where the report tells of none.",
    ),
    "statuses": Label(
        "Statuses",
        "How far an issue had come. Each needs an issue and a status; leave them empty where the "
        "report tells of none.",
    ),
    "sources": Label("Sources"),
}

ONE_OF = {
    "parties": "Party",
    "participants": "Participant",
    "representatives": "Representative",
    "positions": "Position",
    "statuses": "Status",
    "sources": "Source",
}

REASONS: dict[str, Options] = {
    "correction": _spoken(vocabulary.CORRECTION_REASONS),
    "retraction": _spoken(vocabulary.RETRACTION_REASONS),
    "reinstatement": _spoken(vocabulary.REINSTATEMENT_REASONS),
}


def _bare(name: str) -> str:
    return ".".join(part for part in name.split(".") if not part.isdigit() and part != ROW)


def label_of(name: str) -> Label:
    """Return the label of a field by its name in a form."""
    return LABELS[_bare(name)]


_ORDER = {
    part: place
    for place, name in reversed(list(enumerate(LABELS)))
    for part in (name, name.partition(".")[0])
}


def order_of(name: str) -> tuple[int, ...]:
    """Return where a field or group comes in a form, to sort by."""
    parts = name.split(".")
    places = [int(part) for part in parts if part.isdigit()]
    return _ORDER.get(parts[0], -1), *(places or [-1]), _ORDER.get(_bare(name), -1)


def called(name: str) -> str:
    """Return what a field or group is called where it stands alone: Position 2, Issue."""
    told: list[str] = []
    parts = name.split(".")
    for place, part in enumerate(parts):
        after = parts[place + 1] if place + 1 < len(parts) else ""
        if part in ONE_OF and after.isdigit():
            told.append(f"{ONE_OF[part]} {int(after) + 1}")
        elif part in GROUPS:
            told.append(GROUPS[part].text)
    bare = _bare(name)
    if bare in LABELS and bare not in GROUPS:
        told.append(LABELS[bare].text)
    return ", ".join(told) or "The record"
