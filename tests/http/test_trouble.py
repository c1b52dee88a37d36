"""What clients see when the database is not there."""

import pytest
from psycopg import sql
from sqlalchemy import text

from projections.database import connect, writing
from service.app import create_app
from tests.records import party


@pytest.fixture
def engine():
    """These ways of losing a database are PostgreSQL's."""
    return "postgresql"


def test_a_database_that_is_gone_is_503_with_retry_after_and_then_comes_back(url, postgresql):
    app = create_app(url)
    client = app.test_client()
    body = {key: value for key, value in party().items() if key not in ("id", "type")}
    assert client.put("/v1/parties/ukraine", json=body).status_code == 201
    name = url.split("?")[0].rsplit("/", 1)[1]
    away = sql.Identifier(f"{name}_away")
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    postgresql.execute(kill, [name])
    postgresql.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), away))
    answer = client.get("/v1/parties")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
    postgresql.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(away, sql.Identifier(name)))
    assert client.get("/v1/parties").json["parties"][0]["id"] == "ukraine"
    app.extensions["stancelog"].close()


def test_readers_go_on_while_another_process_rebuilds(url):
    app = create_app(url)
    client = app.test_client()
    body = {key: value for key, value in party().items() if key not in ("id", "type")}
    client.put("/v1/parties/ukraine", json=body)
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM parties"))
        assert client.get("/v1/parties").json["parties"][0]["id"] == "ukraine"
    engine.dispose()
    app.extensions["stancelog"].close()
