"""Read models are made anew beside the live ones, which everybody goes on reading and writing."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from shutil import copyfile
from threading import Event

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import inspect, select, text

import migrations
from projections import deadletters, ledger, positions, projector, reports, statuses
from projections import rebuild as rebuilding
from projections.database import connect, writing
from projections.projector import OtherVersionError, standing_of
from projections.reading import reading
from projections.rebuild import EventFailsError, SupersededError, reached, rebuild
from projections.verify import differences
from service import opening
from service.app import create_app
from service.cli import main
from service.importing import Import
from service.opening import initialise
from service.store import Store
from tests.records import correction, issue, party, position, statement, status, tell
from tests.servers import eventually
from tests.tables import rows_of

MANY = 200
QUESTION = "/v1/parties/ukraine/positions/nato"
GOLDEN = Path(__file__).parent / "golden" / "revision-0002.db"

SPOIL = (
    "UPDATE positions SET says = 'oppose'",
    "UPDATE reports SET summary = 'Spoilt.'",
    "UPDATE statuses SET says = 'rejected'",
)
"""Makes rows such that old ones are told from new ones."""

OLD, NEW = (MANY, MANY, MANY), (0, 0, 0)
"""How many rows of each table are spoilt, before and after."""


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    monkeypatch.setattr(rebuilding, "PORTION", 5_000)


@pytest.fixture
def spoilt(store):
    """A store whose read models are not what its log says."""
    tell(store, party("ukraine"), issue("nato"), *map(report, range(MANY)))
    run(store, *SPOIL)
    return store


def report(number):
    claims = {"positions": [position()], "statuses": [status()]}
    return statement(f"r-{number}", **claims)


def run(store, *statements):
    with store.engine.begin() as connection:
        for one in statements:
            connection.execute(text(one))


def spoilt_in(store):
    """How many of the first rows of each table are spoilt, looked at one after the other."""
    with reading(store.engine) as connection:
        return spoilt_among(connection)


def spoilt_among(connection):
    """The same, as a connection sees it."""
    last = 2 + MANY
    tables = (
        (positions.positions, "says", "oppose"),
        (reports.reports, "summary", "Spoilt."),
        (statuses.statuses, "says", "rejected"),
    )
    found = []
    for table, column, value in tables:
        rows = connection.execute(select(table.c[column]).where(table.c.place <= last)).all()
        assert len(rows) == MANY, f"{table.name} has {len(rows)} rows"
        found.append(sum(row[0] == value for row in rows))
    return tuple(found)


def standing(store):
    with reading(store.engine) as connection:
        return standing_of(connection)


def left_over(store):
    """Tables that nobody reads, and whether a rebuild is on its way."""
    found = inspect(store.engine).get_table_names()  # FTS5 has more, of one virtual table each
    names = [name for name in found if re.search(r"_g\d+$", name)]
    with reading(store.engine) as connection:
        return names, reached(connection) is not None


def assert_whole(store):
    assert list(differences(store.engine, store.timeline)) == []
    assert left_over(store) == ([], False)


def test_readers_see_old_rows_or_new_ones_while_writes_go_on(spoilt, open_store, url):
    seen, written, enough = [], [], Event()
    ours, theirs = open_store(url), open_store(url)

    def read():
        while not enough.is_set():
            seen.append(spoilt_in(ours))

    def write():
        while not enough.is_set():
            name = f"later-{len(written)}"
            tell(theirs, statement(name, positions=[position("neutral")]))
            written.append(name)

    def wait(*_):
        has = len(seen), len(written)
        eventually(lambda: len(seen) > has[0] + 1, "a reading begun since then has ended")
        eventually(lambda: len(written) > has[1], "a write has ended")

    with ThreadPoolExecutor(2) as executor:
        both = [executor.submit(read), executor.submit(write)]
        try:
            rebuild(spoilt.engine, spoilt.timeline, progress=wait)
            assert spoilt_in(spoilt) == NEW
            wait()
        finally:
            enough.set()
        for one in both:
            one.result()
    assert len(written) > 20, "the rebuild took a while"
    assert set(seen) == {OLD, NEW}
    assert seen == sorted(seen, reverse=True), "what is new stays so"
    with reading(spoilt.engine) as connection:
        told = set(connection.scalars(select(positions.positions.c.report)))
    assert told >= set(written)
    assert_whole(spoilt)


def test_who_begins_to_read_during_the_exchange_sees_one_state(
    spoilt, open_store, url, monkeypatch
):
    other, forget = open_store(url), deadletters.forget
    readings = []

    def read():
        with reading(other.engine) as connection:
            return standing_of(connection).generation, spoilt_among(connection)

    def read_meanwhile(*arguments):  # the new tables have the live names, and no other sees it
        readings.append(executor.submit(read))
        eventually(lambda: readings[0].done() or waiting_in(spoilt), "it reads, or waits to")
        forget(*arguments)

    monkeypatch.setattr(deadletters, "forget", read_meanwhile)
    with ThreadPoolExecutor(1) as executor:
        rebuild(spoilt.engine, spoilt.timeline)
    assert readings[0].result() in ((0, OLD), (1, NEW))


def waiting_in(store):
    """How many transactions wait for a lock on a table."""
    if store.engine.dialect.name == "sqlite":
        return 0
    with store.engine.connect() as connection:
        return connection.execute(text(WAITING)).scalar_one()


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL"


class Interrupted(BaseException):
    """What a person at the keyboard does, or a supervisor."""


@pytest.mark.parametrize("at", [1, 7, "the last", "the exchange"])
def test_an_interrupted_rebuild_leaves_no_trace_and_can_be_run_again(spoilt, monkeypatch, at):
    before = rows_of(spoilt), standing(spoilt)
    steps = []

    def interrupt(position, stop):
        steps.append(position)
        if at == len(steps) or (at == "the last" and position == stop):
            raise Interrupted

    def interrupt_too(*_):
        raise Interrupted

    with monkeypatch.context() as patch:
        if at == "the exchange":  # by then the new tables have the live names
            patch.setattr(deadletters, "forget", interrupt_too)
        with pytest.raises(Interrupted):
            rebuild(spoilt.engine, spoilt.timeline, progress=interrupt)
    assert len(steps) > 7 or at == len(steps)
    assert (rows_of(spoilt), standing(spoilt)) == before
    assert spoilt_in(spoilt) == OLD
    assert left_over(spoilt) == ([], False)
    for times in (1, 2):
        rebuild(spoilt.engine, spoilt.timeline)
        assert spoilt_in(spoilt) == NEW
        assert standing(spoilt).generation == times
        assert_whole(spoilt)


KILLED = """
import os, sys
from projections import rebuild
from service.store import Store
store = Store(sys.argv[1], create=False)
rebuild.PORTION = 5_000
steps = []
def die(*_):
    steps.append(1)
    if len(steps) == int(sys.argv[2]):
        os._exit(9)
