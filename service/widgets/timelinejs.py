"""Reports as TimelineJS takes them: a slide each, and the statuses of one issue as eras.

What its code has to be told, and how (3.9): dates only as objects; a list of events that is not
empty; no key `errors`. It takes `headline` and `text` for HTML, of which it lets harmless parts
through. Of `group` and `display_date` it takes the markup out and uses what is left as HTML: so
those are escaped twice. As CSV the cells are HTML all the same, and are never formulas.
"""

from collections.abc import Iterator
from typing import Any

from events import dates
from events.dates import Bounds, bounds_of
from events.records import Record, speakers_of
from projections import windows
from projections.reports import Version
from projections.spans import Span, TooManyError
from service import wording
from service.accounts import Account
from service.escaping import html, html_twice, no_formula, paragraph
from service.widgets.scene import Scene, contested
from service.wording import Names

Slide = dict[str, Any]

LONGEST_HEADLINE = 160

COLUMNS = (
    "Year",
    "Month",
    "Day",
    "Time",
    "End Year",
    "End Month",
    "End Day",
    "End Time",
    "Display Date",
    "Headline",
    "Text",
    "Media",
    "Media Credit",
    "Media Caption",
    "Media Thumbnail",
    "Alt Text",
    "Type",
    "Group",
    "Background",
)
"""Those of its template for spreadsheets."""


def story(scene: Scene) -> dict[str, Any]:
    """Return a title slide, a slide for each report in order of effect, and eras."""
    number = windows.number_in(scene.connection, scene.window, seq=scene.clocks.seq)
    reports = windows.newest_in(
        scene.connection, scene.window, seq=scene.clocks.seq, count=scene.shown.limit
    )
    statuses = _statuses(scene)
    names = _names(scene, reports)
    return {
        "title": _title(scene, len(reports), number, names),
        "events": [_event(scene, one, names) for one in reports] or [_nothing(scene)],
        "eras": [_era(scene, span, names) for span in statuses],
        "scale": "human",
    }


def story_rows(told: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the cells of a story as CSV, a row of COLUMNS first."""
    yield [*COLUMNS]
    yield _row(told["title"], "title")
    for event in told["events"]:
        yield _row(event, "")
    for era in told["eras"]:
        yield _row(era, "era")


def _statuses(scene: Scene) -> list[Span]:
    if len(scene.shown.issues) != 1:
        return []
    try:
        return [span for some in scene.statuses().values() for span in some]
    except TooManyError:
        return []


def _names(scene: Scene, reports: list[Version]) -> Names:
    return scene.names(*wording.told_names(one.record for one in reports))


# Slides


def _title(scene: Scene, shown: int, number: int, names: Names) -> Slide:
    about = [names.issue(issue) for issue in scene.shown.issues]
    about += [names.party(party) for party in scene.shown.parties]
    headline = wording.listed(about) or "Statements and meetings"
    if shown < number:
        told = f"The last {shown} of {number} reports to take effect."
    else:
        told = f"{number} report{'s' * (number != 1)} on record."
    echo = scene.clocks.echo()
    known = echo["known_at"] or "the empty log"
    return {
        "unique_id": "title",
        "text": {
            "headline": html(wording.shortened(headline, LONGEST_HEADLINE)),
            "text": paragraph(told)
            + paragraph(f"As known at {known} (log position {echo['seq']}). Dates are in UTC."),
        },
    }


def _nothing(scene: Scene) -> Slide:
    """Return a slide that says that there are none: an empty list is an error to it."""
    date = dates.to_text(scene.end)[:10]
    return {
        "unique_id": "nothing",
        "start_date": _date(date),
        "display_date": html_twice(wording.date_in_words(date)),
        "text": {
            "headline": "Nothing is on record",
            "text": paragraph("No report that stands tells of this. That says nothing of it."),
        },
    }


def _event(scene: Scene, version: Version, names: Names) -> Slide:
    record = version.record
    occurred = record["occurred"]
    begins, _, ends = occurred.partition("/")
    title = wording.title_of(record, names)
    is_long = len(title) > LONGEST_HEADLINE
    event = {
        "unique_id": f"report-{record['id']}",
        "start_date": _date(begins),
        "display_date": html_twice(wording.date_in_words(occurred)),
        "text": {
            "headline": html(wording.shortened(title, LONGEST_HEADLINE)),
            "text": Account(record, names, scene.root).html(with_summary=is_long),
        },
        "group": html_twice(_group_of(record, names)),
    }
    if ends and ends not in {"..", begins}:
        event["end_date"] = _date(ends)
    return event


def _group_of(record: Record, names: Names) -> str:
    if record["type"] == "meeting":
        return "Meetings"
    speakers = speakers_of(record)
    return names.party(speakers[0]) if len(speakers) == 1 else "Joint statements"


def _era(scene: Scene, span: Span, names: Names) -> Slide:
    run = span.run
    words = contested(run.says.replace("_", " "), span)
    return {
        "unique_id": f"era-{run.effect}",
        "start_date": _instant(run.effect),
        "end_date": _instant(scene.end_of(run)),
        "text": {"headline": html(f"Status: {words}"), "text": ""},
    }


# Dates


def _date(text: str) -> dict[str, int]:
    """Return a date as precise as it was given; an instant as the clock reads in UTC."""
    bounds: Bounds = bounds_of(text)
    if "T" in text.upper():
        return _instant(bounds.earliest)
    begins = dates.to_datetime(bounds.earliest)
    parts = {"year": begins.year, "month": begins.month, "day": begins.day}
    given = text.rstrip("?~%").count("-") + 1
    return dict(list(parts.items())[:given])


def _instant(micros: int) -> dict[str, int]:
    at = dates.to_datetime(micros)
    return {
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
    }


# CSV


def _row(slide: Slide, type_: str) -> list[str]:
    cells = dict.fromkeys(COLUMNS, "")
    for prefix, key in (("", "start_date"), ("End ", "end_date")):
        date = slide.get(key, {})
        for name in ("Year", "Month", "Day"):
            cells[f"{prefix}{name}"] = str(date.get(name.lower(), ""))
        if "hour" in date:
            cells[f"{prefix}Time"] = "{hour:02}:{minute:02}:{second:02}".format(**date)
    cells["Display Date"] = slide.get("display_date", "")
    cells["Headline"] = slide["text"]["headline"]
    cells["Text"] = slide["text"]["text"]
    cells["Type"] = type_
    cells["Group"] = slide.get("group", "")
    return [no_formula(wording.squeezed(cell)) for cell in cells.values()]
