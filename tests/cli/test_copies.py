"""Copies from one database to another, event by event, in every direction."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from projections.database import connect, writing
from projections.reading import reading
from service.app import create_app
from tests.questions import addresses, answers_of
from tests.records import correction, issue, party, position, retraction, statement, tell
from tests.tables import rows_of

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")

RECORDS = [
    party("ukraine", aliases=["Kyiv"]),
    issue("nato"),
    *(statement(f"r-{n}", positions=[position()]) for n in range(1, 30)),
    correction("r-2", "c-1", venue="Kyiv"),
    retraction("r-3", "x-1"),
]

KILLED = """
import os, signal, sys
from events import copying
from service.backups import between
copying.PAGE = 7
def killed(reached, stop):
    if reached >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
between.copy(sys.argv[1], sys.argv[2], progress=killed)
"""


@pytest.fixture
def told(store, url):
    """A database with some records, and with gaps between the ids of the store on PostgreSQL."""
    for number, record in enumerate(RECORDS):
        tell(store, record)
        if number % 5 == 0 and not url.startswith("sqlite"):
            with writing(store.engine) as connection:
                connection.execute(text("SELECT nextval('timeline_events_notification_id_seq')"))
    return store


def copied(run, source, target, *words):
    result = run("copy", source, *words, database=target)
    assert result.exit_code == 0, result.output
    return re.search(r"root is ([0-9a-f]{64})", result.stderr)[1]


def asked(url):
    app = create_app(url)
    try:
        client = app.test_client()
        return answers_of(client, addresses(client)[::5])
    finally:
        app.extensions["stancelog"].close()


def test_a_copy_has_every_row_and_gives_every_answer(run, told, url, target, open_store):
    copied(run, url, target)
    assert rows_of(open_store(target)) == rows_of(told)
    assert asked(target) == asked(url)
    assert run("verify", database=target).exit_code == 0


def test_a_copy_to_the_other_kind_and_back_is_what_it_was(
    run, told, url, engine, empty_database, tmp_path, open_store
):
    file = f"sqlite:///{tmp_path / 'a.db'}"
    way = (empty_database(), file) if engine == "sqlite" else (file, empty_database())
    roots = [copied(run, one, other) for one, other in zip((url, *way), way, strict=False)]
    assert len({*roots}) == 1
    assert rows_of(open_store(way[-1])) == rows_of(told)
    raw = [[*one.timeline.raw_events(10**6)] for one in (told, open_store(way[-1]))]
    assert raw[0] == raw[1]
    assert len(raw[0]) > len(RECORDS)


def test_the_example_gives_every_answer_after_a_copy(run, url, target):
    assert run("import", "--keep-recorded-at", EXAMPLE).exit_code == 0
    copied(run, url, target)
    answers = asked(target)
    assert answers == asked(url)
    assert len(answers) > 30


def test_a_signed_checkpoint_of_the_source_holds_for_the_copy(run, told, url, target, tmp_path):
    key, kept = str(tmp_path / "key.pem"), str(tmp_path / "kept")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    assert run("checkpoint", "--key", key, "-o", kept).exit_code == 0
    public = run("checkpoint", "--key", key, "--public-key").stdout.strip()
    copied(run, url, target)
    tell(told, statement("later"))
    copied(run, url, target)
    proven = run("verify", "--checkpoint", kept, "--public-key", public, database=target)
    assert (proven.exit_code, "extends the checkpoint" in proven.stderr) == (0, True)


def test_a_copy_takes_in_what_came_since_and_goes_on_by_itself(run, told, url, target, open_store):
    copied(run, url, target)
    tell(told, statement("r-new"), correction("r-4", "c-new", venue="Oslo"))
    result = run("copy", url, database=target)
    assert int(result.stderr.split()[0]) in range(2, 5)  # with bookkeeping
    mine = open_store(target)
    assert rows_of(mine) == rows_of(told)
    assert run("copy", url, database=target).stderr.startswith("0 events copied")
    (recorded,) = tell(mine, statement("r-mine"))
    assert recorded.seq == len(RECORDS) + 3
    assert run("verify", database=target).exit_code == 0


def test_what_holds_anything_else_is_no_place_for_a_copy(run, told, url, target, open_store):
    mine = open_store(target)
    tell(mine, party("france"))
    before = rows_of(mine)
    refused = run("copy", url, database=target)
    assert (refused.exit_code, "holds something else" in refused.stderr) == (1, True)
    assert rows_of(mine) == before


def test_a_copy_that_has_gone_on_is_not_overwritten(run, told, url, target, open_store):
    copied(run, url, target)
    tell(open_store(target), statement("r-mine"))
    assert run("copy", url, database=target).exit_code == 1
    tell(told, statement("r-theirs"))
    assert run("copy", url, database=target).exit_code == 1


@pytest.mark.parametrize("reached", [1, 20, 34])
def test_a_copy_that_was_killed_goes_on_where_it_stopped(
    run, told, url, target, open_store, reached
):
    words = [sys.executable, "-c", KILLED, url, target, str(reached)]
    assert subprocess.run(words, check=False).returncode == -9
    result = run("copy", url, database=target)
    assert result.exit_code == 0, result.output
    count = int(re.match(r"(\d+) events copied", result.stderr)[1])
    assert 0 <= count < len(RECORDS)
    assert rows_of(open_store(target)) == rows_of(told)


def test_a_log_that_was_tampered_with_is_told_when_it_is_copied(run, told, url, target):
    table = told.timeline.recorder.events_table_name
    with writing(told.engine) as connection:
        change = f"UPDATE {table} SET topic = topic || 'x' WHERE originator_version = 2"
        connection.execute(text(change))
    result = run("copy", url, database=target)
    assert (result.exit_code, "verify" in result.stderr) == (3, True)


def test_tokens_come_along_unless_they_shall_not(run, told, url, target, empty_database):
    for name in ("desk", "wall"):
        assert run("token", "create", "--name", name, "--scope", "read").exit_code == 0
    copied(run, url, target)
    assert run("token", "revoke", "wall").exit_code == 0
    copied(run, url, target)
    listed = [
        json.loads(run("token", "list", "--format", "json", database=one).stdout)
        for one in (url, target)
    ]
    assert listed[0] == listed[1]
    assert [one["state"] for one in listed[0]["tokens"]] == ["valid", "revoked"]
    other = empty_database()
    copied(run, url, other, "--no-tokens")
    assert "no tokens" in run("token", "list", database=other).stdout


def test_what_a_client_sent_twice_is_known_in_the_copy_too(run, told, url, target):
    row = "('desk', 'k-1', 'hash', 'id', 1, 201, '/v1/reports/r-1', 3, :body)"
    with writing(told.engine) as connection:
        connection.execute(text(f"INSERT INTO sent_keys VALUES {row}"), {"body": b"\\\0x"})
    for _ in range(2):
        copied(run, url, target)
    engine = connect(target)
    with reading(engine) as connection:
        (found,) = connection.execute(text("SELECT * FROM sent_keys"))
    engine.dispose()
    assert tuple(found)[:3] == ("desk", "k-1", "hash")
    assert bytes(found.body) == b"\\\0x"


def test_what_is_not_there_is_not_created_by_copying_it(run, url, tmp_path):
    missing = tmp_path / "missing.db"
    for source in (f"sqlite:///{missing}", str(missing)):
        assert run("copy", source).exit_code == 4
    assert not missing.exists()
    assert run("copy", "").exit_code == 2


def test_what_is_no_database_of_ours_is_wrong_usage(run):
    result = run("copy", "mysql://desk@db/talks")
    assert (result.exit_code, "mysql://" in result.stderr) == (2, True)


def test_an_answer_that_differed_would_be_seen(run, told, url, target):
    copied(run, url, target)
    engine = connect(target)
    with writing(engine) as connection:
        connection.execute(text("UPDATE positions SET says = 'oppose'"))
    engine.dispose()
    assert asked(url) != asked(target)