rebuild.rebuild(store.engine, store.timeline, progress=die)
"""


def test_killed_rebuilds_leave_tables_that_nobody_reads_and_the_next_one_drops(spoilt, url):
    for times in ("1", "7"):
        done = subprocess.run([sys.executable, "-c", KILLED, url, times], check=False)
        assert done.returncode == 9
        names, is_on_its_way = left_over(spoilt)
        assert is_on_its_way
        assert len(names) == len([t for p in projector.PROJECTIONS for t in p.TABLES])
        assert spoilt_in(spoilt) == OLD
        tell(spoilt, statement(f"later-{times}"))
    rebuild(spoilt.engine, spoilt.timeline)
    assert spoilt_in(spoilt) == NEW
    assert_whole(spoilt)


def test_rebuilt_tables_have_the_indexes_and_keys_that_they_had(spoilt):
    def shape():
        found = inspect(spoilt.engine)
        tables = [table.name for one in projector.PROJECTIONS for table in one.TABLES]
        return {
            name: (
                sorted(
                    (tuple(one["column_names"]), bool(one["unique"]))
                    for one in found.get_indexes(name)
                ),
                found.get_pk_constraint(name)["constrained_columns"],
            )
            for name in tables
        }

    before = shape()
    rebuild(spoilt.engine, spoilt.timeline)
    rebuild(spoilt.engine, spoilt.timeline, [positions])
    assert shape() == before


def test_a_rebuild_makes_anew_what_somebody_took_the_checkpoint_of(spoilt):
    rebuild(spoilt.engine, spoilt.timeline)
    run(spoilt, "DELETE FROM checkpoint")
    rebuild(spoilt.engine, spoilt.timeline)
    assert standing(spoilt).generation > 1, "what was answered before is not answered again"
    assert_whole(spoilt)


def test_of_two_rebuilds_the_later_goes_on_and_the_earlier_gives_way(spoilt, open_store, url):
    other = open_store(url)
    generations = []

    def begin_another(*_):
        if not generations:
            rebuild(other.engine, other.timeline)
            generations.append(standing(other).generation)

    with pytest.raises(SupersededError):
        rebuild(spoilt.engine, spoilt.timeline, progress=begin_another)
    assert spoilt_in(spoilt) == NEW
    assert [standing(spoilt).generation] == generations
    assert_whole(spoilt)


@pytest.mark.parametrize("at", ["in between", "at the exchange"])
def test_a_rebuild_that_gives_way_does_not_disturb_the_one_on_its_way(spoilt, open_store, url, at):
    other = open_store(url)
    has_begun, may_go_on, steps = Event(), Event(), []

    def wait_once(*_):
        has_begun.set()
        assert may_go_on.wait(60)

    with ThreadPoolExecutor(1) as executor:

        def begin_another(position, stop):
            if (at == "in between" or position == stop) and not steps:
                steps.append(
                    executor.submit(rebuild, other.engine, other.timeline, progress=wait_once)
                )
                assert has_begun.wait(60)

        try:
            with pytest.raises(SupersededError):
                rebuild(spoilt.engine, spoilt.timeline, progress=begin_another)
            assert left_over(spoilt)[1], "the other one is on its way"
            assert spoilt_in(spoilt) == OLD
        finally:
            may_go_on.set()
        steps[0].result()
    assert spoilt_in(spoilt) == NEW
    assert_whole(spoilt)


def test_one_read_model_is_made_anew_and_the_others_stay_as_they_are(spoilt):
    before = standing(spoilt)
    rebuild(spoilt.engine, spoilt.timeline, [positions])
    assert spoilt_in(spoilt) == (0, MANY, MANY)
    assert standing(spoilt) == before._replace(generation=before.generation + 1)
    tell(spoilt, report("later"), correction("r-later", summary="Otherwise."))
    rebuild(spoilt.engine, spoilt.timeline, [reports, statuses])
    assert spoilt_in(spoilt) == NEW
    assert_whole(spoilt)


def test_one_read_model_gets_no_further_than_the_others_are(spoilt, open_store, url):
    writer = Store(url, is_followed=True)

    def write(*_):
        tell(writer, report(f"later-{len(written)}"))
        written.append(1)

    written = []
    rebuild(spoilt.engine, spoilt.timeline, [positions], write)
    assert len(written) > 7
    writer.close()
    rebuild(spoilt.engine, spoilt.timeline)
    assert_whole(spoilt)


# Versions

OTHER = "UPDATE checkpoint SET versions = replace(versions, 'positions=1', 'positions=0')"


def test_rows_of_another_version_are_neither_read_nor_changed_until_they_are_made_anew(url):
    app = create_app(url)
    store, client = app.extensions["stancelog"], app.test_client()
    tell(store, party("ukraine"), issue("nato"), *map(report, range(MANY)))
    first = client.get(QUESTION)
    etag = {"If-None-Match": first.headers["ETag"]}
    run(store, *SPOIL, OTHER)
    with pytest.raises(OtherVersionError):
        projector.catch_up(store.engine, store.timeline)
    with pytest.raises(OtherVersionError), store.reading():
        pass
    for answer in (
        client.get(QUESTION),
        client.get(QUESTION, headers=etag),
        client.get("/readyz"),
        client.post("/v1/reports", json=report("later")),
    ):
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert answer.headers["Retry-After"].isdigit()
    assert client.get("/healthz").status_code == 200
    initialise(url)
    assert spoilt_in(store) == (0, MANY, MANY), "what is of this version stays"
    assert client.get(QUESTION).json["position"] == "support"
    again = client.post("/v1/reports", json=report("later"))
    assert again.status_code in (200, 201)
    rebuild(store.engine, store.timeline)
    assert_whole(store)
    store.close()


def test_several_processes_that_start_over_outdated_rows_all_serve(spoilt, url):
    run(spoilt, OTHER)
    ask = (
        "import sys; from service.app import create_app; "
        "answer = create_app(sys.argv[1]).test_client().get(sys.argv[2]); "
        "assert answer.json['position'] == 'support', answer.json"
    )
    words = [sys.executable, "-c", ask, url, QUESTION]
    processes = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [one.communicate(timeout=60)[1] for one in processes]
    assert [one.returncode for one in processes] == [0] * 4, said
    rebuild(spoilt.engine, spoilt.timeline)
    assert_whole(spoilt)


def test_a_start_takes_over_the_rebuild_of_a_process_that_died(spoilt, url, monkeypatch):
    died = [sys.executable, "-c", KILLED, url, "7"]
    assert subprocess.run(died, check=False).returncode == 9
    run(spoilt, OTHER)
    monkeypatch.setattr(opening, "PATIENCE", 0.3)
    initialise(url)
    assert spoilt_in(spoilt) == (0, MANY, MANY)
    assert left_over(spoilt) == ([], False)


DATES = ("2025-12-13", "2025-12-20")


def opened(url):
    """What every row and two matrices are at the first start over a database."""
    app = create_app(url)
    store, client = app.extensions["stancelog"], app.test_client()
    assert standing(store).versions == projector.VERSIONS
    assert_whole(store)
    told = [client.get("/v1/matrix", query_string={"as_of": date}).json for date in DATES]
    found = rows_of(store), told, standing(store).generation
    store.close()
    return found


@pytest.fixture
def berlin(url):
    """The URL of a database with the bundled example."""
    store = Store(url)
    with (files("examples") / "berlin.ndjson").open("rb") as lines:
        Import(store, keep_recorded_at=True).file("berlin", lines)
    store.close()
    return url


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_database_of_the_version_before_opens_and_answers_the_same(berlin, tmp_path):
    copy = tmp_path / "golden.db"
    copyfile(GOLDEN, copy)
    *made_anew, generation = opened(f"sqlite:///{copy}")
    assert generation == 1
    *fresh, _ = opened(berlin)
    assert made_anew == fresh
    assert opened(f"sqlite:///{copy}")[-1] == 1, "it is made anew once"
    question = "/v1/parties/ukraine/positions/ukraine-nato-membership"
    app = create_app(f"sqlite:///{copy}")
    client = app.test_client()
    told = [client.get(f"{question}?as_of={date}").json["position"] for date in DATES]
    assert told == ["support", "conditional_oppose"]
    app.extensions["stancelog"].close()


def test_tables_as_the_version_before_had_them_are_upgraded_and_made_anew(berlin):
    *fresh, _ = opened(berlin)
    settings = migrations.config()
    engine = connect(berlin)
    with writing(engine) as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0002")
    engine.dispose()
    assert opened(berlin) == (*fresh, 1)
    assert opened(berlin) == (*fresh, 1), "it is made anew once"


# Events that fail


@pytest.fixture
def poison(monkeypatch):
    """Let a read model fail on a report."""
    original = statuses._rows_of

    def fail(entry, told):
        if entry.record["id"] == "r-7":
            raise KeyError("what nobody thought of")
        return original(entry, told)

    return lambda: monkeypatch.setattr(statuses, "_rows_of", fail)


def test_an_event_that_fails_fails_the_rebuild_by_name_and_nothing_else(spoilt, poison):
    before = rows_of(spoilt), standing(spoilt)
    poison()
    with pytest.raises(EventFailsError, match=r"seq 10 \(r-7\), no. .*, in statuses: KeyError"):
        rebuild(spoilt.engine, spoilt.timeline)
    assert (rows_of(spoilt), standing(spoilt)) == before
    assert left_over(spoilt) == ([], False)
    rebuild(spoilt.engine, spoilt.timeline, [positions])
    assert spoilt_in(spoilt) == (0, MANY, MANY), "what does not fail is made anew"


def test_an_event_that_arrives_last_and_fails_is_named_too(store, poison):
    tell(store, party("ukraine"), issue("nato"), report(1))
    poison()

    def write(position, stop):
        if position == stop:
            tell(store, report(7))

    with pytest.raises(EventFailsError, match=r"seq 4 \(r-7\), no. .*, in statuses: KeyError"):
        rebuild(store.engine, store.timeline, progress=write)
    assert standing(store).generation == 0
    assert standing(store).set_aside == 1
    assert left_over(store) == ([], False)


def test_a_rebuild_refuses_a_ledger_that_is_not_what_it_was_and_goes_on_when_told_to(spoilt):
    before = standing(spoilt)
    table = spoilt.timeline.recorder.events_table_name
    run(spoilt, f"DELETE FROM {table} WHERE topic LIKE '%StatementReported'")
    with pytest.raises(ledger.RewrittenError):
        rebuild(spoilt.engine, spoilt.timeline, [positions])
    assert standing(spoilt) == before
    assert left_over(spoilt) == ([], False)
    rebuild(spoilt.engine, spoilt.timeline, accept_new_root=True)
    assert standing(spoilt).head.seq == 2
    assert_whole(spoilt)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_readers_who_stay_long_delay_the_exchange_and_no_other_reader(spoilt, open_store, url):
    other = open_store(url)
    with ThreadPoolExecutor(1) as executor:
        with reading(other.engine) as slow:
            slow.execute(text("SELECT 1"))
            build = executor.submit(rebuild, spoilt.engine, spoilt.timeline)

            eventually(lambda: waiting_in(spoilt), "the exchange waits for the reader")
            eventually(lambda: not waiting_in(spoilt), "it lets others go first")
            assert spoilt_in(spoilt) == OLD
            assert not build.done()
        build.result(30)
    assert spoilt_in(spoilt) == NEW


def test_older_code_does_not_make_anew_what_newer_code_made_unless_it_is_told_to(spoilt, url):
    store = spoilt
    newer = "UPDATE checkpoint SET versions = replace(versions, 'positions=1', 'positions=2')"
    with store.engine.begin() as connection:
        connection.execute(text(newer))
    with pytest.raises(OtherVersionError, match="newer"):
        initialise(url)
    result = CliRunner().invoke(main, ["--database", url, "init"])
    assert (result.exit_code, "rebuild" in result.stderr) == (4, True)
    assert CliRunner().invoke(main, ["--database", url, "rebuild"]).exit_code == 0
    initialise(url)
    assert standing(store).versions == projector.VERSIONS
