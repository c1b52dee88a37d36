"""The command line in this process, on both engines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from tests.conftest import ENGINES


@pytest.fixture
def run(url: str) -> Callable[..., Result]:
    """A function that runs stancelog on one fresh database."""

    def run_it(*words: str, stdin: bytes | None = None, database: str = url) -> Result:
        return CliRunner().invoke(main, ["--database", database, *words], input=stdin)

    return run_it


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """A function that writes records to a file, one a line, and returns its name."""

    def write_it(*records: Any, name: str = "records.ndjson") -> str:
        lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write_it


@pytest.fixture
def nothing(engine: str, empty_database: Callable[[], str], tmp_path: Path) -> str:
    """The URL of a database of the same engine in which nothing is."""
    return f"sqlite:///{tmp_path / 'restored.db'}" if engine == "sqlite" else empty_database()


@pytest.fixture(params=ENGINES)
def target(
    request: pytest.FixtureRequest, empty_database: Callable[[], str], tmp_path: Path
) -> str:
    """The URL of a database of either engine in which nothing is."""
    return f"sqlite:///{tmp_path / 'target.db'}" if request.param == "sqlite" else empty_database()
