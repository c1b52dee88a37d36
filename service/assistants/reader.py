"""What every tool reads from: the timeline, and where its answers are found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from events.errors import Fault
from events.vocabulary import POSITION_FLOOR
from projections.log import Head
from service.clocks import Asked, Clocks, resolve
from service.problems import InvalidQueryError
from service.store import Store


@dataclass(frozen=True)
class Reader:
    """One database, read for assistants."""

    store: Store
    base_url: str = ""  # where people reach the server; empty: links stay paths

    @contextmanager
    def asking(self, asked: Asked | Clocks) -> Iterator[tuple[Connection, Head, Clocks]]:
        """Give a connection for one question, with its clocks resolved.

        Clocks are resolved already where a cursor has them. Raises InvalidQueryError.
        """
        with self.store.reading() as (connection, head):
            if isinstance(asked, Asked):
                asked = resolve(connection, head, asked, POSITION_FLOOR)
            elif asked.seq > head.seq:
                message = "is of another log: this one has not come so far"
                raise InvalidQueryError(Fault("cursor", "unknown", message))
            yield connection, head, asked

    def link(self, path: str) -> str:
        """Return the address of a path of the server."""
        return self.base_url.rstrip("/") + path

    def links(self, path: str) -> dict[str, str]:
        """Return where an answer is found for ever: as data, and as a page for people."""
        return {"permalink": self.link(path), "page": self.link(path.removeprefix("/v1"))}
