"""The ledger: proof that no stored event was changed, removed, moved or put in between.

Every event of the log, bookkeeping too, is chained: its hash is over the hash before it and
over its stored bytes. The chain is the leaves of a Merkle tree (RFC 6962), so that one hash,
the root, stands for the whole log, and short proofs show that an event is in it, and that a
later log extends an earlier one.
"""

from collections.abc import Iterable, Sequence, Set
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    bindparam,
    func,
    select,
)

from projections import merkle
from projections.aside import named
from projections.database import driver, in_parts, insert_all, metadata
from projections.log import Page
from projections.merkle import Node, Span

ledger = Table(
    "ledger",
    metadata,
    Column("leaf", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("position", BigInteger, nullable=False),  # the event store's own id
    Column("seq", Integer),  # of the record that the event keeps; bookkeeping has none
    Column("chain", LargeBinary, nullable=False),
    Column("nodes", LargeBinary, nullable=False),  # hashes of what it completes, its own first
    Index("ledger_by_seq", "seq", unique=True),
    info={"key": ("leaf",)},
)

NAME = "ledger"
VERSION = 1
TABLES = (ledger,)

GENESIS = bytes(32)
"""The hash before the first."""


class Leaf(NamedTuple):
    """One event in the ledger."""

    leaf: int
    position: int
    seq: int | None
    chain: bytes


class RewrittenError(Exception):
    """The log no longer gives the ledger that it once gave, or that one is damaged."""


# How events change it


def apply(connection: Connection, page: Page) -> None:
    """Chain the events."""
    size, chain, peaks = _peaks(connection)
    seqs = {entry.position: entry.seq for entry in page.entries}
    rows = []
    for leaf, event in enumerate(page.events, size):
        chain = chained(chain, event.raw)
        completed = merkle.append(peaks, chain)
        rows.append((leaf, event.id, seqs.get(event.id), chain, b"".join(completed)))
    insert_all(connection, ledger, rows)


def chained(before: bytes, raw: bytes) -> bytes:
    """Return the hash of an event, over the hash before it and its stored bytes."""
    return sha256(before + raw).digest()


# What can be asked of it

_READS = (ledger.c.leaf, ledger.c.position, ledger.c.seq, ledger.c.chain)
_END = select(ledger.c.leaf, ledger.c.chain).where(
    ledger.c.leaf == select(func.max(ledger.c.leaf)).scalar_subquery()
)
_LEAF = select(*_READS).where(ledger.c.leaf == bindparam("leaf"))
_LEAF_OF = select(*_READS).where(ledger.c.seq == bindparam("seq"))
_LAST_SEQ = (
    select(ledger.c.seq)
    .where(ledger.c.leaf < bindparam("size"), ledger.c.seq.is_not(None))
    .order_by(ledger.c.leaf.desc())
    .limit(1)
)
_NODES = select(ledger.c.leaf, ledger.c.nodes).where(
    ledger.c.leaf.in_(bindparam("leaves", expanding=True))
)


def size_of(connection: Connection) -> int:
    """Return how many events are in the ledger."""
    return _end(connection)[0]


def size_at(connection: Connection, seq: int) -> int:
    """Return how many were when the record at `seq` was the last: its own event is."""
    leaf = leaf_of(connection, seq)
    return leaf.leaf + 1 if leaf else 0


def last_seq(connection: Connection, size: int) -> int:
    """Return the position in the log of the last record among the first `size` events."""
    return int(connection.execute(_LAST_SEQ, {"size": size}).scalar() or 0)


def leaf_of(connection: Connection, seq: int) -> Leaf | None:
    """Return the event of the record at `seq`, None if there is none."""
    row = connection.execute(_LEAF_OF, {"seq": seq}).one_or_none()
    return Leaf(*row) if row else None


def leaf_at(connection: Connection, leaf: int) -> Leaf | None:
    """Return an event by its number, from 0, None if there is none."""
    row = connection.execute(_LEAF, {"leaf": leaf}).one_or_none()
    return Leaf(*row) if row else None


def root_at(connection: Connection, size: int) -> bytes:
    """Return the root over the first `size` events."""
    return roots(connection, [Span(0, size)])[0]


def roots(connection: Connection, spans: Sequence[Span]) -> list[bytes]:
    """Return the root over each of some spans of events, in one or two statements."""
    hashes = _hashes(connection, (node for span in spans for node in merkle.nodes_of(span)))
    return [merkle.root_of(span, hashes) for span in spans]


def must_hold(connection: Connection, size: int, root: bytes) -> None:
    """Raises RewrittenError unless the first `size` events have that root."""
    if size and (size_of(connection) < size or root_at(connection, size) != root):
        raise RewrittenError(
            f"the log no longer gives the root that the ledger has for its first {size} events: "
            "an event was changed, removed or put in between, or the ledger was. 'stancelog "
            "verify' names the first one that differs"
        )


def _peaks(connection: Connection) -> tuple[int, bytes, list[tuple[int, bytes]]]:
    """Return how many events there are, the chain so far, and the peaks for `merkle.append`.

    Each peak is completed by its last leaf. What is left of it is a tree with the lowest bit of
    its size cleared.
    """
    table = named(connection, ledger)
    query = f"""
        WITH RECURSIVE sizes (size) AS (
            SELECT max(leaf) + 1 FROM {table}
            UNION ALL SELECT size & (size - 1) FROM sizes WHERE size > 0)
        SELECT size, (SELECT chain FROM {table} WHERE leaf = size - 1),
            (SELECT nodes FROM {table} WHERE leaf = size - 1)
        FROM sizes WHERE size > 0 ORDER BY size
    """  # noqa: S608
    # By the driver itself: SQLAlchemy cannot ask `at_once`.
    rows = driver(connection).execute(query).fetchall()
    _must_have_lost_none({size - 1 for size, _, nodes in rows if nodes is None})
    levels = [(size & -size).bit_length() - 1 for size, _, _ in rows]
    hashes = [nodes[32 * level :][:32] for level, (_, _, nodes) in zip(levels, rows, strict=True)]
    size, chain = rows[-1][:2] if rows else (0, GENESIS)
    return size, chain, list(zip(levels, hashes, strict=True))


def _end(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute(_END).one_or_none()
    return (row.leaf + 1, row.chain) if row else (0, GENESIS)


def _hashes(connection: Connection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    wanted = list(nodes)
    completed: dict[int, bytes] = {}
    for leaves in in_parts({node.last_leaf for node in wanted}):
        rows = connection.execute(_NODES, {"leaves": leaves})
        completed |= {row.leaf: row.nodes for row in rows}
    _must_have_lost_none({node.last_leaf for node in wanted} - completed.keys())
    return {
        node: completed[node.last_leaf][32 * node.level : 32 * (node.level + 1)] for node in wanted
    }


def _must_have_lost_none(leaves: Set[int]) -> None:
    if leaves:
        raise RewrittenError(
            f"the ledger has lost its row of event {min(leaves) + 1}: 'stancelog rebuild "
            "--accept-new-root' makes a new one of the log as it is"
        )
