"""Whatever is done to a stored event, verify finds it and names it."""

from random import Random

import pytest
from click.testing import CliRunner
from eventsourcing.persistence import OperationalError
from sqlalchemy import select, text

from projections import ledger
from projections.database import connect, writing
from projections.ledger import RewrittenError
from projections.reading import reading
from projections.rebuild import rebuild
from projections.tampering import walk
from service.cli import main
from service.importing import exported
from service.store import Store
from tests.records import correction, issue, party, position, retraction, sent, statement, tell

RECORDS = [
    party("ukraine", aliases=["Kyiv"]),
    issue("nato"),
    *(statement(f"r-{n}", summary=f"No. {n}", positions=[position()]) for n in range(1, 8)),
    correction("r-2", "c-1", venue="Kyiv"),
    retraction("r-3", "x-1"),
]


@pytest.fixture
def told(store, url):
    """The URL of a database with some records, which nobody has open."""
    tell(store, *RECORDS)
    store.close()
    return url


class Intruder:
    """Somebody who can write into the table of stored events as they like."""

    def __init__(self, url):
        self.engine = connect(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        store = Store(url)
        self.table = store.timeline.recorder.events_table_name
        store.close()
        self.id = "rowid" if self.is_sqlite else "notification_id"

    def rows(self):
        columns = "originator_id, originator_version, topic, state"
        with reading(self.engine) as connection:
            query = f"SELECT {self.id}, {columns} FROM {self.table} ORDER BY 1"
            return [tuple(row) for row in connection.execute(text(query))]

    def do(self, statement, **values):
        with writing(self.engine) as connection:
            connection.execute(text(statement.format(table=self.table, id=self.id)), values)


@pytest.fixture
def intruder(told):
    found = Intruder(told)
    yield found
    found.engine.dispose()


def verify(url, *options):
    return CliRunner().invoke(main, ["--database", url, "verify", *options])


def changed(value, place):
    """A value with one byte, or one bit of a number, changed."""
    raw = bytearray(bytes(value))
    raw[place % len(raw)] ^= 1 << (place % 7)
    return bytes(raw)


def test_an_untouched_log_is_proven(told):
    result = verify(told)
    assert result.exit_code == 0, result.output
    assert "as they were stored" in result.stderr


@pytest.mark.parametrize("seed", range(4))
def test_one_changed_byte_of_any_state_is_found_and_its_event_named(told, intruder, seed):
    rows = intruder.rows()
    place = Random(seed).randrange(len(rows))
    key, *_, state = rows[place]
    value = changed(state, Random(seed).randrange(len(state)))
    intruder.do("UPDATE {table} SET state = :state WHERE {id} = :key", state=value, key=key)
    result = verify(told)
    assert result.exit_code == 3, result.output
    said = " ".join(result.stderr.split())
    assert f"no. {key} of the store" in said
    assert f"event {place + 1} of the ledger" in said
    assert "altered" in said


@pytest.mark.parametrize("seed", range(3))
def test_one_changed_byte_of_any_topic_is_found(told, intruder, seed):
    rows = intruder.rows()
    key, _, _, topic, _ = rows[Random(seed).randrange(len(rows))]
    place = Random(seed).randrange(len(topic))
    value = topic[:place] + chr(ord(topic[place]) ^ 1) + topic[place + 1 :]
    intruder.do("UPDATE {table} SET topic = :topic WHERE {id} = :key", topic=value, key=key)
    result = verify(told)
    assert (result.exit_code, f"no. {key} of the store" in " ".join(result.stderr.split())) == (
        3,
        True,
    )


def test_a_changed_version_is_found(told, intruder):
    key = intruder.rows()[5][0]
    intruder.do(
        "UPDATE {table} SET originator_version = originator_version + 7 WHERE {id} = :key", key=key
    )
    result = verify(told)
    assert (result.exit_code, "another one is in its place" in " ".join(result.stderr.split())) == (
        3,
        True,
    )


@pytest.mark.parametrize("how", ["one digit", "capitals", "no id at all"])
def test_a_changed_id_of_an_aggregate_is_found(told, intruder, how):
    key, found, *_ = intruder.rows()[4]
    other = {
        "one digit": lambda one: ("1" if one[0] != "1" else "2") + one[1:],
        "capitals": str.upper,
        "no id at all": lambda one: "z" + one[1:],
    }[how](str(found))
    if not intruder.is_sqlite and how != "one digit":
        with (
            pytest.raises(Exception, match="invalid input syntax")
            if how == "no id at all"
            else (pytest.MonkeyPatch.context())
        ):
            intruder.do(
                "UPDATE {table} SET originator_id = CAST(:other AS uuid) WHERE {id} = :key",
                other=other,
                key=key,
            )
        assert verify(told).exit_code == 0  # PostgreSQL keeps a UUID, not how it was written
        return
    cast = ":other" if intruder.is_sqlite else "CAST(:other AS uuid)"
    intruder.do(
        f"UPDATE {{table}} SET originator_id = {cast} WHERE {{id}} = :key", other=other, key=key
    )
    result = verify(told)
    assert result.exit_code == 3, result.output
    assert f"no. {key} of the store" in " ".join(result.stderr.split())


@pytest.mark.parametrize("place", [0, 6, -1])
def test_a_removed_event_is_found_and_named(told, intruder, place):
    key = intruder.rows()[place][0]
    intruder.do("DELETE FROM {table} WHERE {id} = :key", key=key)
    result = verify(told)
    said = " ".join(result.stderr.split())
    assert (result.exit_code, "missing" in said, f"no. {key} of the store" in said) == (
        3,
        True,
        True,
    )


def test_all_events_removed_are_found(told, intruder):
    intruder.do("DELETE FROM {table}")
    assert verify(told).exit_code == 3


def test_two_swapped_events_are_found(told, intruder):
    rows = intruder.rows()
    one, other = rows[6][0], rows[9][0]
    for key, to in ((one, -1), (other, one), (-1, other)):
        intruder.do("UPDATE {table} SET {id} = :to WHERE {id} = :key", key=key, to=to)
    result = verify(told)
    said = " ".join(result.stderr.split())
    assert (result.exit_code, "in its place" in said or "altered" in said) == (3, True)
    assert f"no. {one} of the store" in said


@pytest.mark.parametrize("where", ["in the middle", "before the first", "below zero"])
def test_an_inserted_event_is_found(told, intruder, where):
    rows = intruder.rows()
    at = {"in the middle": rows[5][0], "before the first": 0, "below zero": -3}[where]
    if where == "in the middle":
        for key, *_ in reversed(rows[5:]):
            intruder.do("UPDATE {table} SET {id} = :to WHERE {id} = :key", key=key, to=key + 1)
    _, originator, _, topic, state = rows[6]
    value = ":originator" if intruder.is_sqlite else "CAST(:originator AS uuid)"
    intruder.do(
        f"INSERT INTO {{table}} ({{id}}, originator_id, originator_version, topic, state) "
        f"VALUES (:at, {value}, 99, :topic, :state)",
        at=at,
        originator=str(originator),
        topic=topic,
        state=bytes(state),
    )
    result = verify(told)
    assert result.exit_code == 3, result.output
    assert f"no. {at} of the store" in " ".join(result.stderr.split())


@pytest.mark.parametrize("column", ["chain", "nodes"])
def test_a_row_of_the_ledger_that_was_altered_is_found(told, intruder, column):
    with reading(intruder.engine) as connection:
        row = connection.execute(select(ledger.ledger).where(ledger.ledger.c.leaf == 7)).one()
    value = changed(getattr(row, column), 3)
    intruder.do(f"UPDATE ledger SET {column} = :value WHERE leaf = 7", value=value)
    result = verify(told)
    assert (result.exit_code, "event 8 of the ledger" in " ".join(result.stderr.split())) == (
        3,
        True,
    )


def test_a_row_of_the_ledger_that_was_removed_is_found(told, intruder):
    intruder.do("DELETE FROM ledger WHERE leaf = 7")
    assert verify(told).exit_code == 3


UNREADABLE = {
    "a state that is text": "SET state = CAST(state AS TEXT)",
    "no topic": "SET topic = NULL",
    "a topic that is nothing of ours": "SET topic = 'nowhere:Nothing'",
    "no version": "SET originator_version = NULL",
    "a version that is no number": "SET originator_version = 'x'",
    "a version below zero": "SET originator_version = -1",
    "no id": "SET originator_id = NULL",
}
SQLITE_ONLY = {"a state that is text", "no version", "a version that is no number", "no id"}


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_event_that_cannot_be_read_is_named_and_nothing_is_rebuilt(told, intruder, what):
    if what in SQLITE_ONLY and not intruder.is_sqlite:
        return  # PostgreSQL keeps no such thing
    intruder.do(f"UPDATE {{table}} {UNREADABLE[what]} WHERE {{id}} = :key", key=7)
    for command in (["verify"], ["rebuild"], ["rebuild", "--accept-new-root"]):
        result = CliRunner().invoke(main, ["--database", told, *command])
        assert result.exit_code == 3, (result.output, result.exception)
        assert "no. 7 of the store" in " ".join(result.stderr.split())


@pytest.mark.parametrize("what", sorted(UNREADABLE.keys() - SQLITE_ONLY))
def test_an_event_at_the_end_that_cannot_be_read_is_named_though_no_ledger_has_it(
    told, intruder, what
):
    tell_sql = (
        "INSERT INTO {table} ({id}, originator_id, originator_version, topic, state) "
        "SELECT 1000, originator_id, 99, topic, state FROM {table} WHERE {id} = 7"
    )
    intruder.do(tell_sql)
    intruder.do(f"UPDATE {{table}} {UNREADABLE[what]} WHERE {{id}} = 1000")
    result = verify(told)
    assert result.exit_code == 3, (result.output, result.exception)
    assert "no. 1000 of the store" in " ".join(result.stderr.split())


def test_a_database_in_trouble_is_not_taken_for_tampering(told, open_store, monkeypatch):
    store = open_store(told)

    def fails(*_, **__):
        raise OperationalError("the connection was lost")

    monkeypatch.setattr(store.timeline.recorder, "select_notifications", fails)
    monkeypatch.setattr(store.timeline.recorder, "max_notification_id", fails)
    with reading(store.engine) as connection, pytest.raises(OperationalError):
        walk(connection, store.timeline, 10**6)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET position = 5, seq = 3",
        "UPDATE checkpoint SET position = 1000",
        "INSERT INTO checkpoint (id, position, seq, recorded_at) VALUES (2, 0, 0, 0)",
    ],
)
def test_a_checkpoint_of_the_read_models_that_was_moved_is_no_event_that_was_altered(
    told, intruder, statement
):
    intruder.do(statement)
    result = verify(told)
    assert (result.exit_code, "rows differ" in result.stderr) == (3, True), result.output
    rebuilt = CliRunner().invoke(main, ["--database", told, "rebuild"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert verify(told).exit_code == 0


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ledger SET leaf = 1000 WHERE leaf = 15", "DELETE FROM ledger WHERE leaf = 7"],
)
def test_a_ledger_with_a_gap_is_told_and_can_be_made_anew(told, intruder, statement):
    intruder.do(statement)
    result = verify(told)
    assert (result.exit_code, "its row in the ledger is missing" in result.stderr) == (3, True)
    result = CliRunner().invoke(main, ["--database", told, "rebuild"])
    assert result.exit_code in (0, 3), (
        result.exception
    )  # 0: what is lost is not needed for the root
    rebuilt = CliRunner().invoke(main, ["--database", told, "rebuild", "--accept-new-root"])
    assert (rebuilt.exit_code, verify(told).exit_code) == (0, 0), rebuilt.output


def test_a_position_in_the_ledger_that_is_no_number_is_told(told, intruder):
    if intruder.is_sqlite:  # PostgreSQL keeps no such thing
        intruder.do("UPDATE ledger SET position = 'x' WHERE leaf = 7")
        result = verify(told)
        assert (result.exit_code, "event 8 of the ledger" in " ".join(result.stderr.split())) == (
            3,
            True,
        )


def tamper(intruder):
    """Alter a summary so that every event can still be read."""
    key, *_, state = next(row for row in intruder.rows() if b"No. 4" in bytes(row[-1]))
    value = bytes(state).replace(b"No. 4", b"No. 5")
    intruder.do("UPDATE {table} SET state = :state WHERE {id} = :key", state=value, key=key)


@pytest.mark.parametrize("names", [(), ("ledger",), ("reports",), ("catalog", "statuses")])
def test_a_rebuild_does_not_launder_what_was_altered(told, intruder, names):
    tamper(intruder)
    result = CliRunner().invoke(main, ["--database", told, "rebuild", *names])
    assert (result.exit_code, "nothing was rebuilt" in result.stderr) == (3, True)
    assert verify(told).exit_code == 3
    with reading(intruder.engine) as connection:
        told = connection.execute(text("SELECT summary FROM reports WHERE id = 'r-4'")).scalar_one()
    assert "No. 4" in told


def test_only_a_checkpoint_kept_elsewhere_shows_that_the_ledger_was_rebuilt(
    told, intruder, tmp_path
):
    kept = tmp_path / "kept.checkpoint"
    assert (
        CliRunner().invoke(main, ["--database", told, "checkpoint", "-o", str(kept)]).exit_code == 0
    )
    assert verify(told, "--checkpoint", str(kept)).exit_code == 0
    tamper(intruder)
    rebuilt = CliRunner().invoke(main, ["--database", told, "rebuild", "--accept-new-root"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert verify(told).exit_code == 0
    result = verify(told, "--checkpoint", str(kept))
    assert (result.exit_code, "does not extend the checkpoint" in result.stderr) == (3, True)


def test_a_rebuild_of_an_untouched_log_gives_the_same_ledger(told, open_store):
    store = open_store(told)
    before = head(store)
    rebuild(store.engine, store.timeline)
    assert head(store) == before


def test_a_ledger_that_was_lost_is_replayed(told, open_store, intruder):
    store = open_store(told)
    before = head(store)
    intruder.do("DELETE FROM ledger")
    rebuild(store.engine, store.timeline, [ledger])
    assert head(store) == before


def test_a_rebuild_that_would_lose_events_is_refused(told, open_store, intruder):
    store = open_store(told)
    intruder.do("DELETE FROM {table} WHERE {id} = :key", key=intruder.rows()[-1][0])
    with pytest.raises(RewrittenError):
        rebuild(store.engine, store.timeline)


def test_records_one_by_one_and_in_a_batch_give_ledgers_that_hold_every_event(new_url, open_store):
    for batches in ([RECORDS], [[record] for record in RECORDS]):
        store = open_store(new_url())
        for batch in batches:
            store.record([sent(record) for record in batch])
        with reading(store.engine) as connection:
            found = walk(connection, store.timeline, store.timeline.head())
            assert found.tampered is None
            assert found.size == ledger.size_of(connection)
            assert found.root == ledger.root_at(connection, found.size)
            assert all(ledger.leaf_of(connection, seq) for seq in range(1, len(RECORDS) + 1))


def test_the_same_stored_bytes_have_the_same_root_on_both_databases(
    store, tmp_path, postgresql, request
):
    tell(store, *RECORDS)
    copy = Store(f"sqlite:///{tmp_path / 'copy.db'}")
    copy.close()
    raw = connect(f"sqlite:///{tmp_path / 'copy.db'}")
    with writing(raw) as connection:
        for event in store.timeline.raw_events(store.timeline.head()):
            length = int.from_bytes(event.raw[24:28], "big")
            connection.execute(
                text("INSERT INTO stored_events VALUES (:id, :version, :topic, :state)"),
                {
                    "id": event.originator_id.hex,
                    "version": event.originator_version,
                    "topic": event.raw[28 : 28 + length].decode(),
                    "state": event.raw[28 + length :],
                },
            )
    raw.dispose()
    copy = Store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert head(copy) == head(store)
    copy.close()


def head(store):
    with reading(store.engine) as connection:
        size = ledger.size_of(connection)
        return size, ledger.root_at(connection, size)


def test_a_restored_export_has_the_same_ledger_on_either_database(
    store, open_store, new_url, tmp_path
):
    for record in [*RECORDS, party("ukraine", aliases=["Kiev", "Ukraina"], codes={"un": "UA"})]:
        store.record([sent(record)])
    file = tmp_path / "export.ndjson"
    file.write_bytes(b"".join(exported(store)))
    for url in (new_url(), f"sqlite:///{tmp_path / 'restored.db'}"):
        words = ["--database", url, "import", "--keep-recorded-at", str(file)]
        assert CliRunner().invoke(main, words).exit_code == 0
        assert head(open_store(url)) == head(store)
