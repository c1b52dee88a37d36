"""PostgreSQL dies while clients record: they are told so at once, and go on when it is back."""

from collections.abc import Callable, Iterator

import pytest

from tests import servers
from tests.loads import SOON, Load, assert_whole, serving
from tests.servers import Server

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with servers.primary() as server:
        yield server


DEATHS: dict[str, Callable[[Server], None]] = {
    "kill_9": lambda server: server.kill9(),
    "immediate_shutdown": lambda server: server.stop("immediate"),
    "fast_shutdown": lambda server: server.stop("fast"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_clients_are_told_that_postgresql_died_and_go_on_when_it_is_back(
    server: Server, death: str
) -> None:
    with serving(server.create_database(f"of_{death}"), 2) as service:
        with Load(service) as load:
            load.wait_for_more()
            DEATHS[death](server)
            load.wait_for_trouble(8)
            assert service.ask("GET", "/healthz").status == 200
            assert service.ask("GET", "/readyz").status == 503
            server.start()
            load.wait_for_more(100)
        assert [answer for answer in load.troubles() if not answer.is_clear] == []
        assert load.longest() < SOON
        assert_whole(service, load)
