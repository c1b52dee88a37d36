"""Processes are killed while clients record with an Idempotency-Key, and no ids of their own."""

import os
import signal
import threading
import time
from collections import Counter

import pytest

from service import limits
from tests.loads import serving
from tests.records import position, statement
from tests.servers import eventually

pytestmark = pytest.mark.soak

BARE = {key: value for key, value in statement(positions=[position()]).items() if key != "id"}


def test_what_was_sent_with_a_key_is_recorded_once_whenever_the_server_is_killed(url: str) -> None:
    ids: dict[str, set[str]] = {}
    enough = threading.Event()

    def send(client: int) -> None:
        number = 0
        while not enough.is_set():
            number += 1
            key = f"{client}-{number}"
            record = BARE | {"summary": f"Sent with the key {key}."}
            ids[key] = set()
            deadline = time.monotonic() + 3 * limits.KEY_IN_FLIGHT
            while len(ids[key]) < 1 or number % 7 == 0:  # some are sent again after their answer
                assert time.monotonic() < deadline, key
                answer = service.ask("POST", "/v1/reports", record, Idempotency_Key=key)
                if answer.status in (200, 201):
                    first = not ids[key]
                    ids[key].add(answer.body["id"])
                    if not first:
                        break
                else:
                    assert answer.status in (0, 409, 503), answer
                    time.sleep(0.2)

    with serving(url, 2) as service:
        clients = [threading.Thread(target=send, args=(n,), daemon=True) for n in range(6)]
        for client in clients:
            client.start()
        for _ in range(4):
            time.sleep(7)  # to the server, one that dies in its first 5.5 s cannot start
            for worker in service.workers():
                os.kill(worker, signal.SIGKILL)
            eventually(lambda: len(service.workers()) == 2, "others are there")
        enough.set()
        for client in clients:
            client.join(4 * limits.KEY_IN_FLIGHT)
            assert not client.is_alive()
        assert len(ids) > 100
        assert {key: len(found) for key, found in ids.items()} == dict.fromkeys(ids, 1)
        exported = service.run("export").stdout.splitlines()
        told = Counter(
            line.partition("Sent with the key ")[2].partition(".")[0] for line in exported
        )
        assert {key: told[key] for key in ids} == dict.fromkeys(ids, 1)
        assert service.run("verify").returncode == 0
