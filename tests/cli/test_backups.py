"""Backups: made while others write, checked, and put back, on both engines."""

import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from projections.database import connect, writing
from projections.reading import reading
from tests.records import issue, party, statement, tell
from tests.servers import BIN, eventually
from tests.tables import rows_of

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)

WRITER = """
import sys
from itertools import count
from service.store import Store
from tests.records import statement, tell
store = Store(sys.argv[1])
for number in count():
    tell(store, statement(f"w-{number}"))
    print(number, flush=True)
"""


@pytest.fixture
def berlin(run, url):
    """The bundled example, with a token."""
    assert run("import", "--keep-recorded-at", EXAMPLE).exit_code == 0
    assert run("token", "create", "--name", "desk", "--scope", "write").exit_code == 0
    engine = connect(url)
    with writing(engine) as connection:
        row = "('desk', 'k', 'hash', 'id', 1, NULL, NULL, NULL, :body)"
        connection.execute(text(f"INSERT INTO sent_keys VALUES {row}"), {"body": b"\\\0x"})
    engine.dispose()


@pytest.fixture
def kept(tmp_path, empty_database):
    """Where the backup goes."""
    return tmp_path / "kept.backup"


def root_in(result):
    assert result.exit_code == 0, result.output
    return re.search(r"root is ([0-9a-f]{64})", result.stderr)[1]


def told(run, database=None):
    to = {"database": database} if database else {}
    result = run("export", **to)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.usefixtures("berlin")
def test_a_backup_restores_every_row(run, url, kept, nothing, open_store):
    made = root_in(run("backup", str(kept)))
    assert root_in(run("verify", "--backup", str(kept))) == made
    restored = run("restore", str(kept), database=nothing)
    assert root_in(restored) == made == root_in(run("verify"))
    assert told(run, nothing) == told(run)
    assert rows_of(open_store(nothing)) == rows_of(open_store(url))


@pytest.mark.usefixtures("berlin")
def test_only_its_owner_may_read_a_backup_and_nothing_is_left_beside_it(run, kept):
    before = os.umask(0)
    try:
        assert run("backup", str(kept)).exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [*kept.parent.iterdir()] == [kept]


@pytest.mark.usefixtures("berlin")
def test_a_file_that_is_there_is_replaced_only_when_that_is_asked_for(run, kept):
    kept.write_bytes(b"precious")
    refused = run("backup", str(kept))
    assert (refused.exit_code, "--force" in refused.stderr) == (4, True)
    assert kept.read_bytes() == b"precious"
    assert run("backup", "--force", str(kept)).exit_code == 0
    assert run("verify", "--backup", str(kept)).exit_code == 0
    assert run("backup", str(kept.parent)).exit_code == 4
    assert run("backup", str(kept.parent / "nowhere" / "a")).exit_code == 4
    assert run("backup", "").exit_code == 2


