"""Importing files of records, a batch at a time, and writing the whole log back out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from events.batch import Batch, Outcome, Sent
from events.dates import to_text
from events.errors import BatchRefusedError, RefusedError
from events.records import Record
from service import lines
from service.following import entries_after
from service.identity import LineKeys
from service.ndjson import encode, without
from service.store import Store

BATCH_LINES = 500
BATCH_BYTES = 2_000_000

One = TypeVar("One")


class OnError(StrEnum):
    """What to do about a bad line."""

    STOP = "stop"  # keep the whole batches before it
    SKIP = "skip"  # leave it out, and go on


class BadLine(NamedTuple):
    """A line that was refused, and why."""

    file: str
    number: int
    error: RefusedError
    origin: lines.Origin | None = None

    def faults(self) -> Iterator[str]:
        """Yield each thing wrong, with where it is."""
        faults = self.error.faults
        places = [(self.number, fault.field) for fault in faults]
        if self.origin:
            places = self.origin.places(faults)
        for (number, name), fault in zip(places, faults, strict=True):
            field = f"{name}: " if name else ""
            yield f"{self.file}:{number}: {field}{fault.message}"


class StoppedError(Exception):
    """The import met bad lines, and stopped at their batch."""

    def __init__(self, bad: list[BadLine]) -> None:
        super().__init__(f"{len(bad)} bad lines")
        self.bad = bad


@dataclass
class Tally:
    """What an import did."""

    recorded: int = 0
    unchanged: int = 0
    dropped: int = 0  # recorded times that were not kept
    skipped: list[BadLine] = field(default_factory=list)


@dataclass
class Import:
    """One run of an import."""

    store: Store
    on_error: OnError = OnError.STOP
    keep_recorded_at: bool = False
    dry_run: bool = False
    progress: Callable[[int], None] = lambda _: None  # told the bytes read
    tried: Callable[[Record], None] = lambda _: None  # told what a dry run would record
    tally: Tally = field(default_factory=Tally)
    _trial: Batch | None = None

    def file(self, name: str, content: Iterable[bytes]) -> None:
        """Import one file. Raises StoppedError."""
        keys = LineKeys()
        for batch in _batches((one, len(one[1])) for one in lines.numbered(content)):
            read = [self._read(number, text, keys) for number, text in batch]
            self._take(name, read)
            self.progress(sum(len(text) + 1 for _, text in batch))

    def made(self, name: str, made: Iterable[lines.Line]) -> None:
        """Import what was made of another kind of file. Raises StoppedError."""
        for batch in _batches((one, _size(one)) for one in made):
            self._take(name, batch)

    def _read(self, number: int, text: bytes, keys: LineKeys) -> lines.Line:
        opened = lines.opened_as_kept if self.keep_recorded_at else self._opened
        return lines.read(number, text, opened, keys.id_of)

    def _opened(self, data: Any) -> tuple[Any, str, None]:
        if isinstance(data, dict) and not data.keys().isdisjoint(lines.SET_BY_THE_LOG):
            self.tally.dropped += 1
            data = without(data, *lines.SET_BY_THE_LOG)
        return data, lines.BY_DEFAULT, None

    def _take(self, name: str, read: list[lines.Line]) -> None:
        bad = [BadLine(name, line.number, line.error, line.origin) for line in read if line.error]
        good = [line for line in read if line.sent]
        if bad and self._stops:
            raise StoppedError(self._all_bad(name, bad, good))
        while good:
            outcomes, refused = self._record([line.sent for line in good if line.sent])
            bad += _bad(name, good, refused)
            if bad and self._stops:
                raise StoppedError(bad)
            new = sum(outcome.is_new for outcome in outcomes)
            self.tally.recorded += new
            self.tally.unchanged += len(outcomes) - new
            if self.dry_run:
                self._tell(good, refused)
            again = bool(refused) and not self.dry_run
            good = [line for place, line in enumerate(good) if again and place not in refused]
        self.tally.skipped += sorted(bad, key=lambda one: one.number)

    @property
    def _stops(self) -> bool:
        """A dry run stops nowhere: it checks every line."""
        return self.on_error is OnError.STOP and not self.dry_run

    def _all_bad(self, name: str, bad: list[BadLine], good: list[lines.Line]) -> list[BadLine]:
        """Name the other bad lines of the batch too, so that one round of mending is enough."""
        _, refused = self.store.try_out([line.sent for line in good if line.sent])
        return sorted([*bad, *_bad(name, good, refused)], key=lambda one: one.number)

    def _tell(self, good: list[lines.Line], refused: dict[int, RefusedError]) -> None:
        for place, line in enumerate(good):
            if line.sent and place not in refused:
                self.tried(line.sent.record)

    def _record(self, sent: list[Sent]) -> tuple[list[Outcome], dict[int, RefusedError]]:
        """Record all of them, or none. Returns what became of them, and the refused by place."""
        if self.dry_run:
            if self._trial is None:
                self._trial = self.store.trial(keep_recorded_at=self.keep_recorded_at)
            return self.store.try_out(sent, self._trial)
        try:
            return [one.outcome for one in self.store.record(sent)], {}
        except BatchRefusedError as error:
            return [], error.refused


def _bad(name: str, good: list[lines.Line], refused: dict[int, RefusedError]) -> Iterator[BadLine]:
    for place, why in refused.items():
        yield BadLine(name, good[place].number, why, good[place].origin)


def _size(line: lines.Line) -> int:
    return len(encode(line.sent.record)) if line.sent else 0


def _batches(sized: Iterable[tuple[One, int]]) -> Iterator[list[One]]:
    batch: list[One] = []
    size = 0
    for one, length in sized:
        batch.append(one)
        size += length
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def exported(store: Store, seq: int | None = None) -> Iterator[bytes]:
    """Yield every record in log order, up to `seq`, a line each, with when it was recorded.

    And by whom, unless it was from the command line, as an import is.
    """
    stop = store.catch_up().position
    with store.reading() as (connection, _):
        for entry in entries_after(connection, store.timeline, 0, stop):
            if seq is not None and entry.seq > seq:
                return
            by = {} if entry.recorded_by == lines.BY_DEFAULT else {"recorded_by": entry.recorded_by}
            told = {"recorded_at": to_text(entry.recorded_at)} | by
            yield encode(entry.record | told) + b"\n"
