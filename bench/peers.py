"""What the question is measured beside: an empty view, a hand-written one, and Datasette.

The two views are served as ours is, by granian with one worker. The hand-written one seeks the
same row on the same index of the same table, and gives it as it is: no validation, no evidence.
"""

import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import local
from typing import Any

import orjson
import psycopg
from flask import Flask, Response, request
from psycopg.rows import dict_row

from bench.servers import serving
from projections.positions import FLOOR, positions

TABLE = positions.name
DATABASE = "BENCH_DATABASE"
SEEK = f"""
SELECT party, issue, says, posture, conditions, summary, red_line, occurred, report, publishers
FROM {TABLE}
WHERE party = :party AND issue = :issue AND effective <= :as_of AND strength >= {FLOOR}
  AND seq_from <= :seq AND seq_to > :seq
ORDER BY effective DESC, strength DESC, place DESC
LIMIT 1
"""
Row = dict[str, Any]


def empty() -> Flask:
    """Return an app whose one view does nothing."""
    app = Flask("empty")

    @app.get("/empty")
    def view() -> Response:
        return Response(b"{}", mimetype="application/json")

    return app


def hand_written() -> Flask:
    """Return an app whose one view seeks a row."""
    url = os.environ[DATABASE]
    app = Flask("hand_written")
    seek = _on_sqlite(url) if url.startswith("sqlite") else _on_postgresql(url)

    @app.get("/position")
    def view() -> Response:
        asked = request.args
        row = seek(
            {
                "party": asked["party"],
                "issue": asked["issue"],
                "as_of": int(asked["as_of"]),
                "seq": int(asked["seq"]),
            }
        )
        return Response(orjson.dumps(row), mimetype="application/json")

    return app


def _on_sqlite(url: str) -> Callable[[Row], Row | None]:
    mine = local()  # a connection for each thread of the server

    def seek(asked: Row) -> Row | None:
        if not hasattr(mine, "connection"):
            mine.connection = sqlite3.connect(url.removeprefix("sqlite:///"))
            mine.connection.row_factory = sqlite3.Row
        found = mine.connection.execute(SEEK, asked).fetchone()
        return dict(found) if found else None

    return seek


def _on_postgresql(url: str) -> Callable[[Row], Row | None]:
    mine = local()
    query = re.sub(r":(\w+)", r"%(\1)s", SEEK)

    def seek(asked: Row) -> Row | None:
        if not hasattr(mine, "connection"):
            mine.connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        found: Row | None = mine.connection.execute(query, asked, prepare=True).fetchone()
        return found

    return seek


@contextmanager
def served(app: str, url: str = "") -> Iterator[int]:
    """Serve one of the apps of this file as ours is served. Gives its port."""
    path = {"empty": "/empty", "hand_written": "/position?party=&issue=&as_of=0&seq=0"}[app]
    options = "--interface wsgi --workers 1 --log-level warning --host 127.0.0.1 --port PORT"
    with serving(
        path, "granian", *options.split(), "--factory", f"bench.peers:{app}", **{DATABASE: url}
    ) as port:
        yield port


@contextmanager
def ours(url: str) -> Iterator[int]:
    """Serve Stancelog with one worker. Gives its port."""
    options = "serve --workers 1 --port PORT"
    with serving("/readyz", "service.cli", "--database", url, *options.split()) as port:
        yield port


@contextmanager
def datasette(url: str) -> Iterator[int]:
    """Serve a SQLite file with Datasette, the seek being a canned query. Gives its port."""
    file = Path(url.removeprefix("sqlite:///"))
    metadata = file.with_suffix(".metadata.json")
    queries = {"position": {"sql": SEEK.strip()}}
    metadata.write_text(json.dumps({"databases": {file.stem: {"queries": queries}}}))
    path = f"/{file.stem}/position.json?_shape=array&party=&issue=&as_of=0&seq=0"
    options = f"serve {file} --metadata {metadata} --host 127.0.0.1 --port PORT"
    with serving(path, "datasette", *options.split()) as port:
        yield port


def has_datasette() -> bool:
    """Tell whether Datasette is installed: pip install '.[bench]'."""
    found = find_spec("datasette") is not None
    if not found:
        print("Datasette is not installed, and left out: pip install '.[bench]'", file=sys.stderr)
    return found
