"""The log, pushed: off unless told, capped, and nothing missed."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import most_streams

PARTY = {"name": "Ukraine", "kind": "state"}


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A client of an app that keeps one stream open."""
    monkeypatch.setenv(most_streams.name, "1")
    app = create_app(url)
    yield app.test_client()
    app.extensions["stancelog"].close()


def test_streams_are_off_unless_the_operator_wants_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(most_streams.name, raising=False)
    app = create_app(url)
    answer = app.test_client().get("/v1/stream")
    app.extensions["stancelog"].close()
    assert answer.status_code == 404
    assert most_streams.name in answer.json["detail"]


def test_a_stream_tells_what_was_recorded_after_a_position_and_what_comes(
    client: FlaskClient,
) -> None:
    client.put("/v1/parties/ukraine", json=PARTY)
    with client.get("/v1/stream?after=0", buffered=False) as answer:
        assert answer.mimetype == "text/event-stream"
        told = events_of(answer.response)
        assert next(told)["data"]["id"] == "ukraine"
        client.put("/v1/parties/russia", json=PARTY | {"name": "Russia"})
        event = next(told)
        assert (event["seq"], event["data"]["id"]) == (2, "russia")


def test_a_stream_goes_on_where_a_browser_was(client: FlaskClient) -> None:
    for key in ("ukraine", "russia"):
        client.put(f"/v1/parties/{key}", json=PARTY | {"name": key})
    headers = {"Last-Event-ID": "1"}
    with client.get("/v1/stream", headers=headers, buffered=False) as answer:
        assert next(events_of(answer.response))["seq"] == 2


def test_no_more_streams_are_open_than_may_be_and_a_closed_one_makes_room(
    client: FlaskClient,
) -> None:
    with client.get("/v1/stream", buffered=False) as answer:
        next(iter(answer.response))
        refused = client.get("/v1/stream")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "30"
    with client.get("/v1/stream", buffered=False) as answer:
        assert answer.status_code == 200


def test_a_stream_from_above_the_head_is_refused(client: FlaskClient) -> None:
    assert client.get("/v1/stream?after=1").status_code == 422


def events_of(body: Any) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream."""
    for part in islice(body, 100):
        for block in part.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in lines:
                event = json.loads(lines["data"])
                assert lines["id"] == event["id"]
                yield event