@pytest.mark.usefixtures("berlin")
def test_a_backup_that_cannot_be_written_whole_leaves_what_was_there(run, kept, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    kept.write_bytes(b"precious")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        result = run("backup", "--force", str(kept))
    assert (result.exit_code, "No space left" in result.stderr) == (4, True)
    assert [*kept.parent.iterdir()] == [kept]
    assert kept.read_bytes() == b"precious"


@on_sqlite
@pytest.mark.usefixtures("berlin")
def test_the_database_is_never_its_own_backup(run, url):
    result = run("backup", "--force", url.removeprefix("sqlite:///"))
    assert (result.exit_code, "the database itself" in result.stderr) == (4, True)
    assert run("verify").exit_code == 0


@on_sqlite
@pytest.mark.usefixtures("berlin")
def test_a_backup_takes_no_name_beside_which_another_database_left_something(run, kept):
    assert run("backup", str(kept)).exit_code == 0
    left = kept.with_name(f"{kept.name}-wal")
    left.write_bytes(b"pages of another database")
    result = run("backup", "--force", str(kept))
    assert (result.exit_code, f"{left} is left of" in result.stderr) == (4, True)
    left.unlink()
    assert run("backup", "--force", str(kept)).exit_code == 0
    assert run("verify", "--backup", str(kept)).exit_code == 0


@pytest.mark.usefixtures("berlin")
def test_a_backup_replaces_nothing_but_a_file(run, kept):
    os.mkfifo(kept)
    result = run("backup", "--force", str(kept))
    assert (result.exit_code, "is no file" in result.stderr) == (4, True)
    assert stat.S_ISFIFO(kept.stat().st_mode)
    assert [*kept.parent.iterdir()] == [kept]


@on_postgresql
@pytest.mark.parametrize("told_to_end", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("berlin")
def test_a_backup_that_is_told_to_end_leaves_nothing(url, kept, tmp_path, told_to_end):
    programs, temporary = tmp_path / "programs", tmp_path / "temporary"
    programs.mkdir()
    temporary.mkdir()
    script = programs / "pg_restore"  # which checks the dump, in a folder of its own
    script.write_text(f"#!/bin/sh\nkill -{told_to_end.value} $PPID\nexec sleep 60\n")
    script.chmod(0o755)
    path = os.pathsep.join([str(programs), str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "--database", url, "backup", str(kept)],
        env=os.environ | {"PATH": path, "TMPDIR": str(temporary)},
        check=False,
        timeout=40,
    )
    assert done.returncode == 128 + told_to_end
    assert {one.name for one in tmp_path.rglob("*")} == {"programs", "temporary", "pg_restore"}


def test_a_backup_made_while_others_write_is_of_one_moment(run, url, kept, nothing, open_store):
    store = open_store(url)
    tell(store, party(), issue(), *(statement(f"r-{n}") for n in range(200)))
    words = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
        try:
            before = int(writer.stdout.readline())
            assert run("backup", str(kept)).exit_code == 0
            after = int(writer.stdout.readline())
            eventually(lambda: int(writer.stdout.readline()) > after, "the writer goes on")
        finally:
            writer.kill()
    assert run("restore", str(kept), database=nothing).exit_code == 0
    ids = re.findall(r'"id":"(w-\d+)"', told(run, nothing))
    assert ids == [f"w-{n}" for n in range(len(ids))]
    assert len(ids) > before
    whole = told(run)
    assert whole.startswith(told(run, nothing))


@pytest.mark.usefixtures("berlin")
def test_a_restore_goes_only_where_nothing_is(run, url, kept, nothing):
    assert run("backup", str(kept)).exit_code == 0
    refused = run("restore", str(kept))
    assert refused.exit_code == 4
    assert "is there already" in refused.stderr or "is not empty" in refused.stderr
    assert run("verify").exit_code == 0
    assert run("restore", str(kept), database=nothing).exit_code == 0
    assert run("restore", str(kept), database=nothing).exit_code == 4
    if url.startswith("sqlite"):
        other = kept.parent / "other.db"
        other.with_name("other.db-wal").write_bytes(b"of another one")
        assert run("restore", str(kept), database=f"sqlite:///{other}").exit_code == 4
        assert not other.exists()


@pytest.mark.usefixtures("berlin")
def test_tokens_come_back_with_a_backup_and_whoever_was_signed_in_does_not(run, url, kept, nothing):
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO sessions VALUES ('h', 't', 1)"))
    engine.dispose()
    assert run("backup", str(kept)).exit_code == 0
    assert run("token", "revoke", "desk").exit_code == 0
    restored = run("restore", str(kept), database=nothing)
    assert "those of the backup: desk. Revoke again" in restored.stderr
    assert "valid" in run("token", "list", database=nothing).stdout
    engine = connect(nothing)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 0
    engine.dispose()


@pytest.mark.usefixtures("berlin")
def test_a_backup_of_a_log_that_was_tampered_with_is_not_made_unasked(run, url, kept, nothing):
    engine = connect(url)
    table = "stored_events" if url.startswith("sqlite") else "timeline_events"
    with writing(engine) as connection:
        change = f"UPDATE {table} SET topic = topic || 'x' WHERE originator_version = 2"
        connection.execute(text(change))
    engine.dispose()
    refused = run("backup", str(kept))
    assert (refused.exit_code, "tampered with" in refused.stderr) == (3, True)
    assert not kept.exists()
    assert run("backup", "--no-verify", str(kept)).exit_code == 0
    found = run("verify", "--backup", str(kept))
    assert (found.exit_code, "was altered" in found.stderr) == (3, True)
    refused = run("restore", str(kept), database=nothing)
    assert refused.exit_code == 3


@pytest.mark.usefixtures("berlin")
def test_a_backup_that_lost_bytes_is_found_damaged(run, kept, nothing):
    assert run("backup", str(kept)).exit_code == 0
    whole = kept.read_bytes()
    for name, bytes_ in {
        "short": whole[: len(whole) // 2],
        "zeros": whole[:9000] + bytes(8192) + whole[17192:],
        "no backup": b"hello" * 20,
        "nothing": b"",
    }.items():
        damaged = kept.with_name(name)
        damaged.write_bytes(bytes_)
        for words in (("verify", "--backup"), ("restore",)):
            result = run(*words, str(damaged), database=nothing)
            assert result.exit_code in (3, 4), (name, words, result.output)
            assert "Traceback" not in result.output
    assert run("restore", str(kept), database=nothing).exit_code == 0


@pytest.mark.usefixtures("berlin")
def test_a_backup_is_held_against_a_checkpoint_and_left_as_it_is(run, kept, tmp_path):
    early, late = str(tmp_path / "early"), str(tmp_path / "late")
    assert run("checkpoint", "-o", early).exit_code == 0
    assert run("backup", str(kept)).exit_code == 0
    before = kept.read_bytes()
    assert (
        run("import", "-", stdin=b'{"type":"party","id":"x","name":"X","kind":"state"}').exit_code
        == 0
    )
    assert run("checkpoint", "-o", late).exit_code == 0
    proven = run("verify", "--backup", str(kept), "--checkpoint", early)
    assert (proven.exit_code, "extends the checkpoint" in proven.stderr) == (0, True)
    assert run("verify", "--backup", str(kept), "--checkpoint", late).exit_code == 3
    assert kept.read_bytes() == before


def test_without_a_database_there_is_nothing_to_back_up(run, kept, nothing):
    result = run("backup", str(kept), database=nothing)
    assert result.exit_code == 4, result.output
    assert [*kept.parent.iterdir()] == []


@on_postgresql
@pytest.mark.usefixtures("berlin")
def test_without_pg_dump_the_way_to_it_is_told(run, kept, monkeypatch):
    monkeypatch.setenv("PATH", str(kept.parent))
    result = run("backup", str(kept))
    assert (result.exit_code, "postgresql-client" in result.stderr) == (4, True)
    assert not kept.exists()


@on_postgresql
@pytest.mark.usefixtures("berlin")
def test_what_pg_dump_itself_wrote_can_be_restored(run, url, kept, nothing):
    name, host, port = re.search(r"@/(\w+)\?host=(.*)&port=(\d+)", url).groups()
    words = ["-h", host, "-p", port, "-U", "postgres", "--format=custom", f"--file={kept}", name]
    subprocess.run([BIN / "pg_dump", *words], check=True)
    assert run("verify", "--backup", str(kept)).exit_code == 0
    assert run("restore", str(kept), database=nothing).exit_code == 0
    assert told(run, nothing) == told(run)


@on_postgresql
@pytest.mark.usefixtures("berlin")
def test_a_dump_is_read_however_its_bytes_are_written(run, url, kept, tmp_path):
    words = ["--format=custom", f"--file={kept}", f"--dbname={url}"]
    escaped = os.environ | {"PGOPTIONS": "-c bytea_output=escape"}
    subprocess.run([BIN / "pg_dump", *words], env=escaped, check=True)
    database = f"sqlite:///{tmp_path / 'other.db'}"
    assert root_in(run("restore", str(kept), database=database)) == root_in(run("verify"))
    assert told(run, database) == told(run)
    engine = connect(database)
    with reading(engine) as connection:
        assert bytes(connection.scalar(text("SELECT body FROM sent_keys"))) == b"\\\0x"
    engine.dispose()


@on_postgresql
@pytest.mark.usefixtures("berlin")
def test_a_dump_without_rows_is_no_backup(run, url, kept):
    words = ["--format=custom", "--schema-only", f"--file={kept}", f"--dbname={url}"]
    subprocess.run([BIN / "pg_dump", *words], check=True)
    result = run("verify", "--backup", str(kept))
    assert (result.exit_code, "no timeline" in result.stderr) == (4, True)


@on_postgresql
@pytest.mark.usefixtures("berlin")
def test_a_password_is_in_no_list_of_processes(run, url, kept, monkeypatch):
    script = kept.parent / "pg_dump"
    script.write_text(f'#!/bin/sh\necho "$@" "$PGPASSWORD" > {kept.parent}/said\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(kept.parent), prepend=os.pathsep)
    run("backup", str(kept), database=url.replace("postgres:@", "postgres:secret@"))
    words = (kept.parent / "said").read_text().split()
    assert words.count("secret") == 1
    assert words[-1] == "secret"


@pytest.mark.usefixtures("berlin")
def test_a_backup_of_one_kind_of_database_restores_into_the_other(
    run, url, kept, target, open_store
):
    made = root_in(run("backup", str(kept)))
    assert root_in(run("restore", str(kept), database=target)) == made
    assert rows_of(open_store(target)) == rows_of(open_store(url))
    assert run("token", "list", database=target).stdout == run("token", "list").stdout
    engine = connect(target)
    with reading(engine) as connection:
        assert bytes(connection.scalar(text("SELECT body FROM sent_keys"))) == b"\\\0x"
    engine.dispose()


@on_sqlite
@pytest.mark.usefixtures("berlin")
def test_a_file_in_use_is_not_taken_for_a_backup(run, url, open_store, nothing):
    store = open_store(url)
    tell(store, party("x"))
    name = url.removeprefix("sqlite:///")
    for words in (("verify", "--backup", name), ("restore", name), ("copy", name)):
        result = run(*words, database=nothing)
        assert (result.exit_code, "database in use" in result.stderr) == (4, True), words


@pytest.mark.usefixtures("berlin")
def test_what_is_of_another_program_is_no_backup(run, engine, empty_database, kept, nothing):
    if engine == "sqlite":
        with closing(sqlite3.connect(kept)) as connection:
            connection.execute("CREATE TABLE notes (text)")
    else:
        other = empty_database()
        with psycopg.connect(other) as connection:
            connection.execute("CREATE TABLE notes (text text)")
        subprocess.run([BIN / "pg_dump", "-Fc", f"--file={kept}", f"--dbname={other}"], check=True)
    for words in (("verify", "--backup"), ("restore",)):
        result = run(*words, str(kept), database=nothing)
        assert (result.exit_code, "no timeline" in result.stderr) == (4, True), words
    assert run("restore", str(kept), database=nothing).exit_code == 4
