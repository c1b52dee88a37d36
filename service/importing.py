"""Importing files of records, a batch at a time, and writing the whole log back out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from events.batch import Batch, Sent
from events.dates import to_text
from events.errors import BatchRefusedError, Fault, InvalidRecordError, RefusedError
from projections import log
from projections.log import START
from projections.projector import PAGE
from service import lines
from service.identity import LineKeys
from service.ndjson import decode, encode, without
from service.schemas import records
from service.store import Store

BATCH_LINES = 500
BATCH_BYTES = 2_000_000

RECORDED_BY = "cli"
SET_BY_THE_LOG = ("recorded_at", "recorded_by")


class OnError(StrEnum):
    """What to do about a bad line."""

    STOP = "stop"  # keep the whole batches before it
    SKIP = "skip"  # leave it out, and go on


class BadLine(NamedTuple):
    """A line that was refused, and why."""

    file: str
    number: int
    error: RefusedError


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
    tally: Tally = field(default_factory=Tally)
    _trial: Batch | None = None

    def file(self, name: str, content: Iterable[bytes]) -> None:
        """Import one file. Raises StoppedError."""
        keys = LineKeys()
        for batch in _batches(content):
            read = [self._read(number, text, keys) for number, text in batch]
            self._take(name, read)
            self.progress(sum(len(text) + 1 for _, text in batch))

    def _read(self, number: int, text: bytes, keys: LineKeys) -> lines.Line:
        try:
            data = decode(text)
            recorded_by, recorded_at = RECORDED_BY, None
            if isinstance(data, dict):
                if self.keep_recorded_at:
                    recorded_at = lines.kept_at(data)
                    recorded_by = _kept_by(data)
                elif any(key in data for key in SET_BY_THE_LOG):
                    self.tally.dropped += 1
                data = without(data, *SET_BY_THE_LOG)
            record = lines.identified(records.load(data), keys.id_of)
        except RefusedError as error:
            return lines.Line(number, None, error)
        return lines.Line(number, Sent(record, recorded_by, recorded_at), None)

    def _take(self, name: str, read: list[lines.Line]) -> None:
        bad = [BadLine(name, line.number, line.error) for line in read if line.error]
        good = [line for line in read if line.sent]
        while True:
            if bad and self.on_error is OnError.STOP:
                raise StoppedError(self._all_bad(name, bad, good))
            try:
                self._record([line.sent for line in good if line.sent])
            except BatchRefusedError as error:
                bad += [
                    BadLine(name, good[place].number, why) for place, why in error.refused.items()
                ]
                good = [line for place, line in enumerate(good) if place not in error.refused]
                continue
            self.tally.skipped += sorted(bad, key=lambda one: one.number)
            return

    def _all_bad(self, name: str, bad: list[BadLine], good: list[lines.Line]) -> list[BadLine]:
        """Name the other bad lines of the batch too, so that one round of mending is enough."""
        if not self.dry_run:
            try:
                self.store.try_out([line.sent for line in good if line.sent])
            except BatchRefusedError as error:
                bad = bad + [
                    BadLine(name, good[place].number, why) for place, why in error.refused.items()
                ]
        return sorted(bad, key=lambda one: one.number)

    def _record(self, sent: list[Sent]) -> None:
        if self.dry_run:
            if self._trial is None:
                self._trial = self.store.trial(keep_recorded_at=self.keep_recorded_at)
            outcomes = self.store.try_out(sent, self._trial)
        else:
            outcomes = [one.outcome for one in self.store.record(sent)] if sent else []
        new = sum(outcome.is_new for outcome in outcomes)
        self.tally.recorded += new
        self.tally.unchanged += len(outcomes) - new


def _batches(content: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    size = 0
    for number, text in lines.numbered(content):
        batch.append((number, text))
        size += len(text)
        if len(batch) >= BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _kept_by(data: dict[str, object]) -> str:
    text = data.get("recorded_by")
    if text is None:
        return RECORDED_BY
    if not isinstance(text, str) or not 0 < len(text) <= 200 or not text.isprintable():
        raise InvalidRecordError([Fault("recorded_by", "invalid", "must be short text")])
    return text


def exported(store: Store) -> Iterator[bytes]:
    """Yield every record in log order, a line each, with when it was recorded.

    And by whom, unless it was from the command line, as an import is.
    """
    head = START
    stop = store.catch_up().position
    with store.reading() as (connection, _):
        while events := store.timeline.events_after(head.position, PAGE, stop):
            entries = log.entries_of(connection, events, head)
            for entry in entries:
                by = {} if entry.recorded_by == RECORDED_BY else {"recorded_by": entry.recorded_by}
                told = {"recorded_at": to_text(entry.recorded_at)} | by
                yield encode(entry.record | told) + b"\n"
            head = log.end_of(head, events, entries)
