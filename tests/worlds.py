"""What may happen: generated reports, corrections, retractions and reinstatements.

Few parties, issues and distinct dates, so that ties, overlaps and lapses are common.
"""

from itertools import count
from typing import Any, NamedTuple

from hypothesis import strategies as st

from events.dates import END_OF_TIME, bounds_of
from events.errors import InvalidRecordError
from events.vocabulary import ATTRIBUTIONS, POSITIONS, STATUSES
from service.schemas.records import load
from service.store import Store
from tests import naive
from tests.records import issue, meeting, party, statement, tell

Log = list[tuple[int, dict[str, Any]]]

DATES = (
    # Four that take effect at one instant, and where an offer until that day lapses
    "2020-02-01",
    "2020-02-01~",
    "2020-02-01T23:59:59.999999Z",
    "2020-01/2020-02-01",
    "2020-02-02T00:00:00Z",
    "2020-02-02T01:00:00+01:00",
    # Vague and exact ones that lie around and within one another
    "2019",
    "2020",
    "2020?",
    "2020-02",
    "2020-01-31",
    "2020-02-02%",
    "2020-02-29",
    "2020-12-31",
    "2020-02-01T12:00:00Z",
    "2020-02-02T18:59:59.999999-05:00",
    "2020-02-01/2020-02-02",
    "2019?/2020-02~",
    "2020-02-01T12:00:00Z/2020-02-02",
    "2020-02-01/..",
    "2020/..",
)
DAYS = (
    "2020-02-01",
    "2020-02-01",
    "2020-02-02",
    "2020-02-29",
    "2020-12-31",
    "2090-06-30",
    "9999-12-31",
)
PARTIES = ("eu", "russia", "ukraine")
ISSUES = ("nato", "sanctions")

# What is told first is told most often, and what fails shrinks to it.
dates = st.sampled_from(DATES[:6]) | st.sampled_from(DATES)
issues = st.sampled_from(("nato", "nato", "nato", "sanctions"))
parties = st.sampled_from(("ukraine", "ukraine", "ukraine", "russia", "eu"))
attributions = st.sampled_from(("on_record", "readout", "third_party_claim")) | st.sampled_from(
    ATTRIBUTIONS
)
some_parties = st.lists(parties, min_size=1, max_size=2, unique=True)
utterances = st.sampled_from((None, None, "u-1", "u-2"))
conditions = st.sampled_from(([], ["a ceasefire"], ["a ceasefire", "guarantees"]))
terms = st.just({}) | st.fixed_dictionaries(
    {}, optional={"conditions": conditions, "red_line": st.booleans()}
)
notes = st.sampled_from((None, "The desk rang them."))


@st.composite
def stances(draw: st.DrawFn, *, of_meeting: bool) -> dict[str, Any]:
    """A row of `positions`."""
    said = draw(st.sampled_from(("support", "support", *POSITIONS)))
    row = {"issue": draw(issues), "position": said} | draw(terms)
    if of_meeting or draw(st.booleans()):
        row["party"] = draw(parties)
    if said != "undeclared" and draw(st.booleans()):
        row["until"] = draw(st.sampled_from(DAYS))
    return row


@st.composite
def contents(draw: st.DrawFn, *, of_meeting: bool) -> dict[str, Any]:
    """What a report tells of, as fields that a correction may change one by one."""
    present = draw(some_parties)
    who = {"participants": [{"party": p} for p in present]} if of_meeting else {"parties": present}
    told_statuses = st.builds(dict, issue=issues, status=st.sampled_from(STATUSES[:6]))
    return who | {
        "occurred": draw(dates),
        "attribution": draw(attributions),
        "positions": draw(st.lists(stances(of_meeting=of_meeting), max_size=3)),
        "statuses": draw(st.lists(told_statuses, max_size=2, unique_by=lambda row: row["issue"])),
        "utterance": draw(utterances),
    }


class Report(NamedTuple):
    """Tell of a statement or a meeting."""

    kind: str
    content: dict[str, Any]


class Correct(NamedTuple):
    """Correct a report, by its number, in some of these fields."""

    number: int
    fields: list[str]
    content: dict[str, dict[str, Any]]  # by the kind of report
    note: str | None


class Doubt(NamedTuple):
    """Retract a report, by its number, or reinstate it if it does not stand."""

    number: int
    note: str | None


FIELDS = (
    "occurred",
    "attribution",
    "positions",
    "statuses",
    "utterance",
    "parties",
    "participants",
)
CONTENTS = {"statement": contents(of_meeting=False), "meeting": contents(of_meeting=True)}

reports = st.sampled_from(("statement", "statement", "meeting")).flatmap(
    lambda kind: st.builds(Report, st.just(kind), CONTENTS[kind])
)
numbers = st.integers(0, 3)  # 0: the report told last
fields = st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True)
corrections = st.builds(Correct, numbers, fields, st.fixed_dictionaries(CONTENTS), notes)
doubts = st.builds(Doubt, numbers, notes)
happenings = st.lists(
    st.one_of(reports, reports, reports, corrections, doubts), min_size=4, max_size=16
)

