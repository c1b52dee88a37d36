"""Where each thing is found: paths from the root of the server."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from service.clocks import Clocks


def url(*segments: str, **query: Any) -> str:
    """Return a path under /v1, with a query of what is not None."""
    path = "/".join(["/v1", *(quote(segment, safe=":") for segment in segments)])
    given = {key.rstrip("_"): value for key, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, safe=':', doseq=True)}" if given else path


def pins(clocks: Clocks) -> Mapping[str, Any]:
    """Return the query that pins an answer for ever."""
    echo = clocks.echo()
    return {key: echo[key] for key in ("as_of", "seq", "floor")}
