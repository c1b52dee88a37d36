"""Several processes at one database lose nothing and record nothing twice."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Any

import pytest

from projections import catalog, log, reports
from projections.reading import reading
from projections.rebuild import rebuild
from service.store import Store
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    statement,
    tell,
)
from tests.tables import rows_of
from tests.writers import Result, meet_at, write

Record = dict[str, Any]
Writers = Callable[[str, list[list[list[Record]]]], list[list[Result]]]

PROCESSES = 8

pytestmark = pytest.mark.uncreated


@pytest.fixture(scope="module")
def processes() -> Iterator[tuple[ProcessPoolExecutor, Barrier]]:
    """Eight processes, each with its own interpreter, and where they wait for one another."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, spawn, meet_at, (barrier,)) as executor:
        yield executor, barrier


@pytest.fixture
def at_once(processes: tuple[ProcessPoolExecutor, Barrier]) -> Writers:
    """A function that lets each process record its own batches, all at once."""
    executor, barrier = processes

    def run(url: str, batches_of: list[list[list[Record]]]) -> list[list[Result]]:
        assert len(batches_of) == PROCESSES
        barrier.reset()  # should one have died in the test before
        waiting = [executor.submit(write, url, batches) for batches in batches_of]
        wait(waiting)
        broken = [error for one in waiting if (error := one.exception())]
        for error in sorted(broken, key=lambda error: isinstance(error, BrokenBarrierError)):
            raise error  # what broke the barrier rather than that it broke
        done = [one.result() for one in waiting]
        assert len({process for process, _ in done}) == PROCESSES
        return [results for _, results in done]

    return run


def check(store: Store, seqs: int) -> None:
    """The log is dense, every read model has all of it, and as a replay would give it."""
    with store.reading() as (connection, head):
        rows = connection.execute(log.log.select().order_by(log.log.c.seq)).all()
        assert head.position == store.timeline.head()
    assert [row.seq for row in rows] == list(range(1, seqs + 1))
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    assert [row.position for row in rows] == sorted({row.position for row in rows})
    live = rows_of(store)
    rebuild(store.engine, store.timeline)
    assert rows_of(store) == live


def test_eight_processes_on_a_fresh_database_record_each_of_their_own_reports_once(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    shared = [party("ukraine"), issue("nato")]
    own = [
        [shared, *([statement(f"r-{p}-{i}", positions=[position()])] for i in range(6))]
        for p in range(PROCESSES)
    ]
    results = at_once(url, own)
    registrations = Counter(result for one in results for result in one[:2])
    assert {("new", 1): 1, ("new", 2): 1}.items() <= registrations.items()
    assert registrations["unchanged", 1] == registrations["unchanged", 2] == PROCESSES - 1
    seqs = [seq for one in results for became, seq in one[2:] if became == "new"]
    assert sorted(seqs) == list(range(3, 3 + PROCESSES * 6))
    for one in results:
        assert [seq for _, seq in one[2:]] == sorted(seq for _, seq in one[2:])
    check(open_store(url), 2 + PROCESSES * 6)


def test_eight_processes_that_record_the_same_record_each_report_once(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    store = open_store(url)
    tell(store, party("ukraine"), issue("nato"))
    batches = [
        [statement("r-0", positions=[position()]), meeting("m-0")],
        [correction("r-0", "c-0", summary="Otherwise."), party("eu", aliases=["Brussels"])],
        [statement("r-1", positions=[position("oppose")], parties=["eu"])],
        [retraction("r-0", "x-0")],
        [reinstatement("r-0", "b-0")],
    ]
    results = at_once(url, [batches] * PROCESSES)
    for outcomes in zip(*results, strict=True):
        assert Counter(became for became, _ in outcomes) == {"new": 1, "unchanged": PROCESSES - 1}
        assert len({seq for _, seq in outcomes}) == 1
    check(store, 2 + 7)


def test_of_eight_processes_that_tell_different_things_under_one_id_one_is_right(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    store = open_store(url)
    tell(store, party("ukraine"))
    own = [[[statement("r-0", summary=f"They said {p}.")]] for p in range(PROCESSES)]
    results = at_once(url, own)
    became = Counter(one[0][0] for one in results)
    assert became == {"new": 1, "content_differs": PROCESSES - 1}
    (winner,) = (p for p, one in enumerate(results) if one[0][0] == "new")
    with store.reading() as (connection, head):
        version = reports.version_of(connection, "r-0", head.seq)
    assert version
    assert version.record["summary"] == f"They said {winner}."
    check(store, 2)


def test_of_eight_processes_that_retract_one_report_under_eight_ids_one_succeeds(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    store = open_store(url)
    tell(store, party("ukraine"), statement("r-0"))
    results = at_once(url, [[[retraction("r-0", f"x-{p}")]] for p in range(PROCESSES)])
    became = Counter(one[0][0] for one in results)
    assert became == {"new": 1, "already_retracted": PROCESSES - 1}
    check(store, 3)


def test_of_eight_processes_that_take_one_alias_one_gets_it(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    own = [[[party(f"p-{p}", aliases=["Kyiv" if p % 2 else "KYIV"])]] for p in range(PROCESSES)]
    results = at_once(url, own)
    assert Counter(one[0][0] for one in results) == {"new": 1, "name_taken": PROCESSES - 1}
    store = open_store(url)
    (winner,) = (p for p, one in enumerate(results) if one[0][0] == "new")
    with reading(store.engine) as connection:
        assert catalog.party_named(connection, "kyiv", 1) == f"p-{winner}"
    check(store, 1)


def test_a_proposition_never_changes_after_a_report_of_another_process_named_the_issue(
    url: str, at_once: Writers, open_store: Callable[[str], Store]
) -> None:
    store = open_store(url)
    rounds = range(5)
    tell(store, party("ukraine"), *(issue(f"i-{n}") for n in rounds))
    revise = [[[issue(f"i-{n}", proposition=f"Version {p}")] for n in rounds] for p in range(4)]
    report = [
        [[statement(f"r-{p}-{n}", positions=[position(issue_id=f"i-{n}")])] for n in rounds]
        for p in range(4)
    ]
    results = at_once(url, [*revise, *report])
    assert {became for one in results[:4] for became, _ in one} <= {"new", "proposition_fixed"}
    assert {became for one in results[4:] for became, _ in one} == {"new"}
    with store.reading() as (connection, head):
        for n in rounds:
            first = min(seq for one in results[4:] for _, seq in one[n : n + 1] if seq)
            meant = {
                version.record["proposition"]
                for seq in range(first, head.seq + 1)
                if (version := catalog.version_of(connection, "issue", f"i-{n}", seq))
            }
            assert len(meant) == 1
    new = sum(became == "new" for one in results for became, _ in one)
    check(store, 1 + len(rounds) + new)
