"""Memento (RFC 7089): `Accept-Datetime` asks what was known at a datetime.

The question without `seq` is the original resource and its own TimeGate; the one with it is a
memento: what was known then never changes. Negotiation answers at once (RFC 7089, section
4.1.2): the memento itself, with its address in Content-Location. `as_of` stays what was asked:
it is the world's clock, and the datetime is ours.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from flask import Request, Response, request
from sqlalchemy import Connection
from werkzeug.exceptions import BadRequest
from werkzeug.http import http_date, parse_date
from werkzeug.sansio.utils import get_current_url

from events import dates
from projections import catalog, log
from service.clocks import Asked, Clocks
from service.links import quoted

HEADER = "Accept-Datetime"
LINK_FORMAT = "application/link-format"
MOST = 1000
"""Most mementos in one TimeMap: it links to the next."""

_RFC_1123 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9]\d{3} \d\d:\d\d:\d\d GMT"
)


def first_of(
    connection: Connection, clocks: Clocks, *, issue: str, party: str | None = None
) -> int:
    """Return the log position from which a question can be asked: that of its first memento."""
    if _wanted() is None:
        return 0
    named = [("issue", issue), *([("party", party)] if party else [])]
    seqs = [catalog.seqs_of(connection, kind, clocks.seq, ids=[key]) for kind, key in named]
    return max(found[0] for found in seqs) if all(seqs) else 0


def negotiated(connection: Connection, asked: Asked, clocks: Clocks, first: int) -> Clocks:
    """Return the clocks of the memento that Accept-Datetime asks for, or as they are.

    `first`: the position in the log from which the question can be asked. A datetime before
    that gets the first memento, one after the last the last (RFC 7089, section 4.5.3). Raises
    BadRequest for what is no datetime.
    """
    wanted = _wanted()
    if wanted is None or not _is_original(asked) or not 0 < first <= clocks.seq:
        return clocks
    seq = max(first, log.seq_known_at(connection, _end_of_second(wanted)))
    return replace(clocks, seq=seq, known_at=log.recorded_at(connection, seq))


def announced(response: Response, body: Mapping[str, Any], asked: Asked) -> Response:
    """Let a response say what it is: an original resource, a memento, or one negotiated."""
    if asked.known_at is not None:
        return response  # a question about another date than today's, in its own words
    query = _query(without=("seq",))
    here = _absolute(request.path)
    original, timemap = here + query, f"{here}/timemap{query}"
    is_original = _is_original(asked)
    if is_original:
        response.headers.add("Vary", HEADER.lower())
    is_negotiated = is_original and _wanted() is not None
    if body["seq"] and (is_negotiated or not is_original):
        found = http_date(_datetime(body["known_at"]))
        response.headers["Memento-Datetime"] = found
        if is_negotiated:
            address = _absolute(body["links"]["permalink"])
            response.headers["Content-Location"] = body["links"]["permalink"]
            response.headers.add("Link", f'<{address}>; rel="memento"; datetime="{found}"')
    response.headers.add("Link", f'<{original}>; rel="original timegate"')
    response.headers.add("Link", f'<{timemap}>; rel="timemap"; type="{LINK_FORMAT}"')
    return response


def timemap(connection: Connection, seqs: Iterable[int], clocks: Clocks, *, after: int) -> Response:
    """Return the list of mementos: those at some positions in the log, after one of them.

    Between two that follow one another, answers are the same but for their echo of the clocks.
    """
    every = sorted(seq for seq in set(seqs) if after < seq <= clocks.seq)
    shown = every[:MOST]
    told = {seq: http_date(_datetime_at(connection, seq)) for seq in shown}
    original = _address(without=("after",), path=request.path.removesuffix("/timemap"))
    pins = {"as_of": dates.to_text(clocks.as_of), "floor": clocks.floor}
    lines = [f'<{original}>; rel="original timegate"']
    span = f'; from="{told[shown[0]]}"; until="{told[shown[-1]]}"' if shown else ""
    lines.append(f'<{_address()}>; rel="self"; type="{LINK_FORMAT}"{span}')
    if len(every) > MOST:
        following = _address(without=("after",), after=shown[-1])
        begins = http_date(_datetime_at(connection, every[MOST]))
        lines.append(f'<{following}>; rel="timemap"; type="{LINK_FORMAT}"; from="{begins}"')
    for i, seq in enumerate(shown):
        is_first = i == 0 and after == 0
        is_last = i == len(every) - 1
        rel = " ".join(["first"] * is_first + ["last"] * is_last + ["memento"])
        address = _address(
            without=("after", *pins), path=original.partition("?")[0], **pins, seq=seq
        )
        lines.append(f'<{address}>; rel="{rel}"; datetime="{told[seq]}"')
    return Response(",\n".join(lines) + "\n", mimetype=LINK_FORMAT)


def _wanted() -> str | None:
    """Return the datetime for which what was known is asked; None: the latest."""
    wanted: str | None = request.environ.get("HTTP_ACCEPT_DATETIME")
    return wanted


def _is_original(asked: Asked) -> bool:
    return asked.known_at is None and asked.seq is None


def _end_of_second(text: str) -> int:
    """Return the last microsecond that an HTTP date means."""
    found = parse_date(text) if _RFC_1123.fullmatch(text.strip()) else None
    if found is None:
        raise BadRequest(f"{HEADER} must be a date like 'Thu, 18 Dec 2025 20:35:00 GMT' (RFC 1123)")
    return dates.to_micros(found) + 999_999


def _datetime(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _datetime_at(connection: Connection, seq: int) -> datetime:
    recorded_at = log.recorded_at(connection, seq)
    assert recorded_at is not None
    return dates.to_datetime(recorded_at)


def _address(without: Iterable[str] = (), path: str | None = None, **more: Any) -> str:
    """Return the address of the request, with another path or query."""
    where = path if path and "://" in path else _absolute(path or request.path)
    return f"{where}{_query(without, **more)}"


def _query(without: Iterable[str], **more: Any) -> str:
    """Return the query of the request, with less in it or more."""
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] not in without]
    told = "&".join(f"{quoted(key)}={quoted(str(value))}" for key, value in [*pairs, *more.items()])
    return f"?{told}" if told else ""


def _absolute(path: str) -> str:
    asked: Request = cast(Any, request)._get_current_object()  # noqa: SLF001
    return f"{_root(asked.scheme, asked.host)}{path}"


@lru_cache(256)
def _root(scheme: str, host: str) -> str:
    return get_current_url(scheme, host).rstrip("/")
