"""Merkle trees over an append-only list, as RFC 6962, section 2.1, has them.

Pure functions. A node is a complete subtree: the leaves from `at << level` on, `1 << level`
of them. Whatever a root or a proof needs is made of such nodes, about log2(size) of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


class Node(NamedTuple):
    """Where a complete subtree is."""

    level: int
    at: int

    @property
    def last_leaf(self) -> int:
        """The leaf that completes it."""
        return ((self.at + 1) << self.level) - 1


class Span(NamedTuple):
    """The leaves from `first` up to, not including, `end`."""

    first: int
    end: int


Hashes = Mapping[Node, bytes]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return sha256(b"\1" + left + right).digest()


def append(peaks: list[tuple[int, bytes]], data: bytes) -> list[bytes]:
    """Add a leaf. Returns the hashes of the nodes that it completes, its own first.

    `peaks`: (level, hash) of the complete subtrees that the tree is made of, left to right;
    changed to those of the tree with the leaf.
    """
    level, found = 0, leaf_hash(data)
    completed = [found]
    while peaks and peaks[-1][0] == level:
        _, left = peaks.pop()
        level, found = level + 1, node_hash(left, found)
        completed.append(found)
    peaks.append((level, found))
    return completed


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, left to right."""
    if not peaks:
        return EMPTY
    *rest, found = peaks
    for left in reversed(rest):
        found = node_hash(left, found)
    return found


def nodes_of(span: Span) -> Iterator[Node]:
    """Yield the complete subtrees that a span of a tree is made of, left to right."""
    first = span.first
    while first < span.end:
        level = (span.end - first).bit_length() - 1
        yield Node(level, first >> level)
        first += 1 << level


def root_of(span: Span, hashes: Hashes) -> bytes:
    """Return the root over a span, given the hashes of its nodes."""
    return root_of_peaks([hashes[node] for node in nodes_of(span)])


def inclusion(leaf: int, size: int) -> list[Span]:
    """Return the spans whose roots prove that a leaf is in the tree of `size`, leaf to root.

    Source: PATH, RFC 6962, section 2.1.1. `leaf` is from 0, and below `size`.
    """
    return _path(leaf, Span(0, size))


def consistency(old: int, size: int) -> list[Span]:
    """Return the spans whose roots prove that the tree of `size` extends that of `old`.

    Source: PROOF, RFC 6962, section 2.1.2. Empty if `old` is 0 or `size`.
    """
    return _subproof(old, Span(0, size), is_known=True) if old else []


def _path(leaf: int, span: Span) -> list[Span]:
    if span.end - span.first == 1:
        return []
    left, right = _halves(span)
    if leaf < left.end:
        return [*_path(leaf, left), right]
    return [*_path(leaf, right), left]


def _subproof(old: int, span: Span, *, is_known: bool) -> list[Span]:
    if old == span.end:
        return [] if is_known else [span]
    left, right = _halves(span)
    if old <= left.end:
        return [*_subproof(old, left, is_known=is_known), right]
    return [*_subproof(old, right, is_known=False), left]


def _halves(span: Span) -> tuple[Span, Span]:
    """Return both halves: the left one is the largest power of two below the whole."""
    middle = span.first + (1 << ((span.end - span.first - 1).bit_length() - 1))
    return Span(span.first, middle), Span(middle, span.end)
