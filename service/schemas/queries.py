"""The parameters of questions."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load

from events.dates import DateError, bounds_of
from events.vocabulary import AMENDMENTS, ATTRIBUTIONS, REPORTS
from projections.changes import KINDS
from service.clocks import Asked
from service.paging import DEFAULT_LIMIT, MOST
from service.schemas.fields import LONGEST_NAME, Choice, Text


class Number(fields.Integer):
    """A whole number written in digits."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        metadata = {"minimum": least, "maximum": most} | kwargs.pop("metadata", {})
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(value)
        digits = text.isascii() and text.isdigit() and len(text) < 20
        if not digits or not self.least <= int(text) <= self.most:
            raise ValidationError(f"must be a whole number from {self.least} to {self.most}")
        return int(text)


class Switch(Text):
    """Off or on, written 0 or 1."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"enum": ["0", "1"], "default": "0"} | kwargs.pop("metadata", {})
        super().__init__(LONGEST_NAME, metadata=metadata, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if value not in ("0", "1"):
            raise ValidationError("must be 0 or 1")
        return value == "1"


class Window(Text):
    """A date in any form of the contract, as the end of a window."""

    def __init__(self, *, is_end: bool, **kwargs: Any) -> None:
        self.is_end = is_end
        super().__init__(LONGEST_NAME, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            bounds = bounds_of(text.replace(" ", "+"))
        except DateError as error:
            raise ValidationError(str(error)) from None
        return bounds.latest if self.is_end else bounds.earliest


def _as_of() -> Text:
    return Text(
        LONGEST_NAME,
        metadata={
            "description": "The instant in the world that is asked about: a full date (the end "
            "of that day, UTC) or an RFC 3339 date-time with offset. Default: now.",
            "example": "2025-12-14",
        },
    )


def _known_at() -> Text:
    return Text(
        LONGEST_NAME,
        metadata={
            "description": "Answer with what had been recorded by then: a full date or a "
            "date-time, as for as_of. Default: all that is recorded.",
        },
    )


def _seq() -> Number:
    return Number(
        0,
        2**53,
        metadata={"description": "The exact form of known_at: a position in the log."},
    )


def _floor() -> Choice:
    return Choice(
        ATTRIBUTIONS,
        metadata={
            "description": "The weakest attribution that counts. Default: leaked_document for "
            "positions, media_report for statuses.",
        },
    )


class Strict(Schema):
    """Parameters. Unknown ones are errors."""

    class Meta:
        """Unknown parameters are errors."""

        unknown = RAISE


class Known(Strict):
    """What was known, whatever the date."""

    known_at = _known_at()
    seq = _seq()

    @post_load
    def asked(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the clocks as asked, or the parameters where there are more than clocks."""
        clocks = Asked(*(data.pop(key, None) for key in ("as_of", "known_at", "seq", "floor")))
        return data | {"asked": clocks}


class Moment(Known):
    """Both clocks and the floor."""

    as_of = _as_of()
    floor = _floor()


class History(Known):
    """What was known, over all time."""

    floor = _floor()


class _Paged:
    limit = Number(1, MOST, load_default=DEFAULT_LIMIT, metadata={"description": "Most rows."})
    cursor = Text(
        metadata={"description": "The `next` of the page before: goes on in the same answer."}
    )


class KnownPage(Known):
    """A page of what was known."""

    limit = _Paged.limit
    cursor = _Paged.cursor


class MomentPage(Moment):
    """A page of what was so."""

    limit = _Paged.limit
    cursor = _Paged.cursor


def _inherit(**kwargs: Any) -> Switch:
    return Switch(
        metadata={
            "description": "1: show, for a party without a position of its own, the positions of "
            "the blocs that it belonged to at that date, as `inherited`. They count for nothing.",
        },
        **kwargs,
    )


def names_wanted(what: str) -> Any:
    """Return a field for names, repeated or separated with commas."""
    return fields.List(
        Text(LONGEST_NAME),
        load_default=list,
        metadata={"description": f"Only these {what}: repeat it, or separate with commas."},
    )


class InheritingMoment(Moment):
    """Both clocks, the floor, and whether to ask the blocs of a silent party."""

    inherit = _inherit(load_default=False)


