"""The parameters of what widgets and readers fetch."""

from typing import Any

from marshmallow import fields, post_load

from events.vocabulary import ATTRIBUTIONS
from service.schemas.fields import LONGEST_NAME, Choice, Text
from service.schemas.queries import Known, Moment, Number, Window, names_wanted
from service.schemas.shapes import Answer, many, number, one, text, texts

MOST_REPORTS = 500
"""Reports that a widget is told one by one."""

MOST_SLIDES = 200
"""Reports that a story is made of: TimelineJS is not made for more."""

MOST_ENTRIES = 200
"""Reports on one page of a feed."""

MOST_EVENTS = 500
"""Meetings of a calendar."""


def _cache_buster() -> Text:
    return Text(
        LONGEST_NAME,
        data_key="_",
        metadata={"description": "Means nothing: jQuery and its kin add it to get past caches."},
    )


class WidgetQuery(Moment):
    """What a widget shows: until when, as known when, of whom, on what."""

    status_floor = Choice(
        ATTRIBUTIONS,
        metadata={
            "description": "The weakest attribution that sets a status. Default: floor, where "
            "it is given, else media_report.",
        },
    )
    party = names_wanted("parties")
    issue = names_wanted("issues")
    from_ = Window(
        is_end=False,
        data_key="from",
        metadata={"description": "Only what may have been so, or happened, at or after this date."},
    )
    to = Window(
        is_end=True,
        metadata={"description": "Only what may have been so, or happened, at or before this."},
    )
    limit = Number(
        1,
        MOST_REPORTS,
        load_default=MOST_REPORTS,
        metadata={"description": "Most reports told one by one."},
    )
    cache_buster = _cache_buster()

    @post_load
    def without_cache_buster(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the parameters that mean something."""
        data.pop("cache_buster", None)
        return data


class StoryQuery(WidgetQuery):
    """The same of TimelineJS, which shows a slide a report."""

    limit = Number(
        1,
        MOST_SLIDES,
        load_default=100,
        metadata={"description": "Most reports: the last to take effect. The title tells."},
    )


class SpanQuery(WidgetQuery):
    """The same of what shows no reports."""

    class Meta(WidgetQuery.Meta):
        """Nothing is cut off."""

        exclude = ("limit", "status_floor")


class FeedQuery(Known):
    """Which page of a feed."""

    limit = Number(
        1,
        MOST_ENTRIES,
        load_default=50,
        metadata={"description": "Most entries of a page."},
    )
    page = Number(1, 10**6, load_default=1, metadata={"description": "Which page, from 1."})
    cache_buster = _cache_buster()

    @post_load
    def without_cache_buster(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the parameters that mean something."""
        data.pop("cache_buster", None)
        return data


class CalendarQuery(FeedQuery):
    """How much of a calendar."""

    class Meta(FeedQuery.Meta):
        """A calendar has no pages."""

        exclude = ("page",)

    limit = Number(
        1,
        MOST_EVENTS,
        load_default=100,
        metadata={"description": "Most meetings: those recorded or amended last."},
    )


# Answers


class StoryText(Answer):
    """What a slide says, as HTML."""

    headline = text()
    text = fields.String(required=True)


class Slide(Answer):
    """One slide of TimelineJS."""

    unique_id = text()
    start_date = fields.Dict(keys=fields.String(), values=fields.Integer())
    end_date = fields.Dict(keys=fields.String(), values=fields.Integer())
    display_date = fields.String(metadata={"description": "The date as vague as it was given."})
    group = fields.String()
    text = one(StoryText)


class Story(Answer):
    """What TimelineJS takes."""

    title = one(Slide)
    events = many(Slide)
    eras = many(Slide)
    scale = text()


class Item(Answer):
    """One item of vis-timeline; `content` and `title` are HTML."""

    id = text()
    group = fields.String()
    type = text("range, point or background")
    start = text("As the clock reads in UTC, without a zone.")
    end = fields.String()
    content = text()
    title = text()
    className = text()  # noqa: N815  as vis-timeline has it
    party = fields.String()
    issue = fields.String()
    state = fields.String()
    position = fields.String(allow_none=True)
    status = fields.String()
    contested = fields.Boolean()
    report = fields.String()
    occurred = fields.String()
    attribution = fields.String()
    url = fields.String()
    count = fields.Integer(metadata={"description": "Of a cluster: how many reports."})


class Group(Answer):
    """One lane of vis-timeline."""

    id = text()
    content = text()
    className = text()  # noqa: N815  as vis-timeline has it
    order = number()


class Timeline(Answer):
    """What vis-timeline takes."""

    items = many(Item)
    groups = many(Group)
    left_out = texts()


class ChartSegment(Answer):
    """One stretch of a position."""

    timeRange = texts()  # noqa: N815  as timelines-chart has it
    val = text()
    labelVal = text()  # noqa: N815  as timelines-chart has it


class ChartLine(Answer):
    """The positions on one issue."""

    label = text()
    data = many(ChartSegment)


class ChartGroup(Answer):
    """The positions of one party."""

    group = text()
    data = many(ChartLine)
