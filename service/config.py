"""Settings, from the environment."""

import os

DATABASE = "STANCELOG_DATABASE"
READ_DATABASE = "STANCELOG_READ_DATABASE"
PROJECTION = "STANCELOG_PROJECTION"
DEFAULT_DATABASE = "sqlite:///stancelog.db"

WRITES = "STANCELOG_WRITES"

LOCK_TIMEOUT = "STANCELOG_LOCK_TIMEOUT"
DEFAULT_LOCK_TIMEOUT = 30

STREAMS = "STANCELOG_STREAMS"

MOST_BYTES = 10 * 1024 * 1024
"""Largest body that is read; larger ones are 413."""

MOST_WAITING = 8
"""Requests of one process that may wait for something to be recorded; others are answered at
once. Each has a thread, of which the server gives a process 512 divided by the number of
processes, so half of them are free even with 32 processes."""


LONGEST_WAIT = 5
"""Seconds that a read waits for the `min_seq` that it insists on."""


class SettingError(ValueError):
    """A setting in the environment makes no sense."""


def database_url() -> str:
    """Return the database to use unless another is named."""
    return os.environ.get(DATABASE) or DEFAULT_DATABASE


def read_database_url() -> str | None:
    """Return the streaming replica that is read instead of the database; None: it is read."""
    return os.environ.get(READ_DATABASE) or None


def most_streams() -> int:
    """Return how many event streams one process keeps open at once. Raises SettingError."""
    text = os.environ.get(STREAMS) or "0"
    if not text.isdecimal() or int(text) > 256:
        raise SettingError(f"{STREAMS}={text!r} is no number of streams, from 0 (none) to 256")
    return int(text)


def is_followed() -> bool:
    """Tell whether `stancelog project --follow` lets the read models catch up, not each write."""
    value = os.environ.get(PROJECTION) or "sync"
    if value not in ("sync", "async"):
        raise SettingError(f"{PROJECTION} is {value!r}: give sync or async")
    return value == "async"


def allows_writing() -> bool:
    """Tell whether anything may be recorded over HTTP. Raises SettingError."""
    value = os.environ.get(WRITES) or "on"
    if value not in ("on", "off"):
        raise SettingError(f"{WRITES} is {value!r}: give on or off")
    return value == "on"


def lock_timeout() -> int:
    """Return the seconds to wait for a lock that others hold. Raises SettingError."""
    text = os.environ.get(LOCK_TIMEOUT) or str(DEFAULT_LOCK_TIMEOUT)
    if not text.isdecimal() or int(text) == 0:
        raise SettingError(f"{LOCK_TIMEOUT}={text!r} is no whole number of seconds, from 1 on")
    return int(text)
