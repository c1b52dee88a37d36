"""Atom 1.0 (RFC 4287), in pages (RFC 5005, section 3) that stay as they were."""

from typing import Any

from feedgenerator import Atom1Feed

from service.escaping import clean
from service.feeds.entries import Entry, Feed

MEDIA_TYPE = "application/atom+xml"

FORM = "atom"


def atom_feed(feed: Feed) -> bytes:
    """Return a page of a feed as XML."""
    made = _Atom(
        clean(feed.title),
        feed.home,
        "",
        language="en",
        author_name="Stancelog",
        subtitle=feed.subtitle,
        feed_guid=f"urn:uuid:{feed.id}",
        stancelog=feed,
    )
    for entry in feed.entries:
        made.add_item(
            entry.title,
            entry.account.page,
            None,
            unique_id=f"urn:uuid:{entry.id}",
            pubdate=entry.published,
            updateddate=entry.updated,
            author_name=clean(entry.publishers),
            content=entry.account.html(*entry.notes),
            stancelog=entry,
        )
    text: str = made.writeString("utf-8")
    return text.encode()


class _Atom(Atom1Feed):
    """With links to the other pages, and with categories that say of what kind they are."""

    def latest_post_date(self) -> Any:
        """Return when the feed changed last: never "now"."""
        return self.feed["stancelog"].updated

    def add_root_elements(self, handler: Any) -> None:
        """Add the links."""
        super().add_root_elements(handler)
        feed: Feed = self.feed["stancelog"]
        places = {"self": feed.page, "first": 1, "last": feed.pages}
        if feed.page > 1:
            places["previous"] = feed.page - 1
        if feed.page < feed.pages:
            places["next"] = feed.page + 1
        for rel, page in places.items():
            link = {"rel": rel, "href": feed.address(FORM, page), "type": MEDIA_TYPE}
            handler.addQuickElement("link", "", link)

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Add the categories."""
        super().add_item_elements(handler, item)
        entry: Entry = item["stancelog"]
        for kind, key, name in entry.categories:
            scheme = f"{entry.account.root}/v1/{'parties' if kind == 'party' else 'issues'}"
            category = {"term": key, "label": clean(name), "scheme": scheme}
            handler.addQuickElement("category", "", category)
