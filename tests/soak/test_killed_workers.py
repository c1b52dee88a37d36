"""Processes that serve are killed while clients record: the others go on, and new ones start."""

import os
import signal

import pytest

from tests.loads import Load, Service, assert_whole, serving
from tests.servers import eventually

pytestmark = pytest.mark.soak


def kill_one(service: Service, workers: int) -> None:
    before = set(service.workers())
    os.kill(min(before), signal.SIGKILL)
    eventually(
        lambda: len(now := service.workers()) == workers and min(before) not in now,
        "another worker is there",
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_worker_is_replaced_and_no_report_is_lost_or_recorded_twice(
    url: str, workers: int
) -> None:
    with serving(url, workers) as service:
        with Load(service) as load:
            load.wait_for_more()
            kill_one(service, workers)
            load.wait_for_more(100)
        assert {answer.status for answer in load.troubles()} <= {0}
        assert_whole(service, load)
