"""Measure the question: one worker, eight connections, and the same asked of its peers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from bench import load, peers
from bench.load import WARM_UP, Load
from bench.servers import got
from bench.subject import Asked, Subject
from bench.tables import Row, ratios

ROUNDS = 3
CONNECTIONS = 8
REPEATED = 50
EMPTY = "empty view"
TRIED = 50
"""Questions that all have to answer alike before they are measured."""
MOST_PER_SECOND = 8_000
"""Questions made ready for each second; a peer that answers more of them ends early."""

Path_ = Callable[[Asked], str]
Ask = Callable[[int, float], Load]
"""Asks in a round, for so many seconds."""


def in_rounds(asks: Mapping[str, Ask], seconds: float) -> dict[str, Load]:
    """Ask in turns, so that noise meets all of them. Returns the median of the rounds of each."""
    rounds: dict[str, list[Load]] = {name: [] for name in asks}
    for number in range(ROUNDS):
        for name in list(asks)[:: -1 if number % 2 else 1]:
            rounds[name].append(asks[name](number, seconds / ROUNDS))
    return {name: load.middle(some) for name, some in rounds.items()}


def ours_path(asked: Asked) -> str:
    """Return where Stancelog answers a question."""
    return f"/v1/parties/{asked.party}/positions/{asked.issue}?as_of={asked.day}"


def question(engine: str, size: str, url: str, seconds: float) -> list[Row]:
    """Measure the question beside its peers: asked once each, then over and over."""
    subject = Subject.of(url)

    def raw(asked: Asked) -> str:
        # Nothing is left for a peer to look up, or to read a date from.
        return (
            f"party={asked.party}&issue={asked.issue}&as_of={asked.as_of}"
            f"&day={asked.day}&seq={subject.seq}"
        )

    rows: list[Row] = []
    with ExitStack() as stack:
        targets: dict[str, tuple[int, Path_]] = {
            "Stancelog": (stack.enter_context(peers.ours(url)), ours_path),
            EMPTY: (
                stack.enter_context(peers.served("empty")),
                lambda asked: f"/empty?{raw(asked)}",
            ),
            "hand-written view": (
                stack.enter_context(peers.served("hand_written", url)),
                lambda asked: f"/position?{raw(asked)}",
            ),
        }
        if engine == "sqlite" and peers.has_datasette():
            stem = Path(url).stem
            targets["Datasette"] = (
                stack.enter_context(peers.datasette(url)),
                lambda asked: f"/{stem}/position.json?_shape=array&{raw(asked)}",
            )
        _must_agree(targets, list(islice(subject.questions(seed=0), TRIED)))
        for repeated in (False, True):
            questions = _rounds_of(subject, seconds, repeated=repeated)
            found = in_rounds(
                {
                    name: _asking(port, path, questions, repeated=repeated)
                    for name, (port, path) in targets.items()
                },
                seconds,
            )
            rows += _rows(found, engine, size, "repeated" if repeated else "new")
    return rows


def growth(engine: str, urls: Mapping[str, str], seconds: float) -> list[Row]:
    """Measure the question at every size in turns, with one connection."""
    with ExitStack() as stack:
        asks: dict[str, Ask] = {}
        for size, url in urls.items():
            port = stack.enter_context(peers.ours(url))
            questions = _rounds_of(Subject.of(url), seconds, repeated=False)
            asks[size] = _asking(port, ours_path, questions, repeated=False, connections=1)
        found = {
            size: {"p50 ms": one.p50_ms, "p99 ms": one.p99_ms}
            for size, one in in_rounds(asks, seconds).items()
        }
    first = next(iter(urls))
    rows = [
        Row(
            "growth", engine, size, "new questions", figures, ratios(figures, {first: found[first]})
        )
        for size, figures in found.items()
    ]
    rows[0].ratios = {}
    return rows


def _must_agree(targets: Mapping[str, tuple[int, Path_]], questions: Sequence[Asked]) -> None:
    """End the run unless all who answer give the same positions."""
    for asked in questions:
        told = {name: got(port, path(asked)) for name, (port, path) in targets.items()}
        told.pop(EMPTY)
        rows = {
            name: one[0] if isinstance(one, list) and one else one for name, one in told.items()
        }
        said = {
            name: row.get("position", row.get("says")) if row else None
            for name, row in rows.items()
        }
        if len(set(said.values())) > 1:
            raise SystemExit(f"{asked}: they do not agree: {said}")


def _rounds_of(subject: Subject, seconds: float, *, repeated: bool) -> list[list[Asked]]:
    """Return the questions of each round: others each time, or the same few."""
    questions = subject.questions(seed=1)
    if repeated:
        return [list(islice(questions, REPEATED))] * ROUNDS
    count = int((seconds / ROUNDS + WARM_UP) * MOST_PER_SECOND)
    return [list(islice(questions, count)) for _ in range(ROUNDS)]


def _asking(
    port: int,
    path: Path_,
    questions: Sequence[Sequence[Asked]],
    *,
    repeated: bool,
    connections: int = CONNECTIONS,
) -> Ask:
    def ask(number: int, seconds: float) -> Load:
        paths = [path(asked) for asked in questions[number]]
        return load.ask(port, paths, connections=connections, seconds=seconds, repeated=repeated)

    return ask


def _rows(found: Mapping[str, Load], engine: str, size: str, which: str) -> list[Row]:
    figures = {
        name: {
            "requests/s": one.per_second,
            "p50 ms": one.p50_ms,
            "p99 ms": one.p99_ms,
            "generator busy": one.generator,
        }
        for name, one in found.items()
    }
    beside = ratios(figures["Stancelog"], {k: v for k, v in figures.items() if k != "Stancelog"})
    return [
        Row(
            "question",
            engine,
            size,
            f"{name}, {which}",
            numbers,
            beside if name == "Stancelog" else {},
        )
        for name, numbers in figures.items()
    ]
