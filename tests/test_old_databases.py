"""A database that any landed version wrote opens, upgrades, and answers the same.

`tests/old/make.py` says how they were made, and how to add the next.
"""

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.app import create_app
from service.cli import main
from tests.conftest import ENGINES
from tests.questions import answers_of
from tests.records import brief
from tests.servers import BIN

OLD = Path(__file__).parent / "old"
VERSIONS = sorted(path.name.removesuffix(".json.gz") for path in OLD.glob("*.json.gz"))


def content(name: str) -> bytes:
    return gzip.decompress((OLD / name).read_bytes())


@pytest.fixture(params=ENGINES)
def opened(
    request: pytest.FixtureRequest, empty_database: Callable[[], str], tmp_path: Path
) -> Callable[[str], str]:
    """A function that puts the database of a version where it can be opened. Returns its URL."""

    def write(version: str) -> str:
        file = tmp_path / "old.db"
        file.write_bytes(content(f"{version}.sqlite.gz"))
        return f"sqlite:///{file}"

    def load(version: str) -> str:
        url = empty_database()
        words = ["--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", f"--dbname={url}"]
        dump = content(f"{version}.sql.gz")
        subprocess.run([BIN / "psql", *words], input=dump, check=True, stdout=subprocess.DEVNULL)
        return url

    return write if request.param == "sqlite" else load


def stancelog(url: str, *words: str) -> str:
    result = CliRunner().invoke(main, ["--database", url, *words])
    assert result.exit_code == 0, result.output
    return result.output


def lacks(now: Any, then: Any, at: str = "") -> list[str]:
    """What an answer of now has not as the old one had it. It may have fields that are new."""
    if isinstance(then, dict) and isinstance(now, dict):
        found = [f"{at}.{name}: gone" for name in then.keys() - now.keys()]
        return found + [
            one
            for name in then.keys() & now.keys()
            for one in lacks(now[name], then[name], f"{at}.{name}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        pairs = enumerate(zip(now, then, strict=True))
        return [one for i, pair in pairs for one in lacks(*pair, f"{at}[{i}]")]
    return [] if now == then else [f"{at}: {now!r} instead of {then!r}"]


def must_answer_as_before(url: str, version: str) -> None:
    told = json.loads(content(f"{version}.json.gz"))
    app = create_app(url)
    try:
        client = app.test_client()
        assert brief(client) == {"status": "ready", "seq": told["seq"]}
        if told["ledger"]:
            assert lacks(client.get("/v1/ledger").get_json(), told["ledger"]) == []
        now = answers_of(client, [*told["answers"]])
    finally:
        app.extensions["stancelog"].close()
    assert len(now) > 100
    assert lacks(now, told["answers"]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_it_opens_upgrades_and_answers_the_same(opened: Callable[[str], str], version: str) -> None:
    url = opened(version)
    stancelog(url, "init")
    stancelog(url, "verify")
    must_answer_as_before(url, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_backed_up_before_the_upgrade_and_restored_by_it(
    opened: Callable[[str], str], version: str, tmp_path: Path
) -> None:
    url, kept, restored = opened(version), tmp_path / "kept", f"sqlite:///{tmp_path / 'new.db'}"
    told = stancelog(url, "backup", str(kept))
    assert ("had no ledger" in told) == (version == "409744a")
    stancelog(restored, "restore", str(kept))
    must_answer_as_before(restored, version)


def test_all_of_them_have_one_ledger() -> None:
    """The same records were stored as the same bytes by every version that had one."""
    ledgers = [json.loads(content(f"{one}.json.gz"))["ledger"] for one in VERSIONS]
    assert len({one["root"] for one in ledgers if one}) == 1
    assert [one for one, ledger in zip(VERSIONS, ledgers, strict=True) if not ledger] == ["409744a"]


def test_a_field_that_an_answer_lost_or_changed_would_be_seen() -> None:
    assert lacks({"a": 1, "b": [{"c": 2}], "new": 0}, {"a": 1, "b": [{"c": 2}]}) == []
    assert lacks({"b": [{"c": 3}]}, {"a": 1, "b": [{"c": 2}]}) == [
        ".a: gone",
        ".b[0].c: 3 instead of 2",
    ]
    assert lacks([1], [1, 2]) == [": [1] instead of [1, 2]"]
