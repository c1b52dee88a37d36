"""The id of a request: on its answer, in every line that is logged meanwhile, in every problem."""

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def begin(environ: Mapping[str, Any]) -> str:
    """Return the id of a request that begins: what stands before us gave it, or it is new."""
    told = environ.get("HTTP_X_REQUEST_ID")
    id_ = told if told and _SANE.fullmatch(told) else os.urandom(8).hex()
    _current.set(id_)
    return id_


def end() -> None:
    """Forget it: what this thread logs from now on is of no request."""
    _current.set(None)


def current() -> str | None:
    """Return the id of the request that this thread answers."""
    return _current.get()
