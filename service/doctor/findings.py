"""What a look at an installation finds: what is so, and how to mend what should not be."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # it works, and may not one day
    ERROR = "error"  # it does not work, or answers lack something


class Finding(NamedTuple):
    """One line what, and one how to mend it; empty where there is nothing to mend."""

    level: Level
    about: str
    what: str
    mend: str = ""


def ok(about: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, about, what)


def warning(about: str, what: str, mend: str) -> Finding:
    """Return that something may go wrong."""
    return Finding(Level.WARNING, about, what, mend)


def error(about: str, what: str, mend: str) -> Finding:
    """Return that something is wrong."""
    return Finding(Level.ERROR, about, what, mend)
