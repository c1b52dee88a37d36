"""Who and what can be asked about."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from projections import catalog
from projections.words import folded
from service.answers import Body
from service.assistants.plain import PART, count, quoted
from service.assistants.plain import clocks as clocks_in_words
from service.assistants.positions import going_on
from service.assistants.reader import Reader
from service.links import url
from service.paging import page_of
from service.schemas import records

KINDS = ("party", "issue")
FOLDERS = {"party": "parties", "issue": "issues"}
FIELDS = {
    "party": ("id", "name", "kind", "aliases", "codes"),
    "issue": ("id", "title", "proposition", "parent", "supersedes", "tags"),
}

AT_ONCE = 500


def list_parties_and_issues(reader: Reader, asked: dict[str, Any]) -> Body:
    """Answer with parties by id, then issues by id; with `q`, those that have it in a name."""
    page = page_of(asked, "parties and issues", key=(str, str))
    wanted, words = page.question.get("kind"), page.question.get("q") or ""
    with reader.asking(page.clocks) as (connection, _, clocks):
        kinds = [kind for kind in KINDS if wanted in (None, kind)]
        every = _every(connection, kinds, clocks.seq, page.after)
        sought = (one for one in every if folded(words) in _names(one[1].record))
        found = list(islice(sought, page.limit + 1))
        shown = found[: page.limit]
        rows = [(kind, _row(kind, version, reader)) for kind, version in shown]
        last = (shown[-1][0], shown[-1][1].record["id"]) if len(found) > page.limit else None
        body = clocks.echo() | {
            FOLDERS[kind]: [row for of, row in rows if of == kind] for kind in KINDS
        }
        return body | {
            "next": page.next(clocks, list(last)) if last else None,
            "says": _says(body, is_part=bool(page.after or last)),
        }


def _every(
    connection: Connection, kinds: list[str], seq: int, after: list[str]
) -> Iterator[tuple[str, catalog.Version]]:
    """Yield parties and issues in order, after a kind and an id."""
    begin, last = after or ("", "")
    for kind in kinds[kinds.index(begin) if begin in kinds else 0 :]:
        key = last if kind == begin else ""
        while some := catalog.versions(connection, kind, seq, after=key, count=AT_ONCE):
            yield from ((kind, version) for version in some)
            key = some[-1].record["id"]


def _names(record: dict[str, Any]) -> str:
    """Return what a party or an issue is called, in one text to look in."""
    plain = [record.get(name) or "" for name in ("id", "name", "title", "proposition")]
    codes = record.get("codes") or {}
    return folded("\n".join([*plain, *(record.get("aliases") or ()), *codes.values()]))


def _row(kind: str, version: catalog.Version, reader: Reader) -> Body:
    record = records.filled(version.record)
    path = url(FOLDERS[kind], record["id"], seq=version.seq)
    return {name: record[name] for name in FIELDS[kind]} | {"permalink": reader.link(path)}


def _says(body: Body, *, is_part: bool) -> str:
    part = PART if is_part else ""
    parties = f"{len(body['parties'])} part{'y' if len(body['parties']) == 1 else 'ies'}"
    return f"{part}{parties} and {count(len(body['issues']), 'issue')}, {clocks_in_words(body)}."


def tell_catalog(body: Body) -> Iterator[str]:
    """Yield parties and issues, in lines."""
    yield body["says"]
    for one in body["parties"]:
        also = [*one["aliases"], *one["codes"].values()]
        called = f", also {', '.join(map(quoted, also[:5]))}" if also else ""
        yield f"- party {one['id']}: {quoted(one['name'])} ({one['kind']}{called})"
    for one in body["issues"]:
        told = f"{quoted(one['title'])}; proposition {quoted(one['proposition'])}"
        yield f"- issue {one['id']}: {told}"
    yield from going_on(body)
