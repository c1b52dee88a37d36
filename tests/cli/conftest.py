"""The command line in this process, on both engines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main


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
