"""Proofs about the log, which anybody can check without us: docs/verify.py does."""

from base64 import b64encode

from sqlalchemy import Connection

from events import dates
from events.timeline import Timeline
from projections import ledger, log, merkle
from projections.ledger import GENESIS, Leaf
from projections.log import Head
from projections.merkle import Span
from service.answers.shared import Body
from service.links import url
from service.problems import NotFoundError


def ledger_head(connection: Connection, size: int, seq: int) -> Body:
    """Return the head of the ledger when it had `size` events, the last record being at `seq`."""
    last = ledger.leaf_at(connection, size - 1)
    recorded_at = log.recorded_at(connection, seq)
    return {
        "size": size,
        "root": ledger.root_at(connection, size).hex(),
        "chain": (last.chain if last else GENESIS).hex(),
        "seq": seq,
        "time": None if recorded_at is None else dates.to_text(recorded_at),
        "links": {"self": url("ledger"), "permalink": url("ledger", size=size)},
    }


def newest_head(connection: Connection, head: Head) -> tuple[int, bytes, str | None]:
    """Return the size and root of the ledger, and when its last record was recorded."""
    size = ledger.size_of(connection)
    time = dates.to_text(head.recorded_at) if head.seq else None
    return size, ledger.root_at(connection, size), time


def inclusion(connection: Connection, timeline: Timeline, leaf: Leaf, size: int) -> Body:
    """Return the proof that an event that keeps a record is among the first `size`."""
    assert leaf.seq is not None
    before = ledger.leaf_at(connection, leaf.leaf - 1)
    stored = timeline.events_after(leaf.position - 1, 1, leaf.position)
    if not stored:
        raise NotFoundError("event", str(leaf.leaf), why="The store has lost the event: verify.")
    root, *path = ledger.roots(connection, [Span(0, size), *merkle.inclusion(leaf.leaf, size)])
    recorded_at = log.recorded_at(connection, leaf.seq)
    assert recorded_at is not None
    return {
        "seq": leaf.seq,
        "leaf": leaf.leaf,
        "size": size,
        "root": root.hex(),
        "previous": (before.chain if before else GENESIS).hex(),
        "stored": b64encode(stored[0].raw).decode(),
        "chain": leaf.chain.hex(),
        "leaf_hash": merkle.leaf_hash(leaf.chain).hex(),
        "path": [one.hex() for one in path],
        "time": dates.to_text(recorded_at),
        "links": {
            "self": url("ledger", "proof", seq=leaf.seq),
            "permalink": url("ledger", "proof", seq=leaf.seq, size=size),
            "ledger": url("ledger", size=size),
        },
    }


def consistency(connection: Connection, old: int, size: int) -> Body:
    """Return the proof that the first `size` events begin with the first `old`."""
    spans = [Span(0, old), Span(0, size), *merkle.consistency(old, size)]
    old_root, root, *path = ledger.roots(connection, spans)
    return {
        "from": {"size": old, "root": old_root.hex()},
        "to": {"size": size, "root": root.hex()},
        "path": [one.hex() for one in path],
        "links": {
            "self": url("ledger", "consistency", from_=old),
            "permalink": url("ledger", "consistency", from_=old, to=size),
        },
    }
