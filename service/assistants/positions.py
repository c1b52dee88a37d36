"""The question: the position of a party on an issue at a date, and all that it ever was."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from events import dates
from events.vocabulary import ATTRIBUTIONS
from projections import positions
from projections.positions import Pair
from service import answers
from service.answers import Body
from service.answers.blocs import inherited
from service.answers.changes import opened_by
from service.answers.shared import evidence
from service.assistants import citing
from service.assistants.plain import clocks as clocks_in_words
from service.assistants.plain import count, glance, quoted
from service.assistants.reader import Reader
from service.clocks import Clocks
from service.lookup import pair_and_proposition, pair_of
from service.paging import page_of

WEAKEST = ATTRIBUTIONS[-1]

MOST_OF_A_RUN = 5
"""Reports that are named of those that began a run."""


def position_on_date(reader: Reader, asked: dict[str, Any]) -> Body:
    """Answer the question, with what is nearest where there is no position on record."""
    with reader.asking(asked["asked"]) as (connection, head, clocks):
        pair, proposition = pair_and_proposition(
            connection, asked["party"], asked["issue"], clocks.seq, head
        )
        body = answers.position(connection, pair, proposition, clocks)
        nearest = _nearest(connection, pair, clocks, body)
        rows = body["evidence"] + body["against"] + (nearest["below_floor"] if nearest else [])
        rows += [body["lapsed"]] if body["lapsed"] else []
        return body | {
            "says": _says(body),
            "nearest": nearest,
            "cited": citing.cited(connection, citing.ids_in(rows), clocks.seq, reader),
            **reader.links(body["links"]["permalink"]),
        }


def _nearest(connection: Connection, pair: Pair, clocks: Clocks, body: Body) -> Body | None:
    """Return what is nearest to a position that is not on record; None where one is.

    None of it is the party's position at that date: what was reported on weaker authority,
    what the party said only later, and what its blocs had said.
    """
    if body["state"] != "unreported":
        return None
    weaker: Sequence[Body] = []
    if body["below_floor"]:
        lower = replace(clocks, floor=WEAKEST)
        weaker = answers.position(connection, pair, None, lower)["evidence"]
    segments = answers.position_history(connection, pair, clocks)["segments"]
    return {
        "below_floor": weaker,
        "later": segments[0] if segments else None,  # one by then would be the position
        "blocs": inherited(connection, [pair], clocks).get(pair, []),
    }


def _says(body: Body) -> str:
    about = f"{body['party']} on {body['issue']}, {clocks_in_words(body)}"
    if body["state"] == "unreported":
        return f"No position on record: {about}. Silence is not neutrality."
    contested = " Contested: reports as recent say otherwise." if body["contested"] else ""
    since = f", since {body['since']}"
    return f"{glance(body).capitalize()}{since}: {about}.{contested}"


def tell_position(body: Body) -> Iterator[str]:
    """Yield an answer to the question, in lines."""
    yield body["says"]
    yield from _proposition(body)
    if before := body["previous"]:
        yield f"Before: {glance(before)}, since {before['since']}."
    if lapsed := body["lapsed"]:
        yield f"Lapsed: {glance(lapsed)}, until {lapsed['until']} ({lapsed['report']})."
    if body["conditions"]:
        yield f"Conditions, quoted: {'; '.join(quoted(one) for one in body['conditions'][:10])}"
    if body["reports"]:
        utterances = count(body["utterances"], "utterance")
        yield f"Told by {count(body['reports'], 'report')} of {utterances}."
    if body["below_floor"]:
        yield f"{count(body['below_floor'], 'report')} below the floor {body['floor']} left out."
    if body["against"]:
        yield f"Against it: {', '.join(citing.ids_in(body['against'][:20]))}."
    yield from _tell_nearest(body["nearest"])
    yield from citing.told(body["cited"])
    yield f"Permalink: {body['permalink']}"


def _tell_nearest(nearest: Body | None) -> Iterator[str]:
    if nearest is None or not any(nearest.values()):
        return
    yield "Nearest on record, none of it the position asked for:"
    if later := nearest["later"]:
        yield f"- only later: {glance(later)}, since {later['since']}"
    for one in nearest["below_floor"]:
        yield f"- below the floor, {one['attribution']}: {glance(one)} ({one['report']})"
    for one in nearest["blocs"]:
        yield f"- its bloc {one['bloc']}: {glance(one)}, since {one['since']}"


def history(reader: Reader, asked: dict[str, Any]) -> Body:
    """Answer with the runs of a position, oldest first, each with the reports that began it."""
    page = page_of(asked, "history", key=(str,))
    question = page.question
    with reader.asking(page.clocks) as (connection, head, clocks):
        pair = pair_of(connection, question["party"], question["issue"], clocks.seq, head)
        body = answers.position_history(connection, pair, clocks)
        runs = positions.history_of(connection, pair, seq=clocks.seq, floor=clocks.strength)
        after = dates.instant_of(page.after[0]) if page.after else None
        every = [
            one | {"evidence": evidence(opened_by(run)[:MOST_OF_A_RUN], "position")}
            for one, run in zip(body["segments"], runs, strict=True)
            if after is None or run.effect > after
        ]
        shown = every[: page.limit]
        more = len(every) > page.limit
        ids = [row["report"] for one in shown for row in one["evidence"]]
        return body | {
            "segments": shown,
            "total": len(runs),
            "next": page.next(clocks, [shown[-1]["effect"]]) if more else None,
            "says": _says_history(body),
            "cited": citing.cited(connection, ids, clocks.seq, reader),
            **reader.links(body["links"]["permalink"]),
            "page": reader.link(body["links"]["permalink"][3:].replace("/history?", "?")),
        }


def _says_history(body: Body) -> str:
    about = f"{body['party']} on {body['issue']}, {clocks_in_words(body)}"
    number = len(body["segments"])
    return (
        f"{count(number, 'run')}: {about}." if number else f"No position on record ever: {about}."
    )


def tell_history(body: Body) -> Iterator[str]:
    """Yield a history, in lines."""
    yield body["says"]
    yield from _proposition(body)
    for one in body["segments"]:
        end = one["effect_end"] or "now"
        future = ", which has not come" if one["future"] else ""
        began = ", ".join(citing.ids_in(one["evidence"]))
        yield (
            f"- {glance(one)}, since {one['since']} (in effect {one['effect']} to {end}{future}), "
            f"{count(one['reports'], 'report')}; begun by {began}"
        )
    yield from going_on(body)
    yield from citing.told(body["cited"])
    yield f"Permalink: {body['permalink']}"


def going_on(body: Body) -> Iterator[str]:
    """Yield how a list goes on, where it does."""
    if body["next"]:
        yield f"There is more: ask again with cursor {body['next']}"


def _proposition(body: Body) -> Iterator[str]:
    if body["proposition"] is None:
        yield "The issue was not registered yet at this point of the log."
    else:
        yield f"Proposition: {quoted(body['proposition'])}"
