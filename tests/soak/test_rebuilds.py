"""Rebuilds that run into one another, or are killed: what is served stays whole."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loads import Answer, Load, Service, assert_whole, serving
from tests.records import issue, position, statement

pytestmark = pytest.mark.soak

REPORTS = 4_000
QUESTION = "/v1/parties/ukraine/positions/nato?as_of=2020-06-01"


class Reader:
    """A client that asks one question over and over, and keeps what it was answered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.answers: list[Answer] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._enough.wait(0.02):
            self.answers.append(self.service.ask("GET", QUESTION))


@pytest.fixture
def service(url: str, tmp_path: Path) -> Iterator[Service]:
    """A service over a log that takes a while to replay."""
    file = tmp_path / "reports.ndjson"
    trade = [position(issue_id="trade")]
    records = [
        issue("trade"),
        statement("s", positions=[position()]),
        *(statement(f"s-{n}", positions=trade) for n in range(REPORTS)),
    ]
    with serving(url, 2) as service:
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        imported = service.run("import", str(file))
        assert imported.returncode == 0, imported.stderr
        yield service


def test_two_rebuilds_at_once_end_and_one_that_is_killed_leaves_no_trace(
    service: Service,
) -> None:
    with Reader(service) as reader, Load(service, clients=1) as load:
        load.wait_for_more(5)
        start = time.monotonic()
        both = [service.begin("rebuild"), service.begin("rebuild")]
        said = [one.communicate(timeout=120)[1] for one in both]
        took = (time.monotonic() - start) / 2
        assert 0 in {one.returncode for one in both}
        for one, words in zip(both, said, strict=True):
            assert one.returncode == 0 or len(words.splitlines()) == 1

        killed = service.begin("rebuild")
        with pytest.raises(subprocess.TimeoutExpired):
            killed.communicate(timeout=took * 0.6)
        killed.kill()
        killed.communicate()
        assert killed.returncode == -9
        verified = service.run("verify")
        assert verified.returncode == 0, verified.stderr
        again = service.run("rebuild")
        assert again.returncode == 0, again.stderr
        load.wait_for_more(5)
    assert {answer.status for answer in reader.answers} == {200}
    assert {answer.body["position"] for answer in reader.answers} == {"support"}
    assert [answer for answer in load.troubles() if not answer.is_clear] == []
    assert_whole(service, load)
