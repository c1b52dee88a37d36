"""Meetings as iCalendar (RFC 5545).

A meeting of a day, or of days, is all-day; one with a time is at that time, in UTC. One whose date
is vaguer than a day lasts for all that the date may mean, and its summary says so. What is
retracted is cancelled, not left out: calendars keep what they are not told to drop.
"""

from datetime import timedelta
from typing import Any

from icalendar import Calendar, Event

from events import dates
from events.dates import DAY, bounds_of
from service import wording
from service.escaping import clean
from service.feeds.entries import Entry, Feed

MEDIA_TYPE = "text/calendar"

FORM = "ics"

LONGEST_TEXT = 1_000

MOST_CATEGORIES = 10


def calendar_feed(feed: Feed) -> bytes:
    """Return the meetings of a feed."""
    made = Calendar()
    made.add("prodid", "-//Stancelog//Meetings//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    title = clean(wording.squeezed(feed.title))
    made.add("name", title)
    made.add("x-wr-calname", title)
    made.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for entry in feed.entries:
        made.add_component(_event(entry))
    content: bytes = made.to_ical()
    return content


def _event(entry: Entry) -> Event:
    version = entry.version
    record = version.record
    made = Event()
    made.add("uid", entry.id)
    made.add("sequence", version.version - 1)
    made.add("dtstamp", entry.updated.replace(microsecond=0))
    made.add("created", entry.published.replace(microsecond=0))
    made.add("last-modified", entry.updated.replace(microsecond=0))
    for name, value in _when(record["occurred"]).items():
        made.add(name, value)
    made.add("summary", _summary(entry))
    told = wording.shortened(entry.account.text(*entry.notes, with_page=False), LONGEST_TEXT)
    made.add("description", _plain(f"{told}\n\n{entry.account.page}"))
    if place := record.get("place"):
        made.add("location", _plain(wording.squeezed(place)))
    made.add("url", entry.account.page)
    names = [
        _plain(wording.squeezed(category.name)) for category in entry.categories[:MOST_CATEGORIES]
    ]
    if names:
        made.add("categories", names)
    made.add("transp", "TRANSPARENT")
    if not version.stands:
        made.add("status", "CANCELLED")
    return made


def _summary(entry: Entry) -> str:
    occurred = entry.version.record["occurred"]
    title = wording.squeezed(entry.title)
    if wording.is_day(occurred) and not occurred.endswith("/.."):
        return title
    return f"{title} ({wording.date_in_words(occurred)})"


def _when(occurred: str) -> dict[str, Any]:
    """Return the start, and the end where there is one that is not the start."""
    earliest, latest = bounds_of(occurred)
    parts = [part for part in occurred.split("/") if part != ".."]
    if all("T" in part.upper() for part in parts):
        first, last = (_second(micros) for micros in (earliest, latest))
        return {"dtstart": first, "dtend": last} if last > first else {"dtstart": first}
    when: dict[str, Any] = {"dtstart": dates.to_datetime(earliest).date()}
    if latest < dates.END_OF_TIME // DAY * DAY:  # there is a day after it
        when["dtend"] = dates.to_datetime(latest).date() + timedelta(days=1)
    return when


def _second(micros: int) -> Any:
    return dates.to_datetime(micros).replace(microsecond=0)


def _plain(text: str) -> str:
    """Return text with line breaks of one kind."""
    return clean(text).replace("\r\n", "\n").replace("\r", "\n")
