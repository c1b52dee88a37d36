"""What a search found: a passage of each report, and how many there are of what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from events import dates
from projections import catalog, reports, search
from projections.words import Query, Term, Word, folded, located
from service.answers.records import report
from service.answers.shared import Body
from service.clocks import Clocks
from service.links import url

MOST_VALUES = 20
"""Of each facet."""

PASSAGE = 200
"""Characters of a passage, about."""

BEFORE = 60
"""Characters of it before the first match, at most."""

Span = tuple[int, int]


def search_list(
    connection: Connection,
    asked: Mapping[str, Any],
    wanted: search.Filter,
    clocks: Clocks,
    *,
    after: tuple[int, int] | None = None,
    limit: int,
) -> tuple[Body, tuple[int, int] | None]:
    """Return a page of the reports found, in order of effect, with the facets of all of them.

    And the effect and place of its last report, None where it is the last page. `asked`: the
    parameters, `after`: where the page before ended.
    """
    found = search.standing(connection, wanted, seq=clocks.seq, after=after, count=limit + 1)
    total, counts = search.tally(connection, wanted, seq=clocks.seq)
    shown = found[:limit]
    query = asked_again(asked, wanted)
    is_pinned = asked.get("seq") is not None or asked.get("known_at") is not None
    again = query | ({"seq": clocks.seq} if is_pinned else {})
    body = {
        "reports": [
            found_report(version, wanted.query) for version in versions_of(connection, shown)
        ],
        "total": total,
        "facets": facets(connection, counts, again, clocks.seq),
        **clocks.echo(),
        "links": {
            "self": url("search", **query),
            "permalink": url("search", **query, seq=clocks.seq),
        },
    }
    return body, (shown[-1].latest, shown[-1].place) if len(found) > limit else None


def versions_of(connection: Connection, found: Iterable[search.Found]) -> list[reports.Version]:
    """Return the reports that a search found, as they read, in its order."""
    keys = [(one.report, one.seq_from) for one in found]
    read = reports.versions_at(connection, keys)
    return [read[seq] for _, seq in keys if seq in read]


def asked_again(asked: Mapping[str, Any], wanted: search.Filter) -> dict[str, Any]:
    """Return the parameters that ask for the same reports."""
    ends = {
        name: None if asked.get(key) is None else dates.to_text(asked[key])
        for name, key in (("from", "from_"), ("to", "to"))
    }
    chosen = {name: getattr(wanted, name) for name in search.FACETS}
    return {"q": asked.get("q") or None} | chosen | ends


def found_report(version: reports.Version, query: Query) -> Body:
    """Return a report, and the passage of it that has most of what was searched for."""
    return report(version) | {"matched": passage(version.record, query)}


def passage(record: dict[str, Any], query: Query) -> list[Body]:
    """Return a passage of a report in pieces, as they are matches or not."""
    terms = [term for term in query.terms if not term.is_excluded]
    best, spans, most = record["summary"], list[Span](), 0
    if terms:
        for text in search.texts_of(record):
            found = [spans_of(term, list(located(text))) for term in terms]
            if (told := sum(map(bool, found))) > most:
                best, spans, most = text, sorted(span for some in found for span in some), told
            if most == len(terms):
                break
    return list(_pieces(best, spans))


def spans_of(term: Term, words: list[Word]) -> list[Span]:
    """Return where a text of these words has a term, in order."""
    length = len(term.words)
    return [
        (words[i].start, words[i + length - 1].end)
        for i in range(len(words) - length + 1)
        if _is_at(term, [one.word for one in words[i : i + length]])
    ]


def _is_at(term: Term, words: list[str]) -> bool:
    *whole, last = term.words
    is_last = words[-1].startswith(last) if term.is_open else words[-1] == last
    return is_last and words[:-1] == whole


def _pieces(text: str, spans: list[Span]) -> Iterator[Body]:
    start = max(0, spans[0][0] - BEFORE) if spans and len(text) > PASSAGE else 0
    if start:  # where a word begins
        start = text.find(" ", start, spans[0][0]) + 1 or start
    end = min(len(text), start + PASSAGE)
    at, shown = start, "…" if start else ""
    for first, last in spans:
        if first < at or first >= end:
            continue
        shown += text[at:first]
        if shown:
            yield {"text": shown, "is_match": False}
        yield {"text": text[first:last], "is_match": True}
        at, shown = last, ""
    shown += text[at:end] + ("…" if max(at, end) < len(text) else "")
    if shown:
        yield {"text": shown, "is_match": False}


def facets(
    connection: Connection,
    counts: Mapping[str, list[tuple[str, int]]],
    query: Mapping[str, Any],
    seq: int,
) -> dict[str, list[Body]]:
    """Return each facet's values with the most reports, and what is chosen.

    `query`: the parameters of the search. Each value has a link that adds it, or takes it away.
    """
    return {name: _facet(connection, name, counts[name], query, seq) for name in search.FACETS}


def _facet(
    connection: Connection,
    name: str,
    counted: list[tuple[str, int]],
    query: Mapping[str, Any],
    seq: int,
) -> list[Body]:
    chosen = None if query[name] is None else _key(name, query[name])
    shown = counted[:MOST_VALUES]
    if chosen is not None and not any(_key(name, value) == chosen for value, _ in shown):
        others = [one for one in counted if _key(name, one[0]) == chosen]
        shown = shown[: MOST_VALUES - 1] + (others or [(_text(name, query[name]), 0)])
    names = _NAMES.get(name, _as_they_are)(connection, [value for value, _ in shown], seq)
    return [
        {
            "value": value,
            "name": names.get(value, value),
            "count": count,
            "is_chosen": _key(name, value) == chosen,
            "link": _link(name, None if _key(name, value) == chosen else value, query),
        }
        for value, count in shown
    ]


def _link(name: str, value: str | None, query: Mapping[str, Any]) -> str:
    if name == "year" and value is not None:
        value = value.lstrip("0")
    return url("search", **{**query, name: value})


def _key(name: str, value: object) -> str:
    text = _text(name, value)
    return folded(text) if name == "source" else text


def _text(name: str, value: object) -> str:
    return f"{value:04}" if name == "year" and isinstance(value, int) else str(value)


Names = Callable[[Connection, list[str], int], Mapping[str, str]]


def _as_they_are(_: Connection, values: list[str], __: int) -> Mapping[str, str]:
    return {value: value for value in values}


def _called(kind: str, field: str) -> Names:
    def names(connection: Connection, values: list[str], seq: int) -> Mapping[str, str]:
        found = catalog.versions_among(connection, kind, values, seq)
        return {version.record["id"]: version.record[field] for version in found}

    return names


_NAMES: dict[str, Names] = {
    "party": _called("party", "name"),
    "issue": _called("issue", "title"),
}
