"""The log as a feed of events. CloudEvents 1.0, JSON format."""

from urllib.parse import urljoin

from events import dates
from projections.log import Entry
from service.answers.shared import Body
from service.following import Stretch
from service.links import url

SOURCE = url("log")


def feed(stretch: Stretch, after: int, limit: int, root: str) -> Body:
    """Return part of the log, and where to go on. `root`: the URL of the server."""
    last = stretch.entries[-1].seq if stretch.entries else after
    return {
        "events": [cloud_event(entry, root) for entry in stretch.entries],
        "after": after,
        "seq": stretch.head.seq,
        "next": last if stretch.more else None,
        "links": {
            "self": url("log", after=after, limit=limit),
            "next": url("log", after=last, limit=limit),
        },
    }


def cloud_event(entry: Entry, root: str) -> Body:
    """Return one record as an event.

    The schema's URL is absolute, as CloudEvents wants it; a source may be relative.
    """
    return {
        "specversion": "1.0",
        "id": str(entry.seq),
        "source": SOURCE,
        "type": f"stancelog.{entry.type}.recorded",
        "subject": entry.record["report"] if entry.amends else entry.record["id"],
        "time": dates.to_text(entry.recorded_at),
        "datacontenttype": "application/json",
        "dataschema": urljoin(root, f"/schemas/{entry.type}.json"),
        "seq": entry.seq,
        "recordedby": entry.recorded_by,
        "data": entry.record,
    }
