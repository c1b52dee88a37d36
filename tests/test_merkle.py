"""The tree is that of RFC 6962: its roots are those of the standard's own examples."""

from hashlib import sha256

import pytest

from projections import merkle
from projections.merkle import Node, Span

LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (  # of the first n of them, as the implementations of Certificate Transparency test
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZE = 40


def leaves(count):
    return [n.to_bytes(2, "big") * n for n in range(count)]


def naive_root(data):
    """MTH of RFC 6962, section 2.1, word for word."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return sha256(b"\x01" + naive_root(data[:k]) + naive_root(data[k:])).digest()


def hashes_of(data):
    """Every complete subtree, as appending gives them."""
    found, peaks = {}, []
    for leaf, one in enumerate(data):
        for level, value in enumerate(merkle.append(peaks, one)):
            found[Node(level, leaf >> level)] = value
    return found


def is_included(root, size, leaf, value, path):
    """RFC 9162, section 2.1.3.2, word for word."""
    if leaf >= size:
        return False
    fn, sn, r = leaf, size - 1, value
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            if not fn & 1:
                while fn and not fn & 1:
                    fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def is_extended(old, old_root, size, root, path):
    """RFC 9162, section 2.1.4.2, word for word."""
    if old & (old - 1) == 0:
        path = [old_root, *path]
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = sha256(b"\x01" + c + fr).digest()
            sr = sha256(b"\x01" + c + sr).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == root


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_known_examples(size):
    hashes = hashes_of(LEAVES)
    assert merkle.root_of(Span(0, size), hashes).hex() == ROOTS[size]
    assert naive_root(LEAVES[:size]).hex() == ROOTS[size]


def test_the_peaks_that_appending_leaves_give_the_root():
    peaks = []
    for size, one in enumerate(leaves(SIZE), 1):
        merkle.append(peaks, one)
        found = merkle.root_of_peaks([peak for _, peak in peaks])
        assert found == naive_root(leaves(size))


@pytest.mark.parametrize("size", range(1, SIZE))
def test_every_leaf_is_proven_to_be_in_every_tree_that_has_it_and_in_no_other_place(size):
    hashes, root = hashes_of(leaves(size)), naive_root(leaves(size))
    for leaf in range(size):
        path = [merkle.root_of(span, hashes) for span in merkle.inclusion(leaf, size)]
        value = hashes[Node(0, leaf)]
        assert is_included(root, size, leaf, value, path)
        for other in {leaf ^ 1, (leaf + 1) % size} - {leaf}:
            assert not is_included(root, size, other, value, path)


@pytest.mark.parametrize("size", range(1, SIZE))
def test_every_tree_is_proven_to_extend_every_smaller_one_and_no_other(size):
    hashes, root = hashes_of(leaves(size)), naive_root(leaves(size))
    for old in range(1, size):
        path = [merkle.root_of(span, hashes) for span in merkle.consistency(old, size)]
        old_root = naive_root(leaves(old))
        assert is_extended(old, old_root, size, root, path)
        assert not is_extended(old, naive_root([b"other", *leaves(old)[1:]]), size, root, path)
    assert merkle.consistency(size, size) == merkle.consistency(0, size) == []
