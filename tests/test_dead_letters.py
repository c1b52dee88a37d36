"""An event that a read model fails on is set aside, and the others go on."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from events.timeline import UnreadableError
from projections import deadletters, ledger, log, positions, projector, statuses
from projections.reading import reading
from projections.rebuild import EventFailsError, rebuild
from projections.verify import differences
from service import following
from service.app import create_app
from service.importing import exported
from service.store import Store
from tests.records import brief, issue, party, position, statement, tell
from tests.tables import rows_of

GARBAGE = b'{"timestamp": 7}'


@pytest.fixture
def poison(monkeypatch):
    """A function that lets a read model fail on a report until it is called without one."""
    original = {module: module._rows_of for module in (positions, statuses)}

    def fail_on(*ids, module=positions):
        def rows_of_(entry, report):
            if entry.record["id"] in ids:
                raise KeyError("what nobody thought of")
            return original[module](entry, report)

        monkeypatch.setattr(module, "_rows_of", rows_of_)

    return fail_on


def letters_of(store):
    with reading(store.engine) as connection:
        return [(one.seq, one.projection, one.record) for one in deadletters.all_of(connection)]


def reports(*numbers):
    return [statement(f"r-{n}", occurred=f"2025-0{n}-01", positions=[position()]) for n in numbers]


@pytest.mark.parametrize("together", [True, False])
def test_the_events_around_one_that_fails_are_applied(store, poison, together):
    tell(store, party("ukraine"), issue("nato"))
    poison("r-3")
    for batch in (
        [reports(1, 2, 3, 4, 5)] if together else [[one] for one in reports(1, 2, 3, 4, 5)]
    ):
        tell(store, *batch)
    assert letters_of(store) == [(5, "positions", "r-3")]
    with reading(store.engine) as connection:
        told = connection.execute(positions.positions.select()).all()
        assert sorted(row.report for row in told) == ["r-1", "r-2", "r-4", "r-5"]
    rows = rows_of(store)
    assert [row["seq"] for row in rows["log"]] == list(range(1, 8))
    assert {row["id"] for row in rows["reports"]} >= {"r-3"}, "other read models have it"


@pytest.mark.parametrize("together", [True, False])
def test_what_the_database_refuses_is_set_aside_too(store, monkeypatch, together):
    original = positions._rows_of

    def rows_of_(entry, report):
        for row in original(entry, report):
            says = None if entry.record["id"] == "r-2" else row[12]
            yield (*row[:12], says, *row[13:])

    tell(store, party("ukraine"), issue("nato"))
    monkeypatch.setattr(positions, "_rows_of", rows_of_)
    for batch in [reports(1, 2, 3)] if together else [[one] for one in reports(1, 2, 3)]:
        tell(store, *batch)
    assert letters_of(store) == [(4, "positions", "r-2")]
    with reading(store.engine) as connection:
        told = connection.execute(positions.positions.select()).all()
        assert sorted(row.report for row in told) == ["r-1", "r-3"]


def test_retrying_gives_what_a_log_without_trouble_gives(store, poison, open_store, new_url):
    later = {"type": "correction", "id": "c-1", "report": "r-2", "reason": "date_error"}
    correction = later | {"changes": {"occurred": "2025-06-01"}}
    tell(store, party("ukraine"), issue("nato"))
    poison("r-2", "c-1")
    tell(store, *reports(1, 2, 3))
    tell(store, correction)
    assert [letter[0] for letter in letters_of(store)] == [4, 6]
    with pytest.raises(EventFailsError, match=r"seq 4 .r-2., no. .* in positions: KeyError"):
        rebuild(store.engine, store.timeline, [positions])
    assert [letter[0] for letter in letters_of(store)] == [4, 6], "what fails again stays aside"
    poison()
    rebuild(store.engine, store.timeline, [positions])
    assert letters_of(store) == []
    assert list(differences(store.engine, store.timeline)) == []
    with reading(store.engine) as connection:
        rows = connection.execute(positions.positions.select()).all()
    assert {(row.report, row.seq_from) for row in rows} == {
        ("r-1", 3),
        ("r-2", 4),
        ("r-3", 5),
        ("r-2", 6),
    }
    assert {row.seq_to for row in rows if row.seq_from == 4} == {6}


def test_readiness_and_every_answer_say_that_something_is_set_aside(url, poison):
    app = create_app(url)
    store, client = app.extensions["stancelog"], app.test_client()
    tell(store, party("ukraine"), issue("nato"))
    assert brief(client) == {"status": "ready", "seq": 2}
    poison("r-1")
    answer = client.post("/v1/reports", json=reports(1)[0])
    assert answer.status_code == 201, "it is recorded, and stays so"
    assert brief(client) == {"status": "degraded", "seq": 3, "set_aside": 1}
    found = client.get("/v1/parties/ukraine/positions/nato")
    assert (found.status_code, found.json["state"]) == (200, "unreported")
    assert found.headers["Stancelog-Set-Aside"] == "1"
    poison()
    rebuild(store.engine, store.timeline)
    assert brief(client) == {"status": "ready", "seq": 3}
    found = client.get("/v1/parties/ukraine/positions/nato")
    assert found.json["state"] == "declared"
    assert "Stancelog-Set-Aside" not in found.headers
    store.close()


def test_stored_bytes_that_are_no_event_keep_their_place_in_the_log(url):
    writer = Store(url, is_followed=True)  # nothing is applied yet
    tell(writer, party("ukraine"), issue("nato"), *reports(1))
    table = writer.timeline.recorder.events_table_name
    with writer.engine.begin() as connection:
        spoil = text(f"UPDATE {table} SET state = :state WHERE topic LIKE '%StatementReported'")
        assert connection.execute(spoil, {"state": GARBAGE}).rowcount == 1
    tell(writer, *reports(2))
    writer.close()
    store = Store(url)
    with store.reading() as (connection, head):
        assert head.seq == 4
        told = connection.execute(positions.positions.select()).all()
        assert [(row.report, row.seq_from) for row in told] == [("r-2", 4)]
        assert log.recorded_at(connection, 3) == log.recorded_at(connection, 2)
    everywhere_else = sorted(one.NAME for one in projector.PROJECTIONS if one is not ledger)
    assert letters_of(store) == [(3, name, None) for name in everywhere_else]
    assert [one.seq for one in following.stretch_after(store, 0, 10).entries] == [1, 2, 4]
    assert [one.seq for one in following.stretch_after(store, 3, 10).entries] == [4]
    with pytest.raises(UnreadableError):
        list(exported(store))
    assert list(differences(store.engine, store.timeline)) == []
    store.close()


def test_trouble_with_the_database_is_no_events_fault(store, monkeypatch):
    tell(store, party("ukraine"), issue("nato"))

    def fails(*_):
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(positions, "_rows_of", fails)
        with pytest.raises(OperationalError):
            tell(store, *reports(1))
    assert letters_of(store) == []
    with store.reading() as (_, head):
        assert head.seq == 3
