"""Clients that are slow, idle or gone: the server as it runs answers the others."""

import resource
import signal
import socket
import time
from contextlib import ExitStack

import pytest

from service import limits
from tests.loads import Service
from tests.records import party
from tests.servers import eventually

MANY = 1200
"""More connections than the server has threads, and than it takes by its own default."""

HEAD = b"POST /v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n"


@pytest.fixture
def service(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MANY if hard == resource.RLIM_INFINITY else min(4 * MANY, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    one = Service(f"sqlite:///{tmp_path / 'slow.db'}", STANCELOG_STOP_TIMEOUT="2")
    eventually(one.is_ready, "it is ready")
    yield one
    one.kill()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def connect(service):
    """A function that opens a connection, and sends something over it."""
    with ExitStack() as opened:

        def begin(sent):
            one = socket.create_connection(("127.0.0.1", service.port), timeout=30)
            opened.enter_context(one)
            one.sendall(sent)
            return one

        yield begin


def assert_it_answers(service):
    began = time.monotonic()
    assert service.ask("GET", "/v1/parties").status == 200
    assert time.monotonic() - began < limits.HEAD_TIME / 2


def test_clients_that_send_half_a_body_keep_nobody_waiting(service, connect):
    opened = [connect(HEAD + b'{"type":') for _ in range(MANY)]
    assert_it_answers(service)
    refused = opened[-1].recv(4000)
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"as many bodies as one may at once" in refused
    for one in opened:
        one.close()
    record = party("ukraine")
    eventually(
        lambda: service.ask("PUT", "/v1/parties/ukraine", record).status in (200, 201),
        "the next body is taken",
    )


def test_connections_that_are_idle_or_have_sent_half_a_head_do_not_either(service, connect):
    for _ in range(MANY):
        connect(b"GET /healthz HTTP/1.1\r\nHost: 127")
    assert_it_answers(service)
    kept = connect(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    began = time.monotonic()
    answer = b"".join(iter(lambda: kept.recv(4000), b""))  # until it is closed by the server
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert limits.HEAD_TIME - 3 < time.monotonic() - began < limits.HEAD_TIME + 10


def test_a_body_that_never_comes_holds_up_the_stop_for_so_long_and_no_longer(service, connect):
    for _ in range(3):
        connect(HEAD + b'{"type":')
    assert_it_answers(service)
    service.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert service.process.wait(60) == 0
    assert time.monotonic() - began < 15


def test_a_body_in_pieces_is_refused_and_so_none_is_recorded_in_part(service, connect):
    line = b'{"type":"party","id":"in-part","name":"A","kind":"state"}\n'
    head = (
        b"POST /v1/reports/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    broken = connect(head + b"%x\r\n%b\r\n" % (len(line), line))
    broken.shutdown(socket.SHUT_WR)
    assert broken.recv(4000).startswith(b"HTTP/1.1 411 ")
    assert service.ask("GET", "/v1/parties/in-part").status == 404


def test_no_connection_is_of_http_2_which_no_limit_of_heads_holds_for(connect):
    told = connect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)).recv(100)
    assert not told.startswith(b"\0\0\x18\4"), "a frame of settings"
