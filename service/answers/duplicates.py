"""Reports that may tell of one utterance. They are suggested to people, and never merged."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import Connection

from events.records import Record, stances_of
from projections import positions, reports
from projections.positions import Pair
from service.answers.shared import Body

NEAR_SAME = 0.6
"""From which similarity on two summaries are near-same.

A false suggestion costs more trust than a missed one. In the bundled example, what one party
said of one issue on two occasions is worded up to 0.57 alike (seed-012 and seed-033), and on
one day up to 0.23 (seed-055 and article-04): it suggests no pair there, not even the wordings
of one utterance by different outlets (up to 0.56), which its desk has marked as one by hand.
"""

MOST_SUGGESTED = 10
MOST_CANDIDATES = 100  # reports whose summaries are compared for one answer
MOST_PAIRS = 200  # positions of a report by which candidates are looked for

_WORD = re.compile(r"\w+")

Words = frozenset[tuple[str, int]]
"""The words of a text, each with which occurrence of it this is: a multiset as a set."""


class _Utterance(NamedTuple):
    """What rows of evidence count as one, so far."""

    effective: int
    rows: list[Any]


@lru_cache(2048)  # the same reports are evidence for many questions
def words_in(text: str) -> Words:
    """Return the words of a text, case folded."""
    seen: Counter[str] = Counter()
    found = []
    for word in _WORD.findall(text.casefold()):
        seen[word] += 1
        found.append((word, seen[word]))
    return frozenset(found)


@lru_cache(16384)
def similarity(one: Words, other: Words) -> float:
    """Return how alike two texts are, from 0 to 1, in time linear in their length.

    Twice the words that they share over the words that they have. Source: Sørensen 1948 and
    Dice 1945, over multisets.
    """
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 0.0


def like_report(connection: Connection, version: reports.Version, seq: int) -> list[Body]:
    """Return the reports that may tell of the utterance that a report tells of, best first.

    Those that stood at `seq`, have the same effect, say something of the same party and issue,
    are not marked as the same utterance, and are near-same by their summary. At most
    MOST_CANDIDATES are compared, of each issue those recorded first. None for a report that
    does not stand.
    """
    if not version.stands:
        return []
    own = _pairs_of(version.record)
    words = words_in(version.record["summary"])
    alike = [
        (similarity(words, words_in(one.record["summary"])), one.record)
        for one in _candidates(connection, version, list(own)[:MOST_PAIRS], seq)
    ]
    best = sorted((pair for pair in alike if pair[0] >= NEAR_SAME), key=lambda pair: -pair[0])
    return [_suggestion(degree, record, own) for degree, record in best[:MOST_SUGGESTED]]


def among(connection: Connection, evidence: Sequence[Any], seq: int) -> list[Body]:
    """Return groups of reports among rows of `evidence` that may tell of one utterance.

    Only what counts as several utterances, of one effect. In a group each is near-same to each
    other one; `similarity` is that of the two least alike. Costs a statement only where two
    utterances have the same effect.
    """
    tied = _tied(evidence)
    if not tied:
        return []
    ids = [row.report for one in tied for row in one.rows]
    summaries = reports.summaries_among(connection, ids, seq=seq)
    words = {report: words_in(summary) for report, summary in summaries.items()}
    groups: list[list[_Utterance]] = []
    for utterance in tied:
        fitting = (
            g for g in groups if all(_alike(utterance, one, words) >= NEAR_SAME for one in g)
        )
        group = next(fitting, None)
        if group is None:
            groups.append([utterance])
        else:
            group.append(utterance)
    return [_group(group, words) for group in groups if len(group) > 1]


def _candidates(
    connection: Connection, version: reports.Version, pairs: list[Pair], seq: int
) -> list[reports.Version]:
    ids: dict[str, None] = {}
    for issue in dict.fromkeys(pair.issue for pair in pairs):
        if len(ids) >= MOST_CANDIDATES:
            break
        ids |= dict.fromkeys(
            positions.told_at(
                connection,
                issue,
                [pair.party for pair in pairs if pair.issue == issue],
                effective=version.latest,
                seq=seq,
                other_than=version.record["id"],
                utterance=version.record.get("utterance"),
                most=MOST_CANDIDATES,
            )
        )
    return reports.standing_among(connection, list(ids)[:MOST_CANDIDATES], seq=seq) if ids else []


def _tied(evidence: Iterable[Any]) -> list[_Utterance]:
    """Return the utterances that have the same effect as another one, in order of evidence."""
    found: dict[tuple[int, Any], _Utterance] = {}
    for row in evidence:
        key = row.effective, row.utterance or ("", row.report)
        found.setdefault(key, _Utterance(row.effective, [])).rows.append(row)
    at = Counter(one.effective for one in found.values())
    return [one for one in found.values() if at[one.effective] > 1]


def _alike(one: _Utterance, other: _Utterance, words: dict[str, Words]) -> float:
    """Return how alike the most alike reports of two utterances are."""
    if one.effective != other.effective:
        return 0.0
    if len(one.rows) == len(other.rows) == 1:  # as a rule: up to 190 pairs are compared
        return similarity(words[one.rows[0].report], words[other.rows[0].report])
    return max(similarity(words[a.report], words[b.report]) for a in one.rows for b in other.rows)


def _group(group: list[_Utterance], words: dict[str, Words]) -> Body:
    degree = min(_alike(one, other, words) for one, other in combinations(group, 2))
    ids = [row.report for one in group for row in one.rows]
    return {"reports": ids, "similarity": round(degree, 2)}


def _suggestion(degree: float, record: Record, own: dict[Pair, None]) -> Body:
    publishers = dict.fromkeys(source["publisher"] for source in record["sources"])
    return {
        "report": record["id"],
        "similarity": round(degree, 2),
        "shares": [pair._asdict() for pair in _pairs_of(record) if pair in own],
        "publishers": list(publishers),
    }


def _pairs_of(record: Record) -> dict[Pair, None]:
    """Return each party and issue that a report tells the position of, in its order."""
    return dict.fromkeys(Pair(party, issue) for party, issue, *_ in stances_of(record))
