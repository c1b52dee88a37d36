"""Parties and issues on record: to choose from in a form, and to make out what was typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection

from events.errors import UnknownError, UnknownIssueError, UnknownPartyError
from events.issues import issue_key
from events.parties import party_key
from events.records import Record
from projections import catalog
from projections.log import Head
from service import lookup
from service.http import store
from service.pages.view import EVERY
from service.schemas.fields import ID

UNKNOWN: dict[str, type[UnknownError]] = {"party": UnknownPartyError, "issue": UnknownIssueError}
KEY = {"party": party_key, "issue": issue_key}
CALLED = {"party": "name", "issue": "title"}


class Choice(NamedTuple):
    """What a form offers for a party or an issue."""

    text: str  # what choosing it fills in
    about: str


class Suggestions:
    """All that is on record now, by every text that stands for it."""

    def __init__(self, connection: Connection, head: Head) -> None:
        self._connection, self._head = connection, head
        self.records: dict[str, dict[str, Record]] = {}
        self._ids: dict[str, dict[str, str]] = {}
        self._alike: dict[str, dict[str, list[str]]] = {}
        for kind, called in CALLED.items():
            found = catalog.versions(connection, kind, head.seq, count=EVERY)
            self.records[kind] = {one.record["id"]: one.record for one in found}
            alike: dict[str, list[str]] = {}
            self._alike[kind] = alike
            for key, record in self.records[kind].items():
                alike.setdefault(record[called].strip().casefold(), []).append(key)
            names = {text: ids[0] for text, ids in alike.items() if len(ids) == 1}
            self._ids[kind] = names | catalog.names(connection, kind, head.seq)
        self.unknown: list[UnknownError] = []

    def resolve(self, kind: str, text: str, field: str) -> str:
        """Return the id that a text stands for. Of one that stands for none, note the error."""
        if found := self._ids[kind].get(text.casefold()):
            return found
        if ID.fullmatch(text) and store().timeline.find(KEY[kind](text)):
            return text  # what is read is behind the log
        error = UNKNOWN[kind](text, field)
        error.did_you_mean = self._nearest(kind, text)
        self.unknown.append(error)
        return text

    def _nearest(self, kind: str, text: str) -> list[str]:
        if several := self._alike[kind].get(text.casefold()):
            return several
        found = lookup.like(self._connection, kind, text, self._head.seq)
        return found or lookup.like(self._connection, kind, text, self._head.seq, self._ids[kind])

    def called(self, kind: str, key: str) -> str:
        """Return what a party or issue is called, where that stands for no other; else its id."""
        record = self.records[kind].get(key)
        text = str(record[CALLED[kind]]).strip() if record else key
        return text if self._ids[kind].get(text.casefold()) == key else key

    def about(self, kind: str, key: str) -> str:
        """Return what tells a party or issue from others that are called like it."""
        record = self.records[kind].get(key, {})
        if kind == "issue":
            return str(record.get("proposition", ""))
        others = [key, *record.get("codes", {}).values(), *record.get("aliases", ())]
        return ", ".join(others)

    def choices(self, kind: str) -> list[Choice]:
        """Return what can be chosen, in order of the alphabet."""
        keys = self.records[kind]
        found = [Choice(self.called(kind, key), self.about(kind, key)) for key in keys]
        return sorted(found, key=lambda choice: choice.text.casefold())

    def proposition(self, text: str) -> str:
        """Return what an issue's positions are about; nothing where no issue is called that."""
        return self.about("issue", self._ids["issue"].get(text.strip().casefold(), ""))


@contextmanager
def suggesting() -> Iterator[Suggestions]:
    """Give what is on record now."""
    with store().reading() as (connection, head):
        yield Suggestions(connection, head)
