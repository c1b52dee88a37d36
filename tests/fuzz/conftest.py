"""An app that knows the bundled example, and what a generator may ask it about."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from flask import Flask

from service import limits, preferences
from service.app import create_app
from service.store import Store
from tests.conftest import DATABASES, url_of

FILE = Path(__file__).parents[2] / "examples" / "berlin.ndjson"
RECORDS: list[dict[str, Any]] = [
    {key: value for key, value in json.loads(line).items() if key != "recorded_at"}
    for line in FILE.read_text().splitlines()
]


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    """The records of the example that are of these kinds."""
    return [record for record in RECORDS if record["type"] in kinds]


class Served(NamedTuple):
    """An app over a database that was filled with the example."""

    app: Flask
    store: Store

    @classmethod
    def at(cls, url: str) -> "Served":
        """Serve a database."""
        app = create_app(url)
        return cls(app, app.extensions["stancelog"])

    def root(self) -> tuple[int, str]:
        """How many events the log has, and the one hash that stands for them."""
        told = self.app.test_client().get("/v1/ledger").json
        return told["size"], told["root"]


@pytest.fixture(scope="session")
def sqlite_copies(sqlite_template: Path) -> Callable[[], str]:
    """A function that returns the URL of another SQLite file with the example."""
    filled = sqlite_template.with_name("filled.db")
    shutil.copyfile(sqlite_template, filled)
    _fill(f"sqlite:///{filled}")

    def copy() -> str:
        file = filled.with_name(f"fuzz-{next(DATABASES)}.db")
        shutil.copyfile(filled, file)
        return f"sqlite:///{file}"

    return copy


@pytest.fixture(scope="session")
def postgresql_copies(
    postgresql: psycopg.Connection, postgresql_template: str
) -> Iterator[Callable[[], str]]:
    """The same in PostgreSQL."""
    made: list[str] = []

    def copy(of: str = f"{postgresql_template}_filled") -> str:
        made.append(f"{postgresql_template}_{next(DATABASES)}")
        postgresql.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {of} STRATEGY file_copy")
        return url_of(postgresql, made[-1])

    made.append(f"{postgresql_template}_filled")
    postgresql.execute(f"CREATE DATABASE {made[0]} TEMPLATE {postgresql_template}")
    _fill(url_of(postgresql, made[0]))
    yield copy
    for name in made:
        postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _fill(url: str) -> None:
    served = Served.at(url)
    lines = "\n".join(map(json.dumps, RECORDS))
    assert served.app.test_client().post("/v1/reports/batch", data=lines).status_code == 201
    served.store.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def copies(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """A function that returns the URL of another database with the example. Nothing waits long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LONGEST_WAIT", 0.01)
        patch.setattr(preferences, "LONGEST_WAIT", 0)
        yield request.getfixturevalue(f"{request.param}_copies")


@pytest.fixture(scope="module")
def served(copies: Callable[[], str]) -> Iterator[Served]:
    """The example, served from each database: one for all tests of a file."""
    found = Served.at(copies())
    yield found
    found.store.close()
