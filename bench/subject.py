"""What can be asked of a database: its parties, its issues, its dates, its log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from events.dates import end_of_day, to_text
from events.records import Record
from projections.log import log
from projections.positions import position_pairs, positions
from service.store import Store


class Asked(NamedTuple):
    """One question."""

    party: str
    issue: str
    day: str

    @property
    def as_of(self) -> int:
        """The end of the day, in UTC microseconds."""
        return end_of_day(self.day)


@dataclass
class Subject:
    """What can be asked of a database."""

    parties: list[str]
    issues: list[str]
    first: date
    last: date
    seq: int
    half: str  # when half of the reports had been recorded, RFC 3339

    @classmethod
    def of(cls, url: str) -> "Subject":
        """Return what can be asked of the database at `url`, as it is now."""
        store = Store(url)
        with store.reading() as (connection, head):
            parties = sorted(connection.scalars(select(position_pairs.c.party).distinct()))
            issues = sorted(connection.scalars(select(position_pairs.c.issue).distinct()))
            earliest = connection.scalar(select(func.min(positions.c.effective)))
            latest = connection.scalar(select(func.max(positions.c.effective)))
            span = select(func.min(positions.c.seq_from), func.max(positions.c.seq_from))
            middle = sum(connection.execute(span).one()) // 2
            half = connection.scalar(select(log.c.recorded_at).where(log.c.seq == middle))
        store.close()
        return cls(parties, issues, _day(earliest), _day(latest), head.seq, to_text(half))

    def questions(self, seed: int) -> Iterator[Asked]:
        """Yield uniformly random questions for ever, all of them different."""
        rng = Random(seed)
        days = (self.last - self.first).days
        asked: set[tuple[str, str, int]] = set()
        while len(asked) < len(self.parties) * len(self.issues) * days:
            one = rng.choice(self.parties), rng.choice(self.issues), rng.randint(0, days)
            if one not in asked:
                asked.add(one)
                day = date.fromordinal(self.first.toordinal() + one[2])
                yield Asked(one[0], one[1], day.isoformat())


def is_shown(connection: Connection, report: Record) -> bool:
    """Tell whether the rows of a report, with one position of one party, can be read."""
    query = select(positions.c.says).where(
        positions.c.party == report["parties"][0],
        positions.c.issue == report["positions"][0]["issue"],
        positions.c.effective == end_of_day(report["occurred"]),
        positions.c.report == report["id"],
    )
    return connection.execute(query).one_or_none() is not None


def _day(micros: int | None) -> date:
    assert micros is not None
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date()
