"""What the tools take: the parameters of the API, by the same names, with the same rules."""

from typing import Any

from service.schemas.fields import LONGEST_NAME, Choice, Text
from service.schemas.queries import (
    ChangePage,
    History,
    KnownPage,
    Moment,
    Number,
    SearchPage,
    Sought,
)

DEFAULT, MOST = 20, 100
"""Rows of a page: an assistant has to read all of them."""


def _limit() -> Number:
    return Number(1, MOST, load_default=DEFAULT, metadata={"description": "Most rows."})


def _party(**kwargs: Any) -> Text:
    metadata = {"description": "An id, a code or an alias, whatever its case.", "example": "Kyiv"}
    return Text(LONGEST_NAME, metadata=metadata, **kwargs)


def _issue(**kwargs: Any) -> Text:
    metadata = {"description": "The id of an issue.", "example": "ukraine-nato-membership"}
    return Text(LONGEST_NAME, metadata=metadata, **kwargs)


class PositionQuestion(Moment):
    """Whose position, on what, when."""

    party = _party(required=True)
    issue = _issue(required=True)


class HistoryQuestion(History):
    """Whose positions, on what."""

    party = _party(required=True)
    issue = _issue(required=True)
    limit = _limit()
    cursor = KnownPage._declared_fields["cursor"]  # noqa: SLF001


class ChangesQuestion(ChangePage):
    """Which window, of whom, on what."""

    limit = _limit()


class SearchQuestion(SearchPage):
    """What to search for."""

    limit = _limit()


class CatalogQuestion(KnownPage):
    """Which parties and issues."""

    kind = Choice(("party", "issue"), metadata={"description": "Only parties, or only issues."})
    q = Sought(
        metadata={
            "description": "Only those that have this text in their id, name, aliases, codes, "
            "title or proposition, whatever its case and accents."
        }
    )
    limit = _limit()
