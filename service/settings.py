"""Settings: every STANCELOG_* variable of the environment, with what it means.

One that may hold a password can also be given as STANCELOG_…_FILE, the name of a file that has the
value, as containers hand out secrets. `stancelog settings` lists them.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

T = TypeVar("T")

PREFIX = "STANCELOG_"
IN_A_FILE = "_FILE"

DEFAULT = "default"
ENVIRONMENT = "environment"


class SettingError(ValueError):
    """A setting makes no sense."""


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting. Called, it returns its value."""

    name: str
    default: str  # as it would be written; empty: none
    meaning: str
    parse: Callable[[str], T]  # raises ValueError with what the value has to be
    takes: str = ""  # what it may be, for people
    is_secret: bool = False  # it may hold a password

    def __call__(self) -> T:
        """Return the value. Raises SettingError."""
        text, source = self.told()
        try:
            return self.parse(text)
        except ValueError as error:
            named = self.name if source in (ENVIRONMENT, DEFAULT) else self.name + IN_A_FILE
            raise SettingError(f"{named} is {text!r}: {error}") from None

    def told(self) -> tuple[str, str]:
        """Return the text of the value, and where it comes from. Raises SettingError."""
        text = os.environ.get(self.name)
        file = os.environ.get(self.name + IN_A_FILE) if self.is_secret else None
        if text and file:
            raise SettingError(f"{self.name} and {self.name}{IN_A_FILE} are both set: set one")
        if text:
            return text, ENVIRONMENT
        if not file:
            return self.default, DEFAULT
        try:
            return Path(file).read_text().strip(), f"file {file}"
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{self.name}{IN_A_FILE}: {file}: {error}") from None


SETTINGS: list[Setting[object]] = []
"""All of them, in the order in which an operator reads about them."""


def _setting(
    name: str,
    default: str,
    meaning: str,
    parse: Callable[[str], T],
    takes: str,
    *,
    is_secret: bool = False,
) -> Setting[T]:
    one = Setting(PREFIX + name, default, meaning, parse, takes, is_secret)
    SETTINGS.append(one)  # type: ignore[arg-type]
    return one


# What values may be


def _text(text: str) -> str:
    return text


def _text_or_none(text: str) -> str | None:
    return text or None


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"give {' or '.join(words)}")
        return text

    return parse


def _is(word: str, *words: str) -> Callable[[str], bool]:
    parse = _one_of(*words)
    return lambda text: parse(text) == word


def _whole(least: int, most: int, what: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
        if not least <= number <= most:
            raise ValueError(f"give a whole number of {what}, from {least:,} to {most:,}")
        return number

    return parse


def _address(text: str) -> str:
    """Return the root of a server, without a slash at its end; nothing for nothing."""
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("give an address such as https://stance.example.org")
    return text.rstrip("/")


def _names(text: str) -> tuple[str, ...]:
    """Return the host names of a list."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", name):
            raise ValueError(f"{name!r} is no host name: give names without a port, with commas")
    return names


def _rate(text: str) -> str | None:
    if text == "off":
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text):
        raise ValueError("give a number of requests and a time, such as 1200/minute, or off")
    return text


# The settings

database_url = _setting(
    "DATABASE",
    "sqlite:///stancelog.db",
    "The database: the log and all that is read from it.",
    _text,
    "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    is_secret=True,
)
host = _setting(
    "HOST",
    "127.0.0.1",
    "The address that 'stancelog serve' listens to. Beyond this machine, writing needs a token.",
    _text,
    "an address or a name",
)
reads_are_open = _setting(
    "READS",
    "open",
    "Who may read: anybody (open), or who has a token (token).",
    _is("open", "open", "token"),
    "open or token",
)
allows_writing = _setting(
    "WRITES",
    "on",
    "Whether anything may be recorded over HTTP; off: 403, and the pages show no forms.",
    _is("on", "on", "off"),
    "on or off",
)
hosts = _setting(
    "HOSTS",
    "",
    "The names under which the server is reached, so that it answers to no other; none: any name.",
    _names,
    "names with commas: stance.example.org,.example.net (and all below it)",
)
proxies = _setting(
    "PROXIES",
    "0",
    "Proxies before the server, whose X-Forwarded-For, -Proto and -Host are believed.",
    _whole(0, 9, "proxies"),
    "a number",
)
read_database_url = _setting(
    "READ_DATABASE",
    "",
    "A streaming replica that is read instead of the database.",
    _text_or_none,
    "postgresql://…",
    is_secret=True,
)
is_followed = _setting(
    "PROJECTION",
    "sync",
    "Who applies a write to the read models: the write itself before it is answered (sync), or "
    "'stancelog project --follow' (async).",
    _is("async", "sync", "async"),
    "sync or async",
)
lock_timeout = _setting(
    "LOCK_TIMEOUT",
    "30",
    "Seconds that a lock which others hold is waited for.",
    _whole(1, 86_400, "seconds"),
    "seconds",
)
query_timeout = _setting(
    "QUERY_TIMEOUT",
    "30",
    "Seconds that the database may take for one question over HTTP.",
    _whole(1, 86_400, "seconds"),
    "seconds",
)
rate = _setting(
    "RATE",
    "1200/minute",
    "Requests that a client may make, by address; not counted: those from this machine itself, and "
    "answers that are given again as they are.",
    _rate,
    "a number/second, minute, hour or day; or off",
)
most_streams = _setting(
    "STREAMS",
    "0",
    "Event streams (/v1/stream) that each worker keeps open; each takes a thread. 0: none.",
    _whole(0, 256, "streams"),
    "a number, at most 256",
)
base_url = _setting(
    "BASE_URL",
    "",
    "Where people reach the server: permalinks that 'stancelog mcp' gives begin with it.",
    _address,
    "http(s)://…",
)
signing_key = _setting(
    "SIGNING_KEY",
    "",
    "The file of the key that signs checkpoints.",
    _text_or_none,
    "a file",
)
log_level = _setting(
    "LOG_LEVEL",
    "info",
    "The least level that is logged.",
    _one_of("debug", "info", "warning", "error"),
    "debug, info, warning or error",
)
log_format = _setting(
    "LOG_FORMAT",
    "auto",
    "How the server logs, on stderr: lines of JSON, text, or text on a terminal alone (auto).",
    _one_of("auto", "json", "text"),
    "auto, json or text",
)
log_requests = _setting(
    "LOG_REQUESTS",
    "failed",
    "Which requests have a line in the log: none (off), those answered with 400 and above (failed) "
    "or every one (all).",
    _one_of("off", "failed", "all"),
    "off, failed or all",
)
traces = _setting(
    "OTEL",
    "auto",
    "Traces by OpenTelemetry: on, off, or where OTEL_EXPORTER_OTLP_ENDPOINT is set (auto). They "
    "need the extra [otel].",
    _one_of("auto", "on", "off"),
    "auto, on or off",
)
stop_timeout = _setting(
    "STOP_TIMEOUT",
    "25",
    "Seconds that a server which is told to stop lets the requests in flight take.",
    _whole(1, 3600, "seconds"),
    "seconds",
)


def redacted(url: str) -> str:
    """Return a database URL without its password; other text as it is."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def unknown() -> list[str]:
    """Return the STANCELOG_* variables of the environment that mean nothing."""
    known = {one.name for one in SETTINGS}
    known |= {one.name + IN_A_FILE for one in SETTINGS if one.is_secret}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
