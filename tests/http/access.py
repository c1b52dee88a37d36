"""Tokens, and forms as a browser sends them."""

import re
from typing import Any

from flask.testing import FlaskClient

from service.access import tokens


def token_for(client: FlaskClient, scope: str, name: str = "desk", **given: Any) -> str:
    """Make a token in the database of a client's app."""
    return tokens.create(client.application.extensions["stancelog"].engine, name, scope, **given)


def bearing(token: str) -> dict[str, str]:
    """The headers of a program that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def proof(client: FlaskClient) -> str:
    """What the forms that a client gets have in them against other sites."""
    page = client.get("/sign-in").text
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def with_rules(client: FlaskClient, **rules: Any) -> None:
    """Let an app have other rules at its door."""
    kept = client.application.extensions
    kept["stancelog.rules"] = kept["stancelog.rules"]._replace(**rules)


def no_writing(client: FlaskClient) -> None:
    """Let nobody write."""
    with_rules(client, allows_writing=False)
