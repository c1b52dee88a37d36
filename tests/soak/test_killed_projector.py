"""The process that lets the read models catch up is killed: writes go on, and so does the next."""

import signal

import pytest

from tests.loads import Load, assert_whole, serving
from tests.servers import eventually

pytestmark = pytest.mark.soak


def test_a_killed_projector_loses_nothing_and_the_next_one_goes_on_where_it_was(url: str) -> None:
    with serving(url, 2, STANCELOG_PROJECTION="async") as service:
        first = service.begin("project", "--follow")
        with Load(service) as load:
            load.wait_for_more()
            eventually(lambda: service.has(load.acknowledged[0]), "what was recorded is shown")
            first.kill()
            first.communicate()
            assert first.returncode == -signal.SIGKILL
            load.wait_for_more()
            assert not service.has(load.acknowledged[-1])
            assert service.ask("GET", "/v1/parties/ukraine/positions/nato").status == 200
            second = service.begin("project", "--follow")
            load.wait_for_more()
        eventually(lambda: all(map(service.has, load.acknowledged[-10:])), "all of it is shown")
        second.send_signal(signal.SIGINT)
        _, said = second.communicate(timeout=20)
        assert second.returncode == 0, said
        assert load.troubles() == []
        assert_whole(service, load)
