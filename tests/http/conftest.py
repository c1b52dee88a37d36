"""A client of the app, on both engines."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from tests.records import issue, party


@pytest.fixture
def client(url: str) -> Iterator[FlaskClient]:
    """A client of an app over a fresh, empty database."""
    app = create_app(url)
    yield app.test_client()
    app.extensions["stancelog"].close()


@pytest.fixture
def told(client: FlaskClient) -> Callable[..., list[dict[str, Any]]]:
    """A function that records records, and returns what became of them."""

    def tell(*records: dict[str, Any]) -> list[dict[str, Any]]:
        answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, records)))
        assert answer.status_code in (200, 201), answer.json
        return answer.json["records"]

    return tell


@pytest.fixture
def scene(told: Callable[..., Any]) -> None:
    """Two parties and two issues."""
    told(
        party("ukraine", aliases=["Kyiv"], codes={"iso3166": "UKR"}),
        party("russia", aliases=["Moscow"]),
        issue("nato", proposition="Ukraine should become a member of NATO"),
        issue("guarantees"),
    )
