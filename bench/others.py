"""Measure other answers, one after another on one connection, beside an empty view."""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice

from bench import load, peers
from bench.load import WARM_UP, Load
from bench.questions import EMPTY, ROUNDS, Ask, in_rounds
from bench.subject import Asked, Subject
from bench.tables import Row, ratios

MOST_PER_SECOND = 3_000

ANSWERS: dict[str, Callable[[Asked], str]] = {
    "position": lambda a: f"/v1/parties/{a.party}/positions/{a.issue}?as_of={a.day}",
    "issue positions": lambda a: f"/v1/issues/{a.issue}/positions?limit=1000&as_of={a.day}",
    "matrix": lambda a: f"/v1/matrix?as_of={a.day}",
    "history": lambda a: f"/v1/parties/{a.party}/positions/{a.issue}/history?",
    "status": lambda a: f"/v1/issues/{a.issue}/status?as_of={a.day}",
}


def others(engine: str, size: str, url: str, seconds: float, *, group: str = "others") -> list[Row]:
    """Measure each answer with all that is known, and as half of the log had been recorded."""
    subject = Subject.of(url)
    with ExitStack() as stack:
        port = stack.enter_context(peers.ours(url))
        empty = stack.enter_context(peers.served("empty"))
        asks = {EMPTY: _asking(empty, subject, seconds, lambda asked: f"/empty?as_of={asked.day}")}
        for name, path in ANSWERS.items():
            asks[name] = _asking(port, subject, seconds, path)
            asks[f"{name}, known_at"] = _asking(port, subject, seconds, _known_at(path, subject))
        found = in_rounds(asks, seconds)
    figures = {name: {"p50 ms": one.p50_ms, "p99 ms": one.p99_ms} for name, one in found.items()}
    return [
        Row(
            group,
            engine,
            size,
            _named(name, subject),
            numbers,
            {} if name == EMPTY else ratios(numbers, {EMPTY: figures[EMPTY]}),
        )
        for name, numbers in figures.items()
    ]


def _named(name: str, subject: Subject) -> str:
    size = f"{len(subject.parties)} x {len(subject.issues)}"
    return name.replace("matrix", f"matrix {size}")


def _known_at(path: Callable[[Asked], str], subject: Subject) -> Callable[[Asked], str]:
    def known(asked: Asked) -> str:
        whole = path(asked)
        return f"{whole}{'' if whole.endswith('?') else '&'}known_at={subject.half}"

    return known


def _asking(port: int, subject: Subject, seconds: float, path: Callable[[Asked], str]) -> Ask:
    count = int((seconds / ROUNDS + WARM_UP) * MOST_PER_SECOND)

    def ask(number: int, seconds: float) -> Load:
        paths = [path(asked).rstrip("?") for asked in islice(subject.questions(number), count)]
        return load.ask(port, paths, connections=1, seconds=seconds)

    return ask
