"""Feeds for readers and calendars: reports as they were recorded and amended, newest first."""

from service.feeds.atom import atom_feed
from service.feeds.calendar import calendar_feed
from service.feeds.entries import Entry, Feed, feed_of
from service.feeds.jsonfeed import json_feed

__all__ = ["Entry", "Feed", "atom_feed", "calendar_feed", "feed_of", "json_feed"]
