"""What a feed is made of, whatever its form.

A report is one entry, for ever: corrected or retracted, it comes to the front again under the
same id, and says so. Of a party or an issue come those too that named it once: who read them in
the feed is told that they do not any more.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Connection

from events import dates
from events.names import record_key
from events.records import issues_named, parties_named
from projections import log, newest
from projections.newest import Newest, Subject
from projections.reports import Version
from service import links, wording
from service.accounts import Account, standing_title, what_became_of
from service.clocks import Clocks
from service.wording import Names

FEEDS = UUID("b7f3c1f0-3c0b-5f0e-9a55-3b1a0f6f2f11")

LONGEST_TITLE = 200

MOST_CATEGORIES = 50


class Category(NamedTuple):
    """What an entry is about."""

    kind: str  # party or issue
    id: str
    name: str


class Entry(NamedTuple):
    """One report, as it reads."""

    id: str  # a UUID: the same on whichever host, and in whichever copy of the log
    version: Version
    title: str
    account: Account
    notes: list[str]  # what became of it
    published: datetime
    updated: datetime
    categories: list[Category]
    publishers: str


class Feed(NamedTuple):
    """One page of a feed."""

    id: str
    title: str
    subtitle: str
    home: str  # the address of the page for people
    path: str  # of the feed, without its form
    root: str  # the address of the server, before paths
    seq: int
    is_pinned: bool  # asked for as it was at that position in the log
    page: int
    pages: int
    limit: int
    usual: int  # the limit of who asks for none
    updated: datetime
    entries: list[Entry]

    def address(self, form: str, page: int) -> str:
        """Return the address of a page of it as it is now.

        Readers keep to the address of the first page: it has to be the one that goes on. The
        other pages are those at its position in the log, so that nothing moves between them.
        """
        if page == 1 and not self.is_pinned:
            limit = None if self.limit == self.usual else self.limit
            return self.root + links.page("feeds", *self._segments(form), limit=limit)
        return self.root + self.permalink(form, page)

    def permalink(self, form: str, page: int) -> str:
        """Return the path of a page of it as it was at its position in the log."""
        pins = {"page": None if form == "ics" else page, "limit": self.limit, "seq": self.seq}
        return links.page("feeds", *self._segments(form), **pins)

    def _segments(self, form: str) -> list[str]:
        return f"{self.path}.{form}".split("/")


def feed_of(
    connection: Connection,
    subject: Subject | None,
    clocks: Clocks,
    *,
    root: str,
    page: int,
    limit: int,
    usual: int,
    is_pinned: bool,
    type_: str | None = None,
) -> Feed:
    """Return a page of a feed as it was at a position in the log. `type_`: only such reports."""
    seq = clocks.seq
    number = newest.number_of(connection, subject, seq=seq)
    found = newest.newest(
        connection, subject, seq=seq, skip=(page - 1) * limit, count=limit, type_=type_
    )
    parties, issues = wording.told_names(one.version.record for one in found)
    if subject:
        (parties if subject.kind == "party" else issues).add(subject.id)
    names = wording.names_of(connection, parties, issues, seq)
    path, about, segments = _about(subject, names)
    began = log.recorded_at(connection, 1) if seq else 0
    entries = [_entry(one, subject, names, root) for one in found]
    return Feed(
        id=str(uuid5(FEEDS, f"{began} {path}")),
        title=f"Stancelog: {about}",
        subtitle="Statements and meetings as they are recorded, corrected and retracted.",
        home=root + links.page(*segments),
        path=path,
        root=root,
        seq=seq,
        is_pinned=is_pinned,
        page=page,
        pages=max(1, -(-number // limit)),
        limit=limit,
        usual=usual,
        updated=entries[0].updated if entries else dates.EPOCH,
        entries=entries,
    )


def _about(subject: Subject | None, names: Names) -> tuple[str, str, tuple[str, ...]]:
    if subject is None:
        return "all", "all reports", ("matrix",)
    if subject.kind == "party":
        name = names.party(subject.id)
        return f"parties/{subject.id}", f"reports that name {name}", ("parties", subject.id)
    name = names.issue(subject.id)
    return f"issues/{subject.id}", f"reports on {name}", ("issues", subject.id)


def _entry(one: Newest, subject: Subject | None, names: Names, root: str) -> Entry:
    version = one.version
    record = version.record
    about = [Category("party", key, names.party(key)) for key in parties_named(record)]
    about += [Category("issue", key, names.issue(key)) for key in issues_named(record)]
    named = [wording.squeezed(source["publisher"]) for source in record["sources"]]
    return Entry(
        id=str(uuid5(record_key(record["id"]), str(one.first_recorded_at))),
        version=version,
        title=standing_title(version, names, LONGEST_TITLE),
        account=Account(record, names, root),
        notes=[*what_became_of(version), *_no_longer(about, subject, names)],
        published=dates.to_datetime(one.first_recorded_at),
        updated=dates.to_datetime(version.recorded_at),
        categories=about[:MOST_CATEGORIES],
        publishers=wording.listed(list(dict.fromkeys(named))),
    )


def _no_longer(about: list[Category], subject: Subject | None, names: Names) -> list[str]:
    if subject is None or any((one.kind, one.id) == subject for one in about):
        return []
    name = names.party(subject.id) if subject.kind == "party" else names.issue(subject.id)
    return [f"As it reads now, this report does not name {name}."]
