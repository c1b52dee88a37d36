"""Runs: the longest stretches of time over which the answer stays the same.

Positions and statuses follow the same rules. Source: contract, section 3.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile, tee
from typing import Any, Protocol

from events.dates import END_OF_TIME


class Claim(Protocol):
    """What a row must have to be reckoned with: one report's word on one question."""

    effective: int  # UTC microseconds: before this instant we are not sure that it was said
    earliest: int
    says: str  # the position, or the status
    until_end: int | None  # last instant of the day on which the offer lapses
    report: str
    utterance: str | None
    strength: int


@dataclass
class Run:
    """One stretch over which the answer is the same."""

    says: str
    lapsed: bool
    effect: int  # first instant, UTC microseconds
    effect_end: int | None  # first instant of the next run; None while open
    opened_by: Claim  # of a lapse: what lapsed
    latest: Claim  # the row that counts at the end of the run
    evidence: list[Claim] = field(default_factory=list)  # the rows that say so, newest first

    @property
    def reports(self) -> int:
        """How many reports say so."""
        return len({row.report for row in self.evidence})

    @property
    def utterances(self) -> int:
        """How many utterances those reports are of."""
        return len({row.utterance or ("", row.report) for row in self.evidence})


@dataclass
class Answer:
    """What was so at an instant, as far as it was known."""

    run: Run | None = None  # None: nobody reported anything
    previous: Run | None = None
    against: Sequence[Claim] = ()  # rows that may be as recent, and say otherwise
    below_floor: int = 0  # reports that the floor left out


@dataclass
class Change:
    """What was so from an instant on, and was not before."""

    at: int  # UTC microseconds
    before: Run | None  # None: nobody had reported anything
    after: Run
    against: Sequence[Claim]  # as in the answer at that instant
    terms: tuple[Any, Any] | None = None  # within a run: the rows that counted before, and since


TERMS = ("conditions", "red_line", "until")
"""What may change while the position stays the same."""


def answer(rows: Iterable[Claim], as_of: int) -> Answer:
    """Return what was so at `as_of`. `rows`: as for `runs`, all with effect by then."""
    rows, again = tee(rows)
    run, previous = (*islice(runs(rows, as_of), 2), None, None)[:2]
    if run is None:
        return Answer()
    counts = run.latest
    as_recent = takewhile(lambda row: row.effective >= counts.earliest, again)
    against = [row for row in as_recent if row.says != counts.says and row.report != counts.report]
    return Answer(run, previous, against)


def change_at(rows: Iterable[Claim], at: int, terms: Sequence[str] = ()) -> Change | None:
    """Return what changed at the instant `at`, None if nothing did.

    `rows`: as for `runs`, all with effect by then. `terms`: columns whose change within a run
    is told too.
    """
    found = answer(rows, at)
    run = found.run
    if run is None:
        return None
    if run.effect == at:
        return Change(at, found.previous, run, found.against)
    since = run.latest
    if since.effective != at or not terms:
        return None
    before = counting_at(run, at - 1)
    if all(getattr(before, name) == getattr(since, name) for name in terms):
        return None
    return Change(at, run, run, found.against, (before, since))


def counting_at(run: Run, as_of: int) -> Claim:
    """Return the row of a run that counted at an instant within it."""
    return next((row for row in run.evidence if row.effective <= as_of), run.latest)


def runs(rows: Iterable[Claim], as_of: int = END_OF_TIME) -> Iterator[Run]:
    """Yield the runs up to `as_of`, newest first, reading no more rows than it takes.

    `rows`: what is believed of one question at or above the floor, last to take effect
    first; where several take effect at one instant, the first of them is the one that counts.
    """
    run: Run | None = None
    end: int | None = None  # where the stretch of the row that counts ends
    counts: Claim | None = None  # the row that counts at the instant at hand
    for row in rows:
        if counts is not None and row.effective == counts.effective:
            if row.says == counts.says and run is not None:
                run.evidence.append(row)
            continue
        counts, effect = row, row.effective
        if (lapse := _lapse_of(row)) and lapse <= (as_of if end is None else end - 1):
            if run is not None:
                yield run
            yield Run(row.says, True, lapse, end, row, row)
            run, end = None, lapse
        if run is None or run.says != row.says:
            if run is not None:
                yield run
            run = Run(row.says, False, effect, end, row, row)
        run.effect, run.opened_by = effect, row
        run.evidence.append(row)
        end = effect
    if run is not None:
        yield run


def _lapse_of(row: Claim) -> int | None:
    """Return the first instant at which a row's offer no longer holds, if that ever comes."""
    if row.until_end is None or row.until_end >= END_OF_TIME:
        return None
    return row.until_end + 1
