"""PostgreSQL gives no connection, or no answer: that is told in bounded time, and passes."""

import socket
import subprocess
import sys
from contextlib import suppress

import psycopg
import pytest

from tests import servers
from tests.loads import ROOT, SOON, Load, assert_whole, serving

pytestmark = pytest.mark.soak

CONNECTIONS = 12


def test_a_postgresql_without_a_free_connection_is_told_of_and_recovery_needs_nobody() -> None:
    settings = {"max_connections": CONNECTIONS, "superuser_reserved_connections": 0}
    with (
        servers.primary(**settings) as server,
        serving(server.create_database("narrow"), 2) as service,
    ):
        with Load(service, clients=8) as load:
            load.wait_for_more()
            taken = take_all(server, "narrow")
            load.wait_for_trouble(20)
            assert service.ask("GET", "/healthz").status == 200
            for one in taken:
                one.close()
            load.wait_for_more(100)
        assert [answer for answer in load.troubles() if not answer.is_clear] == []
        assert load.longest() < SOON
        assert_whole(service, load)


def take_all(server: servers.Server, database: str) -> list[psycopg.Connection]:
    """Take every connection that there is, those of a database's clients too."""
    first = psycopg.connect(server.url(), autocommit=True)
    taken = [first]
    end_others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    while len(taken) < CONNECTIONS:
        first.execute(end_others, (database,))
        with suppress(psycopg.OperationalError):  # one of them was quicker
            taken.append(psycopg.connect(server.url()))
    return taken


def test_a_postgresql_that_takes_connections_and_never_answers_is_trouble_not_a_hang() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/timeline"
        command = [sys.executable, "-m", "service.cli", "--database", url, "export"]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )
    assert done.returncode == 4
    assert done.stderr.startswith("stancelog: database trouble: ")
    assert len(done.stderr.splitlines()) == 1
