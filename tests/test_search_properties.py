"""A search finds and counts what anybody would who reads every report, on both databases."""

from hypothesis import given
from hypothesis import strategies as st

from projections import search
from projections.reading import reading
from projections.words import query_of
from tests import naive_search as naive
from tests import worlds
from tests.naive import believed
from tests.worlds import tell_all

WORDS = (
    *("peace", "Peace", "talks", "peacekeepers", "the", "Zürich", "zurich", "Kyïv's"),
    *("Straße", "和平谈判", "ceasefire", "U.S.", "100%", "Ångström", "e\u0301te", "pro-peace"),
)
PUBLISHERS = ("Reuters", "AFP", "Le Monde")

phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
parts = st.sampled_from((*WORDS, "pea", "tal", "zur", "谈", "nothing", "%", "nato"))
questions = st.lists(
    st.tuples(st.sampled_from(("plain", "plain", "not")), parts)
    | st.tuples(st.just("quoted"), phrases),
    max_size=3,
)
texts = st.fixed_dictionaries(
    {
        "summary": phrases,
        "sources": st.lists(
            st.fixed_dictionaries(
                {"publisher": st.sampled_from(PUBLISHERS)}, optional={"title": phrases}
            ),
            min_size=1,
            max_size=2,
        ),
    },
    optional={"quote": phrases, "tags": st.lists(phrases, max_size=2)},
)
wordings = st.lists(st.sampled_from(("summary", "quote", "sources", "tags")), max_size=2)


def with_text(report, text):
    return report._replace(content=report.content | text)


def of_text(correction, text, fields):
    content = {kind: told | text for kind, told in correction.content.items()}
    return correction._replace(fields=[*correction.fields, *fields], content=content)


reports = st.builds(with_text, worlds.reports, texts)
corrections = st.builds(of_text, worlds.corrections, texts, wordings)
happenings = st.lists(
    st.one_of(reports, reports, reports, corrections, worlds.doubts), min_size=2, max_size=10
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "party": st.integers(0, 2),
        "issue": st.integers(0, 1),
        "type": st.sampled_from(("statement", "meeting")),
        "source": st.sampled_from(PUBLISHERS),
        "year": st.sampled_from(("2019", "2020")),
    },
)
back = st.integers(0, 6)


def asked_of(told, question, filters, back):
    """The same of one world: the point of the log, the question, the filters."""
    world = told.world
    ids = {"party": world.parties, "issue": world.issues}
    chosen = {name: ids[name][one] if name in ids else one for name, one in filters.items()}
    # The first half of every id: what other examples tell of is not found.
    return max(told.first, told.head - back), [("quoted", world.name[:-1]), *question], chosen


def filter_of(asked, chosen):
    given = chosen | ({"year": int(chosen["year"])} if "year" in chosen else {})
    return search.Filter(query=query_of(naive.spelt(asked)), **given)


@given(happenings, questions, filters, back)
def test_what_is_found_is_what_has_the_words(store, happenings, question, filters, back):
    told = tell_all(store, happenings)
    seq, asked, chosen = asked_of(told, question, filters, back)
    wanted = filter_of(asked, chosen)
    with reading(store.engine) as connection:
        found = search.standing(connection, wanted, seq=seq, count=100)
        tally = search.tally(connection, wanted, seq=seq)
    expected = naive.found(told.log, seq, asked, chosen)
    assert [(one.latest, one.place, one.report) for one in found] == expected
    assert tally.total == len(expected)
    assert tally.counts == naive.counts(told.log, seq, asked, chosen)


def looked_in_before(report):
    """The text that `q` of the list of reports looked in before there was a search."""
    sources = [source.get(key) for source in report["sources"] for key in ("publisher", "title")]
    some = [report["summary"], report.get("quote"), *sources, *(report.get("tags") or [])]
    return "\n".join(text for text in some if text).casefold()


@given(happenings, st.lists(st.sampled_from((*WORDS, "eac", "%", "ace t", "谈")), max_size=3))
def test_the_list_of_reports_finds_all_that_it_found_before(store, happenings, pieces):
    told = tell_all(store, happenings)
    q = " ".join(pieces)
    wanted = search.Filter(query=query_of(q))
    with reading(store.engine) as connection:
        found = search.standing(connection, wanted, seq=told.head, count=100_000, in_words=True)
    expected = {
        report["id"]
        for _, report in believed(told.log, told.head)
        if all(word in looked_in_before(report) for word in q.casefold().split())
    }
    assert expected <= {one.report for one in found}