class MementoQuery(Strict):
    """Which mementos to list: those of a question, of all that was ever known."""

    as_of = _as_of()
    floor = _floor()
    inherit = _inherit(load_default=False)
    after = Number(
        0,
        2**53,
        load_default=0,
        metadata={"description": "Only those recorded after this log position."},
    )
    party = names_wanted("parties; of the matrix only")
    issue = names_wanted("issues; of the matrix only")

    @post_load
    def asked(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the clocks as asked."""
        return data | {"asked": Asked(as_of=data.pop("as_of", None), floor=data.pop("floor", None))}


class InheritingPage(MomentPage):
    """The same of a page."""

    inherit = _inherit()

    @post_load
    def begun(self, data: dict[str, Any], **_: Any) -> Any:
        """Return the parameters: a list begins without blocs, and goes on as it began."""
        return data if "cursor" in data else {"inherit": False} | data


class MatrixQuery(InheritingMoment):
    """Both clocks, the floor, and which parties and issues."""

    party = names_wanted("parties")
    issue = names_wanted("issues")


def _status_floor() -> Choice:
    return Choice(
        ATTRIBUTIONS,
        metadata={
            "description": "The weakest attribution that sets a status. Default: floor, where "
            "it is given, else media_report.",
        },
    )


def _only(what: str) -> Text:
    return Text(LONGEST_NAME, metadata={"description": f"Only of this {what}."})


class PositionPage(MomentPage):
    """Which positions to list."""

    party = _only("party")
    issue = _only("issue")


class ChangePage(KnownPage):
    """Which changes to list."""

    floor = _floor()
    status_floor = _status_floor()
    party = _only("party; statuses are nobody's, and left out")
    issue = _only("issue")
    kind = Choice(KINDS)
    from_ = Window(
        is_end=False,
        data_key="from",
        metadata={"description": "The first date. Default: since ever."},
    )
    to = Window(is_end=True, metadata={"description": "The last date. Default: now."})


class StatusedMoment(Moment):
    """Both clocks and both floors."""

    status_floor = _status_floor()


class StepPage(MomentPage):
    """From one moment to another, on one of the two axes."""

    status_floor = _status_floor()
    party = _only("party; statuses are nobody's, and left out")
    issue = _only("issue")
    from_ = Text(
        LONGEST_NAME,
        data_key="from",
        metadata={"description": "The world moves: from the end of this date, as for as_of..."},
    )
    to = Text(LONGEST_NAME, metadata={"description": "...to the end of this one. Default: now."})
    known_from = Text(
        LONGEST_NAME,
        metadata={"description": "Our knowledge moves: from this date, as for known_at..."},
    )
    known_to = Text(LONGEST_NAME, metadata={"description": "...to this one. Default: the latest."})
    seq_from = Number(0, 2**53, metadata={"description": "The exact form of known_from."})
    seq_to = Number(0, 2**53, metadata={"description": "The exact form of known_to."})


class Sought(Text):
    """Words to look for. Blank: none, so whichever."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(LONGEST_NAME, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        is_blank = type(value) is str and not value.strip()
        return "" if is_blank else super()._deserialize(value, attr, data, **kwargs)


class ReportPage(KnownPage):
    """Which reports to list."""

    party = Text(LONGEST_NAME, metadata={"description": "Reports that name this party."})
    issue = Text(LONGEST_NAME, metadata={"description": "Reports that name this issue."})
    type = Choice(REPORTS)
    from_ = Window(
        is_end=False,
        data_key="from",
        metadata={"description": "What may have happened at or after this date."},
    )
    to = Window(
        is_end=True,
        metadata={"description": "What may have happened at or before this date."},
    )
    source = Text(
        LONGEST_NAME,
        metadata={"description": "Reports that this publisher is a source of, whatever the case."},
    )
    year = Number(
        1, 9999, metadata={"description": "What may have happened in this year: from and to it."}
    )
    q = Sought(
        metadata={
            "description": "Words that must all occur, whatever their case and accents, also "
            "inside other words. Words in quotation marks must stand side by side, and be whole; "
            "a word after a minus must not occur."
        }
    )


class SearchPage(ReportPage):
    """What to search for."""

    q = Sought(
        metadata={
            "description": "Words that must all occur, whatever their case and accents; the last "
            "may be the beginning of one. Words in quotation marks must stand side by side; a "
            "word after a minus must not occur. Blank: whatever the other parameters ask for."
        }
    )


class CorrectionPage(KnownPage):
    """Which corrections, retractions and reinstatements to list."""

    type = Choice(AMENDMENTS)
    report = Text(LONGEST_NAME, metadata={"description": "Only of this report."})
    party = Text(
        LONGEST_NAME,
        metadata={"description": "Of reports that named this party before or after."},
    )
    issue = Text(
        LONGEST_NAME,
        metadata={"description": "Of reports that named this issue before or after."},
    )
