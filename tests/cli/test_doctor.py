"""`stancelog doctor` finds what is wrong with an installation, and says how to mend it."""

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from projections.database import connect, writing
from service.doctor import sqlite
from tests import servers
from tests.records import issue, party, position, statement

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def found(run):
    """A function that runs it. Returns the findings that are not ok, by what they are about."""

    def look(**given):
        result = run("doctor", "--format", "json", **given)
        findings = json.loads(result.stdout)["findings"]
        assert all(one["mend"] for one in findings if one["level"] != "ok")
        assert not any(one["mend"] for one in findings if one["level"] == "ok")
        assert result.exit_code == any(one["level"] == "error" for one in findings)
        wrong = [one for one in findings if one["level"] != "ok"]
        # The server of the tests keeps nothing on a disk, which is told, and is so on purpose.
        wrong = [one for one in wrong if not one["mend"].startswith("ALTER SYSTEM")]
        return {one["about"]: one for one in wrong}

    return look


@pytest.fixture
def desk(run, write):
    """A database with some records, and a function that changes it behind everybody's back."""

    def change(url, *statements):
        engine = connect(url)
        with writing(engine) as connection:
            for one in statements:
                connection.execute(text(one))
        engine.dispose()

    assert (
        run("import", write(party(), issue(), statement("r-1", positions=[position()]))).exit_code
        == 0
    )
    return change


def said(one):
    return f"{one['level']}: {one['what']} → {one['mend']}"


def test_a_sound_installation_has_nothing_wrong(found, run, desk):
    assert found() == {}
    shown = run("doctor").stdout
    assert "they have all that the log has, 3 records" in shown
    assert "who sits at this machine may record" in shown


@pytest.mark.uncreated
def test_a_database_without_tables_is_told_with_the_way_out(found, run, url):
    about = "database" if url.startswith("sqlite") else "tables"
    told = found()
    assert told.keys() == {about}
    assert "stancelog init" in told[about]["mend"]
    assert not Path(url.removeprefix("sqlite:///")).exists(), "looking makes nothing"
    assert run("init").exit_code == 0
    assert found() == {}


def test_a_database_out_of_reach_is_told(found, url):
    if url.startswith("sqlite"):
        assert "mkdir -p /nowhere" in found(database="sqlite:////nowhere/a.db")["database"]["mend"]
        return
    assert "createdb" in found(database=url.replace("/t", "/nowhere_t", 1))["database"]["mend"]
    told = found(database="postgresql://me:secret@127.0.0.1:1/x")["database"]
    assert "start the server" in told["mend"]
    assert "secret" not in said(told)


@pytest.mark.parametrize("revision", ["0003", "9999"])
def test_tables_of_another_revision_are_told(found, desk, url, revision):
    desk(url, f"UPDATE alembic_version SET version_num = '{revision}'")
    told = found()
    assert told.keys() == {"tables"}
    mend = "stancelog init" if revision == "0003" else "or a newer one"
    assert (mend in told["tables"]["mend"], told["tables"]["level"]) == (True, "error")


def test_read_models_that_are_of_other_code_behind_or_ahead_are_told(found, desk, run, url):
    desk(url, "UPDATE checkpoint SET versions = 'log=0'")
    assert "other code (log=0)" in found()["read models"]["what"]
    assert run("init").exit_code == 0
    assert found() == {}
    desk(url, "UPDATE checkpoint SET position = position - 1")
    told = found()
    assert "lack 1 of the events" in told["read models"]["what"]
    assert "ends at no." in told["ledger"]["what"]
    desk(url, "UPDATE checkpoint SET position = position + 7")
    assert "further than the log" in found()["read models"]["what"]


def test_an_event_that_was_set_aside_is_told(found, desk, url):
    desk(
        url,
        "INSERT INTO dead_letters VALUES (3, 'positions', 3, 'a', 1, 'r-1', 'KeyError', 0)",
        "UPDATE checkpoint SET set_aside = 1",
    )
    told = found()["read models"]
    assert told["what"] == "positions is without 1 event that it failed on"
    assert "stancelog retry" in told["mend"]


def test_the_first_event_is_the_end_of_its_ledger(found, run, write):
    assert run("import", write(party())).exit_code == 0
    assert found() == {}


def test_an_event_that_is_not_the_one_in_the_ledger_is_told(found, desk, url):
    table = "stored_events" if url.startswith("sqlite") else "timeline_events"
    desk(
        url,
        f"UPDATE {table} SET originator_version = 7 WHERE originator_version = 1 AND "
        f"{'rowid' if table == 'stored_events' else 'notification_id'} = "
        "(SELECT position FROM checkpoint)",
    )
    assert "is not the one that it has" in found()["ledger"]["what"]


