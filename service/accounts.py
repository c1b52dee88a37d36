"""A report as a short account, in HTML or in plain text, with what became of it."""

from collections.abc import Iterator
from typing import NamedTuple

from events import dates
from events.records import Record
from projections.reports import Version
from service import escaping, links, wording
from service.escaping import closed
from service.wording import Names

AMENDED = {"correction": "Corrected", "retraction": "Retracted", "reinstatement": "Reinstated"}

MOST_SOURCES = 20


class Account(NamedTuple):
    """What to tell of a report, besides its title."""

    report: Record
    names: Names
    root: str  # the address of the server, before paths

    def html(self, *before: str, with_summary: bool = True) -> str:
        """Return it as HTML. `before`: plain text that comes first, a paragraph each."""
        return "".join(self._html(before, with_summary=with_summary))

    def text(self, *before: str, with_page: bool = True) -> str:
        """Return it as plain text, in lines. `with_page`: and the address of its page."""
        lines = [*before, *self._lines(), *([self.page] if with_page else [])]
        return "\n\n".join(escaping.clean(one) for one in lines if one)

    @property
    def page(self) -> str:
        """The address of the page of the report."""
        return self.root + links.page("reports", self.report["id"])

    def _html(self, before: tuple[str, ...], *, with_summary: bool) -> Iterator[str]:
        yield from map(escaping.paragraph, before)
        if with_summary:
            yield escaping.paragraph(self.report["summary"])
        if quote := self.report.get("quote"):
            yield f"<blockquote>{escaping.html(quote)}</blockquote>"
        yield from map(escaping.paragraph, self._setting())
        yield escaping.paragraph(self._attribution())
        yield escaping.bullets(wording.stances_in_words(self.report, self.names))
        yield escaping.bullets(wording.statuses_in_words(self.report, self.names))
        sources = [
            escaping.link(one.get("url", ""), wording.squeezed(one["publisher"]))
            for one in self.report["sources"][:MOST_SOURCES]
        ]
        yield f"<p>{', '.join(sources)} · {escaping.link(self.page, 'the whole report')}</p>"

    def _lines(self) -> Iterator[str]:
        yield self.report["summary"]
        if quote := self.report.get("quote"):
            yield f"“{quote}”"
        yield from self._setting()
        yield self._attribution()
        yield "\n".join(wording.stances_in_words(self.report, self.names))
        yield "\n".join(wording.statuses_in_words(self.report, self.names))
        yield "\n".join(
            wording.squeezed(f"{one['publisher']} {one.get('url', '')}")
            for one in self.report["sources"][:MOST_SOURCES]
        )

    def _setting(self) -> Iterator[str]:
        """Yield who spoke, and where, and on what; nothing where that is not told."""
        speaker = self.report.get("speaker", {})
        told = {
            "Speaker": ", ".join(
                closed(speaker[key]) for key in ("name", "role") if key in speaker
            ),
            "Place": closed(self.report.get("venue") or self.report.get("place") or ""),
            "Agenda": "; ".join(map(closed, self.report.get("agenda", ())[:MOST_SOURCES])),
        }
        line = " ".join(f"{name}: {text}." for name, text in told.items() if text)
        if line:
            yield wording.squeezed(line)

    def _attribution(self) -> str:
        how = wording.attribution_in_words(self.report["attribution"])
        phrase = self.report.get("attribution_phrase")
        when = wording.date_in_words(self.report["occurred"])
        return f"Date: {when}. Attribution: {how}{f' (“{phrase}”)' if phrase else ''}."


def standing_title(version: Version, names: Names, most: int) -> str:
    """Return the title of a report, that says so where it does not stand."""
    title = wording.shortened(wording.title_of(version.record, names), most)
    return escaping.clean(title if version.stands else f"Retracted: {title}")


def what_became_of(version: Version) -> list[str]:
    """Return how a report was last amended, in a sentence or two; nothing if it was not."""
    amendment = version.amendment
    if amendment is None:
        return []
    day = wording.date_in_words(dates.to_text(version.recorded_at)[:10])
    reason = amendment.get("reason", "other").replace("_", " ")
    note = f" {amendment['note']}" if "note" in amendment else ""
    stands = "" if version.stands else " This report does not stand."
    return [f"{AMENDED[amendment['type']]} on {day} ({reason}).{stands}{note}"]