# One party on one issue, again and again: it stays with what it says and changes its terms.
insistence = st.fixed_dictionaries(
    {
        "occurred": st.sampled_from(DATES),
        "attribution": st.sampled_from(("on_record", "readout")),
        "parties": st.just(["ukraine"]),
        "positions": st.fixed_dictionaries(
            {
                "issue": st.just("nato"),
                "position": st.sampled_from(("support", "support", "support", "oppose")),
                "conditions": conditions,
                "red_line": st.booleans(),
                "until": st.none() | st.sampled_from(DAYS),
            }
        ).map(lambda row: [row]),
    }
)
insistent = st.builds(Report, st.just("statement"), insistence)
eventful = st.lists(
    st.one_of(insistent, insistent, insistent, reports, reports, corrections, doubts),
    min_size=8,
    max_size=24,
)

EXAMPLES = count(1)


class World:
    """The parties and issues of one example, which no other example speaks of."""

    def __init__(self) -> None:
        self.name = f"x{next(EXAMPLES)}-"
        self.parties = [self.name + name for name in PARTIES]
        self.issues = [self.name + name for name in ISSUES]
        self.reads: dict[str, dict[str, Any]] = {}  # each report, as it reads by now
        self.retracted: set[str] = set()
        self.numbers = count(1)

    def registrations(self) -> list[dict[str, Any]]:
        """The records that come first."""
        return [*map(party, self.parties), *map(issue, self.issues)]

    def records(self, happenings: list[Any]) -> list[dict[str, Any]]:
        """The records of what happens, without what would be refused."""
        made = (getattr(self, f"_{type(one).__name__.lower()}")(*one) for one in happenings)
        return [record for record in made if record]

    def _report(self, kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
        make = statement if kind == "statement" else meeting
        report = make(self._id("r"), **self._named(content))
        if not is_valid(report):
            return None
        self.reads[report["id"]] = report
        return report

    def _correct(
        self, number: int, fields: list[str], content: Any, note: str | None
    ) -> dict[str, Any] | None:
        report = self._pick(number)
        if report is None or report["id"] in self.retracted:
            return None
        changes = self._named(content[report["type"]])
        changes = {key: value for key, value in changes.items() if key in fields}
        corrected = naive.merged(report, changes)
        if not changes or not is_valid(corrected):
            return None
        self.reads[report["id"]] = corrected
        told = {"report": report["id"], "changes": changes, "reason": "other", "note": note}
        return {"type": "correction", "id": self._id("c")} | told

    def _doubt(self, number: int, note: str | None) -> dict[str, Any] | None:
        report = self._pick(number)
        if report is None:
            return None
        kind = "reinstatement" if report["id"] in self.retracted else "retraction"
        self.retracted ^= {report["id"]}
        told = {"report": report["id"], "reason": "other", "note": note}
        return {"type": kind, "id": self._id("d")} | told

    def _pick(self, number: int) -> dict[str, Any] | None:
        known = list(self.reads.values())
        return known[-1 - number % len(known)] if known else None

    def _id(self, letter: str) -> str:
        return f"{self.name}{letter}{next(self.numbers)}"

    def _named(self, content: dict[str, Any]) -> dict[str, Any]:
        """The same content, of this world's parties and issues."""
        own = {name: self.name + name for name in PARTIES + ISSUES}

        def renamed(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: renamed(inner) for key, inner in value.items()}
            return (
                [renamed(one) for one in value]
                if isinstance(value, list)
                else own.get(value, value)
            )

        return renamed(content)


class Told(NamedTuple):
    """A world, and what the log of a store has of it."""

    world: World
    log: Log

    @property
    def first(self) -> int:
        """The position in the log before all of it."""
        return self.log[0][0] - 1

    @property
    def head(self) -> int:
        """The position in the log of the last of it."""
        return self.log[-1][0]

    def instants(self) -> list[int]:
        """Every instant at which an answer may change, and its neighbours."""
        told = [record.get("changes", record) for _, record in self.log]
        dates = {record["occurred"] for record in told if "occurred" in record}
        dates |= {
            row["until"]
            for record in told
            for row in record.get("positions", ())
            if row.get("until")
        }
        edges = {edge for text in dates for edge in bounds_of(text)} | {END_OF_TIME - 1}
        return sorted({edge + step for edge in edges for step in (-1, 0, 1)} - {END_OF_TIME + 1})


def tell_all(store: Store, happenings: list[Any], before: Told | None = None) -> Told:
    """Let all of it happen, in one batch, in a new world or in one that has a past."""
    world, log = before or (World(), [])
    records = (
        world.records(happenings)
        if before
        else [*world.registrations(), *world.records(happenings)]
    )
    recorded = tell(store, *records)
    return Told(
        world, log + [(one.seq, record) for one, record in zip(recorded, records, strict=True)]
    )


def is_valid(report: dict[str, Any]) -> bool:
    """Whether the report keeps to its schema: no party's position twice, no lapse too soon."""
    try:
        load(report)
    except InvalidRecordError:
        return False
    return True
