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
