"""The question, answered to the eye: where a party stood on an issue, why, and since when."""

from service import answers, lookup
from service.pages.catalog import evidence_of
from service.pages.stops import around
from service.pages.view import names, pages, render, viewing

MOST_REVISIONS = 50


@pages.get("/parties/<party>/positions/<issue>")
def position(party: str, issue: str) -> str:
    """What was the position of this party on this issue, and which reports say so?"""
    with viewing() as (connection, view):
        clocks = view.clocks
        pair, proposition = lookup.pair_and_proposition(
            connection, party, issue, clocks.seq, view.head
        )
        answer = answers.position(connection, pair, proposition, clocks, inherit=True)
        history = answers.position_history(connection, pair, clocks)
        revised, _ = answers.position_revisions(
            connection, pair, clocks, after=0, limit=MOST_REVISIONS
        )
        parties, titles = names(connection, view)
        return render(
            "position.html",
            view,
            around=around(connection, view, party=pair.party, issue=pair.issue),
            title=f"{parties[pair.party]} on {titles[pair.issue]}",
            subject=pair._asdict(),
            pair=pair,
            answer=answer,
            evidence=evidence_of(connection, [answer], clocks),
            history=history["segments"],
            revisions=revised["revisions"],
            parties=parties,
            titles=titles,
        )
