"""What Flask-Limiter counts in: the memory of one process.

Its own storage starts a thread after most requests, to clear away what is over: a new question of
1 ms took 2 with it. Here the oldest go when there are too many.
"""

from threading import Lock
from time import time
from typing import Any, ClassVar

from cachetools import LRUCache
from limits.storage import Storage

SCHEME = "stancelog"

MOST = 20_000
"""Clients that are remembered at once: some 10 MB."""


class Counts(Storage):
    """A counter for each client, which begins anew when its time is over."""

    STORAGE_SCHEME: ClassVar[list[str] | None] = [SCHEME]  # type: ignore[misc]

    def __init__(self, uri: str | None = None, **_: Any) -> None:
        super().__init__(uri)
        self._lock = Lock()
        self._counts: LRUCache[str, tuple[int, float]] = LRUCache(MOST)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What going wrong looks like: nothing does."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, for `expiry` seconds from the first. Returns how many there are by now."""
        now = time()
        with self._lock:
            count, end = self._counts.get(key, (0, 0.0))
            count, end = (count + amount, end) if now < end else (amount, now + expiry)
            self._counts[key] = count, end
            return count

    def get(self, key: str) -> int:
        """Return how many there are."""
        count, end = self._counts.get(key, (0, 0.0))
        return count if time() < end else 0

    def get_expiry(self, key: str) -> float:
        """Return when the count begins anew, in seconds since 1970."""
        return self._counts.get(key, (0, time()))[1]

    def check(self) -> bool:
        """Tell whether it can be counted in."""
        return True

    def reset(self) -> int:
        """Forget everything. Returns how much that was."""
        with self._lock:
            number = len(self._counts)
            self._counts.clear()
            return number

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._counts.pop(key, None)
