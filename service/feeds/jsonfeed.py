"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from typing import Any

from events import dates
from service.escaping import clean
from service.feeds.entries import Entry, Feed

MEDIA_TYPE = "application/feed+json"

FORM = "json"


def json_feed(feed: Feed) -> dict[str, Any]:
    """Return a page of a feed."""
    following = feed.address(FORM, feed.page + 1) if feed.page < feed.pages else None
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": clean(feed.title),
        "description": feed.subtitle,
        "home_page_url": feed.home,
        "feed_url": feed.address(FORM, feed.page),
        **({"next_url": following} if following else {}),
        "language": "en",
        "authors": [{"name": "Stancelog"}],
        "items": [_item(entry) for entry in feed.entries],
    }


def _item(entry: Entry) -> dict[str, Any]:
    version = entry.version
    return {
        "id": f"urn:uuid:{entry.id}",
        "url": entry.account.page,
        "title": entry.title,
        "content_html": entry.account.html(*entry.notes),
        "content_text": entry.account.text(*entry.notes),
        "date_published": dates.to_text(dates.to_micros(entry.published)),
        "date_modified": dates.to_text(dates.to_micros(entry.updated)),
        "authors": [{"name": clean(entry.publishers)}],
        "tags": [clean(category.name) for category in entry.categories],
        "_stancelog": {
            "report": version.record["id"],
            "type": version.record["type"],
            "occurred": version.record["occurred"],
            "attribution": version.record["attribution"],
            "stands": version.stands,
            "version": version.version,
            "seq": version.seq,
        },
    }
