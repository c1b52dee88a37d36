"""Where each thing is found: paths from the root of the server."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from service.clocks import Clocks

_segment = lru_cache(8192)(lambda text: quote(text, safe=":"))


@lru_cache(8192)
def quoted(text: str) -> str:
    """Return a text as a query has it."""
    return quote_plus(text, safe=":")


def url(*segments: str, **query: Any) -> str:
    """Return a path under /v1, with a query of what is not None."""
    return f"/v1{page(*segments, **query)}"


def page(*segments: str, **query: Any) -> str:
    """Return the path of the page for people: that of the answer, without /v1."""
    path = "".join(f"/{_segment(one)}" for one in segments)
    given = [
        f"{key.rstrip('_')}={quoted(str(value))}"
        for key, value in query.items()
        if value is not None
    ]
    return f"{path}?{'&'.join(given)}" if given else path


def pins(clocks: Clocks) -> Mapping[str, Any]:
    """Return the query that pins an answer for ever."""
    echo = clocks.echo()
    return {key: echo[key] for key in ("as_of", "seq", "floor")}
