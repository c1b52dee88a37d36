"""Ids for records that come without one."""

import secrets
import time
from collections import Counter
from hashlib import sha256
from uuid import UUID

import orjson

from events.records import Record


def new_id() -> str:
    """Return a new UUIDv7: made of the time, so that ids sort by it. RFC 9562."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(UUID(int=value | 0b10 << 62 | secrets.randbits(62)))


class Successors:
    """Ids that follow from one: the same ones in the same order, whenever they are made."""

    def __init__(self, first: str) -> None:
        self._first = UUID(first)
        self._made = 0

    def new_id(self) -> str:
        """Return the first, then others of the same time."""
        made, self._made = self._made, self._made + 1
        if not made:
            return str(self._first)
        digest = sha256(self._first.bytes + made.to_bytes(8)).digest()
        time_and_kind = self._first.int >> 62 << 62 & ~(0xFFF << 64)
        others = int.from_bytes(digest)
        return str(UUID(int=time_and_kind | (others >> 62 & 0xFFF) << 64 | others & (1 << 62) - 1))


class LineKeys:
    """Ids for the lines of one file: importing it twice records nothing the second time."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def id_of(self, record: Record) -> str:
        """Return an id made of the content and of how many equal lines came before."""
        content = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
        digest = sha256(content).digest()[:16]
        before = self._seen[digest]
        self._seen[digest] += 1
        return f"line-{sha256(digest + str(before).encode()).hexdigest()[:32]}"
