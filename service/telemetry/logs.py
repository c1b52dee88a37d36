"""The log of the server: a line of JSON each, or text for people at a terminal, on stderr.

What the libraries and we log through `logging` and the lines of requests go through the same
processors, so that both look alike and have the id of their request.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson
import structlog
from structlog import dev, processors, stdlib
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

from service import settings
from service.access.tokens import without_secrets
from service.telemetry import ids

REQUESTS = "stancelog.requests"
"""What lines about requests have as their logger."""

LEVELS = logging.getLevelNamesMapping()

NOISE = ("Context impl", "Will assume", "Configuration allows spawning")
"""How what is of no use to anybody begins: Alembic's at each start, and Granian's on threads that
we mean it to have."""

Line = MutableMapping[str, Any]


def configuration() -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes, in the server and in each of its workers.

    Granian, whose processes they are, tells of its starts and stops only where asked for debug.
    """
    level = settings.log_level()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"useful": {"()": f"{__name__}.useful"}},
        "formatters": {"lines": {"()": f"{__name__}.formatter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["useful"],
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {"_granian": {"level": "INFO" if level == "debug" else "WARNING"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }


def useful() -> Callable[[logging.LogRecord], bool]:
    """Return what tells whether a record is of use to anybody."""
    return lambda record: not str(record.msg).startswith(NOISE)


def formatter() -> logging.Formatter:
    """Return what makes a line of a record of `logging`."""
    named: list[Processor] = [stdlib.add_logger_name]
    return stdlib.ProcessorFormatter(
        foreign_pre_chain=[*named, *_processors()],
        processors=[stdlib.ProcessorFormatter.remove_processors_meta, *_rendered()],
    )


def of_requests() -> FilteringBoundLogger:
    """Return the logger of lines about requests.

    It goes past `logging`, which takes longer for one line than an answer that is given again.
    """
    made = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[*_processors(), *_rendered()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.log_level().upper()]),
        cache_logger_on_first_use=True,
    )
    bound: FilteringBoundLogger = made.bind(logger=REQUESTS)
    return bound


def is_json() -> bool:
    """Tell whether lines are JSON: as it is set, and as a rule where nobody sits and reads."""
    form = settings.log_format()
    return form == "json" or (form == "auto" and not sys.stderr.isatty())


def _processors() -> list[Processor]:
    return [
        _with_request_id,
        processors.add_log_level,
        processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendered() -> list[Processor]:
    if is_json():
        as_json = processors.JSONRenderer(serializer=_json)
        return [processors.format_exc_info, as_json, _without_tokens]
    show = dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        exception_formatter=dev.plain_traceback,  # the default shows what variables hold
        pad_event_to=0,
    )
    return [_without_controls, show, _without_tokens]


def _with_request_id(_: WrappedLogger, __: str, line: Line) -> Line:
    if (id_ := ids.current()) is not None:
        line["request_id"] = id_
    return line


def _without_controls(_: WrappedLogger, __: str, line: Line) -> Line:
    """Let nothing that somebody sent take over the terminal. JSON cannot."""
    for key, value in line.items():
        if isinstance(value, str) and not value.isprintable():
            line[key] = "".join(one if one.isprintable() else repr(one)[1:-1] for one in value)
    return line


def _without_tokens(_: WrappedLogger, __: str, line: Any) -> str:
    """Let no line, which is a text by now, hold a token that somebody has put into a path."""
    return without_secrets(line)


def _json(line: Line, **_: Any) -> str:
    return orjson.dumps(line, default=str).decode()
