"""What an assistant is told when there is no answer: what is wrong, and how to ask instead."""

import logging
import sqlite3

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from events.timeline import LogError
from projections.projector import OtherVersionError
from projections.reading import was_too_long
from service.problems import TOO_LONG, InvalidQueryError, NotFoundError

_log = logging.getLogger("stancelog")

_OUT_OF_REACH = (SQLAlchemyError, sqlite3.Error, psycopg.Error, LogError)


class TooLargeError(Exception):
    """An answer is longer than an assistant should be given."""


def told(tool: str, error: Exception) -> str:
    """Return what to tell of an error. What is not the asker's doing is logged."""
    if isinstance(error, NotFoundError):
        near = f" Did you mean {', '.join(error.did_you_mean)}?" if error.did_you_mean else ""
        return f"{error}{near} list_parties_and_issues has all that can be asked about."
    if isinstance(error, InvalidQueryError):
        rows = (f"- {fault.field}: {fault.message}" for fault in error.faults)
        return "\n".join(["The parameters are not as they have to be:", *rows])
    if isinstance(error, TooLargeError):
        return str(error)
    return _of_ours(tool, error)


def _of_ours(tool: str, error: Exception) -> str:
    if isinstance(error, OtherVersionError):
        _log.error("%s: %s", tool, error)
        return "This process runs other code than the database is made for: restart it."
    if isinstance(error, _OUT_OF_REACH):
        _log.error("%s: %s", tool, error)
        if was_too_long(error):
            return TOO_LONG
        return "The database does not answer. Ask again later."
    _log.error("%s failed", tool, exc_info=error)
    return "Something went wrong here, and was logged."
