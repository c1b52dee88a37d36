"""Search: which reports have which words, and how many there are of what.

SQLite finds words by FTS5, PostgreSQL by a tsvector: each has an index of its own kind, under one
name, over words that were made here (see `words`), so that both find the same. The index tells
which words a report has, the text beside it in which order.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    Integer,
    Select,
    String,
    Table,
    cast,
    func,
    literal,
    literal_column,
    not_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable

from events.dates import bounds_of, to_text
from events.records import Record, issues_named, parties_named
from projections.belief import OPEN, apply_claims, believed
from projections.database import Micros, Text, insert_all, metadata
from projections.log import Entry, Page
from projections.words import Query, Term, folded, symbols_in, words_in

search = Table(
    "search",
    metadata,
    Column("seq_from", Integer, primary_key=True, autoincrement=False),
    Column("seq_to", BigInteger, nullable=False),
    Column("place", Integer, nullable=False),  # seq of the report's first recording
    Column("report", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("earliest", Micros, nullable=False),
    Column("latest", Micros, nullable=False),
    Column("years", Text, nullable=False),  # that those lie in: 2020 or 2019/2020
    Column("issues", Text, nullable=False),  # ids, a blank before and after each
    Column("sources", Text, nullable=False),  # lines: folded publisher, tab, as it is written
    Column("parties", Text, nullable=False),  # ids, as issues
    Index("search_by_place", "place"),
    info={"key": ("seq_from",)},
)
"""Each version of a report that stood: whatever is counted and filtered by."""

search_words = Table(
    "search_words",
    metadata,
    Column("seq_from", Integer, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),  # a line a field, a blank before and after each word
    info={"key": ("seq_from",)},
)
"""The words of each version in order, and last a line of its symbols."""

search_index = Table(
    "search_index",
    metadata,
    Column("rowid", Integer, primary_key=True, autoincrement=False),  # seq_from
    Column(
        "words",
        String().with_variant(TSVECTOR(), "postgresql"),
        nullable=False,
        info={"upkeep": True},  # made of search_words, and never read
    ),
    Index("search_index_by_word", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
    info={"key": ("rowid",), "virtual": True},
)
"""Which version has which words. No row is ever changed or deleted, so FTS5 keeps no content."""

NAME = "search"
VERSION = 1
TABLES = (search, search_words, search_index)

LONGEST = 200_000
"""Characters of a report that are searched. PostgreSQL takes at most a megabyte of words."""

SHORT = 64
"""Characters of a text whose words are remembered."""

FACETS = ("party", "issue", "type", "source", "year")


@compiles(CreateTable, "sqlite")
def _create(element: CreateTable, compiler: Any, **kwargs: Any) -> str:
    if not element.element.info.get("virtual"):
        made: str = compiler.visit_create_table(element, **kwargs)
        return made
    name = compiler.preparer.format_table(element.element)
    # ascii: only ASCII is case folded, which it is already, and all else is of a word
    return (
        f"CREATE VIRTUAL TABLE {name} "
        "USING fts5(words, content='', detail='none', tokenize='ascii')"
    )


# How events change it


def apply(connection: Connection, page: Page) -> None:
    """Add what reports say from their entry on, and close what they said before."""
    told: list[tuple[int, str]] = []
    index: list[tuple[int, str]] = []

    def rows_of(entry: Entry, report: Record) -> Iterator[tuple[Any, ...]]:
        words, symbols = text_of(report)
        told.append((entry.seq, f"{words}\n{symbols}"))
        index.append((entry.seq, " ".join(dict.fromkeys(words.split()))))
        yield _row(entry, report)

    apply_claims(connection, search, page.entries, rows_of)
    insert_all(connection, search_words, told)
    insert_all(connection, search_index, index)


def _row(entry: Entry, report: Record) -> tuple[Any, ...]:
    earliest, latest = bounds_of(report["occurred"])
    names: dict[str, str] = {}
    for source in report["sources"]:
        name = " ".join(source["publisher"].split())
        names.setdefault(_key(name), name)
    return (
        entry.seq,
        OPEN,
        entry.place,
        report["id"],
        report["type"],
        earliest,
        latest,
        _years_of(report["occurred"]),
        _listed(issues_named(report)),
        "".join(f"\n{key}\t{name}\n" for key, name in names.items()),
        _listed(parties_named(report)),
    )


_key = lru_cache(4096)(folded)


@lru_cache(4096)
def _years_of(occurred: str) -> str:
    first, last = (to_text(instant)[:4] for instant in bounds_of(occurred))
    return first if first == last else f"{first}/{last}"


def _listed(ids: Collection[str]) -> str:
    return f" {' '.join(ids)} " if ids else ""


def texts_of(report: Record) -> Iterator[str]:
    """Yield the texts of a report that a search looks in, those first that tell most."""
    yield report["summary"]
    for key in ("quote", "attribution_phrase", "venue", "place"):
        if key in report:
            yield report[key]
    people = [report["speaker"]] if "speaker" in report else []
    for participant in report.get("participants", ()):
        people += participant.get("representatives", ())
    for person in people:
        yield from (person[key] for key in ("name", "role") if key in person)
    for source in report["sources"]:
        yield from (source[key] for key in ("publisher", "title") if key in source)
    yield from report.get("agenda", ())
    for row in report.get("positions", ()):
        if "summary" in row:
            yield row["summary"]
        yield from row.get("conditions", ())
    for row in report.get("statuses", ()):
        if "note" in row:
            yield row["note"]
    yield from report.get("tags", ())
    yield from issues_named(report)
    yield from parties_named(report)


def text_of(report: Record) -> tuple[str, str]:
    """Return the words of a report, as `search_words` has them, and its symbols."""
    texts = list(texts_of(report))
    lines = (_short(text) if len(text) <= SHORT else _line(text) for text in texts)
    words = "\n".join(f" {line} " for line in lines if line)[:LONGEST]
    return words, symbols_in("".join(texts))


def _line(text: str) -> str:
    return " ".join(words_in(text))


_short = lru_cache(16384)(_line)  # names and ids, which come again and again


# What can be asked of it


class Filter(NamedTuple):
    """Which reports to find. None: whichever."""

    party: str | None = None
    issue: str | None = None
    type: str | None = None
    source: str | None = None  # a publisher, whatever the case
    year: int | None = None  # in which it may have happened
    from_: int | None = None  # UTC microseconds; what may have happened in the window
    to: int | None = None
    query: Query = Query()


class Found(NamedTuple):
    """A report that was found, as it read."""

    report: str
    seq_from: int
    latest: int
    place: int


class Tally(NamedTuple):
    """How many reports were found, and of each facet how many have which value, most first."""

    total: int
    counts: dict[str, list[tuple[str, int]]]


def standing(
    connection: Connection,
    wanted: Filter,
    *,
    seq: int,
    after: tuple[int, int] | None = None,
    count: int,
    in_words: bool = False,
) -> list[Found]:
    """Return at most `count` reports that stood at `seq`, in order of effect, then of place.

    `after`: the effect and place of the report before the first. `in_words`: what is asked for
    may be any part of a word.
    """
    c = search.c
    query = _matching(connection, wanted, (c.report, c.seq_from, c.latest, c.place), in_words)
    if after is not None:
        query = query.where(tuple_(c.latest, c.place) > after)
    query = query.order_by(c.latest, c.place).limit(count)
    return [Found(*row) for row in connection.execute(query, {"seq": seq})]


def tally(connection: Connection, wanted: Filter, *, seq: int) -> Tally:
    """Count the reports that stood at `seq`.

    Each facet is counted as if nothing had been asked of it, and of all else what was.
    """
    open_ = [name for name in FACETS if getattr(wanted, name) is None]
    total, counts = _counted(connection, wanted, open_, seq)
    for name in FACETS:
        if name not in open_:
            counts |= _counted(connection, Filter(**wanted._asdict() | {name: None}), [name], seq)[
                1
            ]
    return Tally(total, {name: counts[name] for name in FACETS})


_LISTS = {
    "party": search.c.parties,
    "issue": search.c.issues,
    "type": search.c.type,
    "source": search.c.sources,
    "year": search.c.years,
}


def _counted(
    connection: Connection, wanted: Filter, names: list[str], seq: int
) -> tuple[int, dict[str, list[tuple[str, int]]]]:
    # One long text of each, cut and counted here: with 1.1 million parties of 6,203 reports
    # that takes a third of the time that a row for each of them would take to be counted there.
    lists = [func.aggregate_strings(_LISTS[name], "\n") for name in names]
    query = _matching(connection, wanted, (func.count(), *lists))
    total, *texts = connection.execute(query, {"seq": seq}).one()
    counts = {
        name: _COUNTS.get(name, _values)(text or "")
        for name, text in zip(names, texts, strict=True)
    }
    return total, {name: sorted(found.items(), key=_most_first) for name, found in counts.items()}


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _values(text: str) -> Counter[str]:
    return Counter(text.split())


def _publishers(text: str) -> Counter[str]:
    """Return how many reports have which publisher, each written as it most often is."""
    written: dict[str, list[tuple[int, str]]] = {}
    for line, count in sorted(Counter(filter(None, text.split("\n"))).items()):
        key, _, name = line.partition("\t")
        written.setdefault(key, []).append((count, name))
    return Counter(
        {
            max(names, key=lambda one: one[0])[1]: sum(count for count, _ in names)
            for names in written.values()
        }
    )


def _years(text: str) -> Counter[str]:
    """Return how many reports may be of which year."""
    steps: Counter[int] = Counter()
    for years, count in Counter(text.split()).items():
        first, _, last = years.partition("/")
        steps[int(first)] += count
        steps[int(last or first) + 1] -= count
    if not steps:
        return Counter()
    span = range(min(steps), max(steps))
    running = accumulate(steps[year] for year in span)
    return Counter({f"{year:04}": n for year, n in zip(span, running, strict=True) if n})


_COUNTS = {"source": _publishers, "year": _years}


def _matching(
    connection: Connection,
    wanted: Filter,
    columns: tuple[ColumnElement[Any], ...],
    in_words: bool = False,  # noqa: FBT001
) -> Select[Any]:
    c = search.c
    query = select(*columns).where(believed(search))
    for listed, value in ((c.parties, wanted.party), (c.issues, wanted.issue)):
        if value is not None:
            query = query.where(_has(connection, listed, f" {value} "))
    if wanted.source is not None:
        query = query.where(_has(connection, c.sources, f"\n{folded(wanted.source)}\t"))
    if wanted.type is not None:
        query = query.where(c.type == wanted.type)
    if wanted.year is not None:
        year = bounds_of(f"{wanted.year:04}")
        query = query.where(c.earliest <= year.latest, c.latest >= year.earliest)
    if wanted.from_ is not None:
        query = query.where(c.latest >= wanted.from_)
    if wanted.to is not None:
        query = query.where(c.earliest <= wanted.to)
    return _asking(connection, query, wanted.query, in_words)


def _asking(
    connection: Connection,
    query: Select[Any],
    asked: Query,
    in_words: bool,  # noqa: FBT001
) -> Select[Any]:
    """Restrict a query to what has the words asked for."""
    sought = [] if in_words else [term for term in asked.terms if not term.is_excluded]
    if sought:
        query = query.where(search.c.seq_from.in_(_indexed(connection, sought)))
    looked_for = [
        (_pattern(term, in_words), term.is_excluded)
        for term in asked.terms
        if in_words or term.is_excluded or len(term.words) > 1
    ] + [(symbol, False) for symbol in asked.symbols]
    if looked_for:
        query = query.join(search_words, search_words.c.seq_from == search.c.seq_from)
    for pattern, is_excluded in looked_for:
        has = _has(connection, search_words.c.words, pattern)
        query = query.where(not_(has) if is_excluded else has)
    return query


def _pattern(term: Term, in_words: bool) -> str:  # noqa: FBT001
    """Return what the text of a report has, where it has a term."""
    side_by_side = " ".join(term.words)
    if in_words and not (term.is_quoted or term.is_excluded):
        return side_by_side
    return f" {side_by_side}" if term.is_open else f" {side_by_side} "


def _indexed(connection: Connection, terms: list[Term]) -> Select[Any]:
    """Return which versions have all words of some terms, in whatever order."""
    words: dict[str, bool] = {}  # whether it may be the beginning of one
    for term in terms:
        *whole, last = term.words
        words |= dict.fromkeys(whole, False)
        words[last] = term.is_open and words.get(last, True)
    if connection.dialect.name == "sqlite":
        sought = " ".join(f'"{word}"{"*" if is_open else ""}' for word, is_open in words.items())
        has: ColumnElement[bool] = literal_column("search_index").op("MATCH")(literal(sought))
    else:
        sought = " & ".join(f"'{word}'{':*' if is_open else ''}" for word, is_open in words.items())
        has = search_index.c.words.op("@@")(cast(literal(sought), TSQUERY))
    return select(search_index.c.rowid).where(has)


def _has(
    connection: Connection, column: ColumnElement[str] | FromClause, part: str
) -> ColumnElement[bool]:
    """Return the condition that a text has a part."""
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return find(column, part) > 0