def test_a_record_of_the_future_is_told(found, desk, url):
    desk(url, "UPDATE checkpoint SET recorded_at = recorded_at + 86400000000")
    told = found()
    assert told.keys() == {"clock"}
    assert "in the future" in told["clock"]["what"]


def test_settings_that_mean_nothing_or_make_no_sense_are_told(found, monkeypatch):
    monkeypatch.setenv("STANCELOG_STREAM", "3")
    told = found()["settings"]
    assert "did you mean STANCELOG_STREAMS?" in told["mend"]
    monkeypatch.delenv("STANCELOG_STREAM")
    monkeypatch.setenv("STANCELOG_STREAMS", "many")
    told = found()["settings"]
    assert (told["level"], "STANCELOG_STREAMS is 'many'" in told["what"]) == ("error", True)


def test_an_open_door_is_told(found, run, monkeypatch):
    monkeypatch.setenv("STANCELOG_HOST", "0.0.0.0")
    assert "stancelog token create" in found()["door"]["mend"]
    words = ("token", "create", "--name", "desk", "--scope", "write")
    assert run(*words).exit_code == 0
    assert found() == {}
    assert run("token", "revoke", "desk").exit_code == 0
    assert "no token is valid any more" in found()["door"]["what"]
    monkeypatch.setenv("STANCELOG_WRITES", "off")
    assert found() == {}


def test_a_key_that_others_may_use_or_that_is_none_is_told(found, monkeypatch, tmp_path):
    key = tmp_path / "key.pem"
    monkeypatch.setenv("STANCELOG_SIGNING_KEY", str(key))
    assert found()["signing key"]["level"] == "error"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    key.chmod(0o644)
    assert found()["signing key"]["mend"] == f"chmod 600 {key}"
    key.chmod(0o600)
    assert found() == {}


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_file_that_others_may_change_or_that_is_not_in_wal_mode_is_told(found, url, tmp_path):
    file = tmp_path / "a.db"
    shutil.copyfile(url.removeprefix("sqlite:///"), file)
    file.chmod(0o666)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    told = found(database=f"sqlite:///{file}")
    assert told["file"]["mend"] == f"chmod o-w {file}"
    assert "PRAGMA journal_mode=WAL" in told["database"]["mend"]
    file.chmod(0o600)
    file.write_bytes(b"not a database" * 100)
    assert "restore it" in found(database=f"sqlite:///{file}")["database"]["mend"]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_folder_in_the_place_of_a_file_is_told_and_left_as_it_is(found, tmp_path):
    tmp_path.chmod(0o777)
    told = found(database=f"sqlite:///{tmp_path}")
    assert told.keys() == {"database"}
    assert "name a file in it" in told["database"]["mend"]


def test_a_folder_that_this_user_may_not_enter_is_told(tmp_path):
    folder = tmp_path / "of-others"
    folder.mkdir(mode=0o000)
    list(sqlite.examined(f"sqlite:///{tmp_path}/a.db"))  # loads what nobody else may
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # whom no folder lets in because of who it is
    try:
        told = [one for one in sqlite.examined(f"sqlite:///{folder}/a.db") if one.level == "error"]
    finally:
        os.seteuid(user)
    assert [one.about for one in told] == ["database"]
    assert "enter" in told[0].mend


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_database_of_an_older_version_is_told_to_be_upgraded(found, run, tmp_path):
    file = tmp_path / "old.db"
    shutil.copyfile(GOLDEN / "revision-0002.db", file)
    url = f"sqlite:///{file}"
    before = file.read_bytes()
    assert "upgrades them" in found(database=url)["tables"]["mend"]
    assert file.read_bytes() == before, "looking changes nothing"


@pytest.mark.parametrize("engine", ["postgresql"])
def test_a_server_that_is_set_up_badly_and_its_replica_are_told(found, run, monkeypatch):
    with servers.primary(fsync="off") as primary:
        url = primary.url()
        assert run("init", database=url).exit_code == 0
        result = run("doctor", database=url)
        assert (result.exit_code, "fsync is off" in result.stdout) == (0, True)
        primary.execute("CREATE USER reader")
        primary.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        told = found(database=url.replace("postgres:@", "reader:@"))
        assert "GRANT CREATE" in told["PostgreSQL"]["mend"]
        primary.execute("GRANT CREATE ON SCHEMA public TO reader")
        told = found(database=url.replace("postgres:@", "reader:@"))
        assert "checkpoint" in told["PostgreSQL"]["what"]
        monkeypatch.setenv("STANCELOG_READ_DATABASE", url)
        assert "is no replica" in found(database=url)["replica"]["what"]
        with servers.replica_of(primary) as replica:
            monkeypatch.setenv("STANCELOG_READ_DATABASE", replica.url())
            replica.wait_until_caught_up()
            assert found(database=url) == {}
            assert "nothing can be recorded" in found(database=replica.url())["PostgreSQL"]["what"]
        assert found(database=url)["replica"]["level"] == "error"
