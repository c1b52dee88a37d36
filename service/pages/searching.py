"""Search: reports by their words, and how many there are of what."""

from typing import Any

from service.pages.view import given_among, loaded, names, pages, render, viewing
from service.routes.search import found_by
from service.schemas.queries import SearchPage

PARAMETERS = ("q", "party", "issue", "type", "source", "year", "from", "to")
FACETS = {
    "issue": "Issue",
    "party": "Party",
    "type": "Kind",
    "source": "Source",
    "year": "Year",
}
MOST = 25

_SEARCH = SearchPage()


@pages.get("/search")
def search() -> str:
    """Which reports have these words?"""
    with viewing() as (connection, view):
        parties, titles = names(connection, view)
        clocks = {name: view.given[name] for name in ("known_at", "seq") if name in view.given}
    given = given_among((*PARAMETERS, "cursor"))
    asked: dict[str, Any] = {**given, **clocks, "limit": str(MOST)}
    found = found_by(loaded(_SEARCH, asked))
    return render(
        "search.html",
        view,
        title=given.get("q") or "Reports",
        found=found,
        given=given,
        facets=FACETS,
        is_first="cursor" not in given,
        parties=parties,
        titles=titles,
        of_page=of_page,
    )


def of_page(link: str) -> str:
    """Return the address of the page that shows an answer."""
    return link.removeprefix("/v1")
