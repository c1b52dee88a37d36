"""The records to measure with: the UN's roll calls, and generated sets."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from events.records import Record, stances_of
from events.vocabulary import ATTRIBUTIONS, POSITIONS, STATUSES

HERE = Path(__file__).parent
DATA = HERE / "data"
SIZES = {"10k": 10_000, "100k": 100_000, "all": None}
TITLES = {"un": "roll calls of the UN", "generated": "generated roll calls"}
REPORTS = ("statement", "meeting")
PARTIES, ISSUES = 200, 50


class Records(NamedTuple):
    """A file of records, and what is in it."""

    file: Path
    reports: int
    positions: int


def votes(folder: Path) -> Path:
    """Return a file with the UN's roll calls, or with generated ones where `folder` has none.

    Written the first time.
    """
    is_given = (folder / "un_votes.csv.gz").exists()
    file = DATA / f"{'un' if is_given else 'generated'}.ndjson"
    if not file.exists():
        DATA.mkdir(exist_ok=True)
        unfinished = file.with_suffix(".part")
        if is_given:
            with unfinished.open("w") as out:
                command = [sys.executable, str(HERE / "un_votes.py"), str(folder)]
                subprocess.run(command, stdout=out, check=True)
        else:
            written(roll_calls(), unfinished)
        unfinished.rename(file)
    return file


def first_of(file: Path, positions: int | None, into: Path) -> Records:
    """Write the first records of a file, up to so many positions. None: all of them."""
    with file.open() as lines:
        return written((json.loads(line) for line in lines), into, most=positions)


def written(records: Iterable[Record], into: Path, most: int | None = None) -> Records:
    """Write records to a file, one a line, until there are `most` positions in it."""
    reports = positions = 0
    with into.open("w") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            if record["type"] in REPORTS:
                reports += 1
                positions += sum(1 for _ in stances_of(record))
            if most is not None and positions >= most:
                break
    return Records(into, reports, positions)


def catalog(parties: int = PARTIES, issues: int = ISSUES) -> Iterator[Record]:
    """Yield parties and issues."""
    for n in range(parties):
        yield {"type": "party", "id": f"party-{n}", "name": f"Party {n}", "kind": "state"}
    for n in range(issues):
        title = f"Issue {n}"
        text = f"There should be {title}"
        yield {"type": "issue", "id": f"issue-{n}", "title": title, "proposition": text}


def roll_calls(count: int = 6200) -> Iterator[Record]:
    """Yield parties and issues, then roll calls of much the same shape as the UN's.

    Over 74 years, by 55 parties at first and 193 at last, three in five on two issues.
    """
    rng = Random(4)
    yield from catalog(parties=193, issues=7)
    for number in range(count):
        here = rng.sample(range(55 + number * 139 // count), int(50 + number * 125 / count))
        issues = rng.sample(range(7), 2 if rng.random() < 0.6 else 1)
        cast = [(f"party-{n}", rng.choices(POSITIONS[:5:2], (8, 1, 1))[0]) for n in here]
        yield {
            "type": "meeting",
            "id": f"call-{number}",
            "occurred": (date(1946, 1, 1) + timedelta(number * 27_000 // count)).isoformat(),
            "participants": [{"party": party} for party, _ in cast],
            "summary": f"Roll call {number}, on a resolution that had been tabled before it.",
            "attribution": "recorded_act",
            "positions": [
                {"issue": f"issue-{issue}", "party": party, "position": position}
                for issue in issues
                for party, position in cast
            ],
            "sources": [{"publisher": "UN General Assembly"}],
        }


def report(number: int, on: date, rng: Random, **more: Any) -> Record:
    """Return a statement with one position, as `more` may say otherwise."""
    position = {"issue": f"issue-{rng.randrange(ISSUES)}", "position": rng.choice(POSITIONS[:5])}
    return {
        "type": "statement",
        "id": f"report-{number}",
        "occurred": on.isoformat(),
        "parties": [f"party-{rng.randrange(PARTIES)}"],
        "summary": f"Statement {number} on a matter of which there have been others before it.",
        "attribution": "on_record",
        "positions": [position],
        "sources": [{"publisher": f"Agency {rng.randrange(20)}"}],
    } | more


def one_by_one(count: int) -> Iterator[Record]:
    """Yield parties and issues, then statements with one position each, a few a day."""
    rng = Random(1)
    yield from catalog()
    for number in range(count):
        yield report(number, date(1990, 1, 1) + timedelta(number // 4), rng)


def desk(per_pair: int = 10) -> Iterator[Record]:
    """Yield 200 parties and 50 issues, and statements: for each pair, `per_pair` on average.

    By one to eight parties, on one or two issues, of every attribution, one in ten with a
    status, one in fifty retracted.
    """
    rng = Random(2)
    yield from catalog()
    told = number = 0
    while told < PARTIES * ISSUES * per_pair:
        parties = [f"party-{n}" for n in rng.sample(range(PARTIES), rng.randint(1, 8))]
        issues = [f"issue-{n}" for n in rng.sample(range(ISSUES), rng.randint(1, 2))]
        told += len(parties) * len(issues)
        positions = [{"issue": one, "position": rng.choice(POSITIONS)} for one in issues]
        statuses = [{"issue": issues[0], "status": rng.choice(STATUSES)}]
        yield report(
            number,
            date(1990, 1, 1) + timedelta(rng.randrange(12_000)),
            rng,
            parties=parties,
            attribution=rng.choice(ATTRIBUTIONS),
            positions=positions,
            statuses=statuses if number % 10 == 0 else [],
        )
        if number % 50 == 49:
            yield {"type": "retraction", "report": f"report-{number - 20}", "reason": "duplicate"}
        number += 1
