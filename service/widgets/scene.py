"""What a widget is asked to show, and the dates in which it is told of it.

Every date goes out as the clock reads in UTC, without a zone: `2024-05-01T00:00:00`. A widget
takes that for local time, and so shows the same date everywhere; it takes a bare date for UTC,
and shows the day before to the Americas.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from events import dates
from events.dates import DAY, END_OF_TIME
from events.vocabulary import STRENGTH
from projections import spans, windows
from projections.positions import Pair
from projections.runs import Run
from projections.spans import Span, TooManyError
from service import wording
from service.clocks import Clocks

MOST_ROWS = 7_000
"""Rows that the positions, or the statuses, of one answer may be made of."""

MOST_SPANS = 2_000
"""Positions, or statuses, that a widget is shown."""

K = TypeVar("K")


class Shown(NamedTuple):
    """What to show."""

    parties: tuple[str, ...]  # ids; empty: every one
    issues: tuple[str, ...]
    first: int | None  # UTC microseconds; None: since ever
    last: int | None
    limit: int  # most reports told one by one
    status_floor: str


class Scene(NamedTuple):
    """What to show, and where to find it."""

    connection: Connection
    clocks: Clocks
    shown: Shown
    root: str  # the address of the server, before paths

    @property
    def end(self) -> int:
        """The last instant that is told of: what goes on is shown until then.

        For what is asked as of now, that of today, so that an answer holds for a day.
        """
        as_of = self.clocks.as_of
        if not self.clocks.is_as_of_now:
            return as_of
        return min(as_of // DAY * DAY + DAY - 1, END_OF_TIME)

    @property
    def window(self) -> windows.Window:
        """The reports to show."""
        parties, issues, first, last, *_ = self.shown
        return windows.Window(first, last, self.clocks.as_of, parties, issues)

    def positions(self) -> dict[Pair, list[Span]]:
        """Return the spans of positions in the window. Raises TooManyError."""
        found = spans.positions_among(
            self.connection,
            parties=self.shown.parties,
            issues=self.shown.issues,
            as_of=self.clocks.as_of,
            seq=self.clocks.seq,
            floor=self.clocks.strength,
            most=MOST_ROWS,
        )
        return self._within(found)

    def statuses(self) -> dict[str, list[Span]]:
        """Return the spans of statuses in the window, by issue. Raises TooManyError."""
        found = spans.statuses_among(
            self.connection,
            issues=self.shown.issues,
            as_of=self.clocks.as_of,
            seq=self.clocks.seq,
            floor=STRENGTH[self.shown.status_floor],
            most=MOST_ROWS,
        )
        return self._within(found)

    def names(self, parties: Iterable[str], issues: Iterable[str]) -> wording.Names:
        """Return what they were called at that point of the log."""
        parties, issues = {*parties, *self.shown.parties}, {*issues, *self.shown.issues}
        return wording.names_of(self.connection, parties, issues, self.clocks.seq)

    def end_of(self, run: Run) -> int:
        """Return until when to show a run, in UTC microseconds."""
        return self.end if run.effect_end is None else run.effect_end

    def _within(self, found: dict[K, list[Span]]) -> dict[K, list[Span]]:
        within = {key: [*filter(self._is_shown, some)] for key, some in found.items()}
        if sum(map(len, within.values())) > MOST_SPANS:
            raise TooManyError
        return {key: some for key, some in within.items() if some}

    def _is_shown(self, span: Span) -> bool:
        first, last = self.shown.first, self.shown.last
        is_late = last is not None and span.run.effect > last
        is_early = first is not None and self.end_of(span.run) < first
        return not is_late and not is_early


def local(micros: int) -> str:
    """Return an instant as the clock reads in UTC, without a zone, to the millisecond."""
    text = dates.to_datetime(micros).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.removesuffix(".000")


def words_of(span: Span) -> str:
    """Return what a span of a position says. What lapsed, or was taken back, says nothing else."""
    run = span.run
    if run.lapsed:
        return "lapsed"
    if run.says == "undeclared":
        return "taken back"
    return wording.position_in_words(run.says)


def state_of(run: Run) -> str:
    """Return the state of a position in a run."""
    if run.lapsed:
        return "lapsed"
    return "undeclared" if run.says == "undeclared" else "declared"


def contested(text: str, span: Span) -> str:
    """Return what a span says, and whether another report as recent says otherwise."""
    return f"{text} (contested)" if span.is_contested else text
