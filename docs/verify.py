"""Check a proof about a Stancelog log without Stancelog: nothing but Python is needed.

    python verify.py inclusion PROOF.json [--checkpoint FILE] [--key KEY]
    python verify.py consistency PROOF.json OLD_CHECKPOINT NEW_CHECKPOINT [--key KEY]

PROOF.json is what /v1/ledger/proof or /v1/ledger/consistency answers; a checkpoint is what
`stancelog checkpoint` writes; KEY is what `stancelog checkpoint --public-key` prints. '-' is
standard input. Exit status: 0 proven, 1 not proven, 2 wrong usage.

Sources: RFC 9162, sections 2.1.3.2 and 2.1.4.2 (proofs; the trees are those of RFC 6962);
C2SP signed-note and tlog-checkpoint; RFC 8032, sections 5.1.3 and 5.1.7 (Ed25519).
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from typing import Any, NamedTuple, NoReturn

SIZE = r"0|[1-9][0-9]{0,18}"


class NotProven(Exception):  # noqa: N818
    """What was to be shown was not."""


class Checkpoint(NamedTuple):
    """A head of a ledger that somebody kept."""

    size: int
    root: bytes
    is_checked: bool  # its signature


def sha256(*parts: bytes) -> bytes:
    """Return the hash over some bytes after one another."""
    return hashlib.sha256(b"".join(parts)).digest()


def refuse(why: str) -> NoReturn:
    """Say why something is not proven."""
    raise NotProven(why)


# What is read, strictly: one way of writing each thing


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, none of whose names is there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse("the proof has a name twice")
    return found


def count_in(value: Any) -> int:
    """Return a whole number, from 0 on."""
    if type(value) is not int or not 0 <= value < 2**63:
        refuse(f"{str(value)[:80]!r} is not a whole number from 0 on")
    return int(value)


def hash_in(value: Any) -> bytes:
    """Return a hash, which is 64 hexadecimal digits."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        refuse(f"{str(value)[:80]!r} is not a hash: 64 hexadecimal digits")
    return bytes.fromhex(value)


def path_in(value: Any) -> list[bytes]:
    """Return the hashes of a path."""
    if not isinstance(value, list):
        refuse("the path is not a list")
    return [hash_in(one) for one in value]


def base64_in(text: str) -> bytes:
    """Return what base64 stands for, written in the one way that encoding gives."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        refuse("there is base64 that no encoder writes")
    return found


# Proofs


def root_of_inclusion(leaf: int, size: int, leaf_hash: bytes, path: list[bytes]) -> bytes:
    """Return the root that a leaf and its path give."""
    if not 0 <= leaf < size:
        refuse(f"event {leaf} is not in a ledger of {size}")
    first, last, found = leaf, size - 1, leaf_hash
    for other in path:
        if last == 0:
            refuse("the path is too long")
        if first % 2 or first == last:
            found = sha256(b"\1", other, found)
            while first and not first % 2:
                first, last = first // 2, last // 2
        else:
            found = sha256(b"\1", found, other)
        first, last = first // 2, last // 2
    if last:
        refuse("the path is too short")
    return found


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    """Tell whether a path shows that the ledger of `size` begins with that of `old`."""
    if old == size:
        return old_root == root and not path
    if old == 0:
        return old_root == sha256() and not path
    if not old & (old - 1):
        path = [old_root, *path]
    if old > size or not path:
        return False
    first, last = old - 1, size - 1
    while first % 2:
        first, last = first // 2, last // 2
    old_found = found = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if first % 2 or first == last:
            old_found = sha256(b"\1", other, old_found)
            found = sha256(b"\1", other, found)
            while first and not first % 2:
                first, last = first // 2, last // 2
        else:
            found = sha256(b"\1", found, other)
        first, last = first // 2, last // 2
    return last == 0 and old_found == old_root and found == root


# Checkpoints


def checkpoint_in(text: str, key: str | None) -> Checkpoint:
    """Return the head in a checkpoint, its signature checked if there is a key."""
    body, empty, signatures = text.rpartition("\n\n")
    body = f"{body}\n" if empty else text
    lines = body.split("\n")
    if len(lines) < 4 or not text.endswith("\n") or re.search(r"[\0-\x09\x0b-\x1f]", text):
        refuse("this is not a checkpoint: lines of plain text, each ended")
    if not re.fullmatch(r"[^\s+]+", lines[0]) or not re.fullmatch(SIZE, lines[1]):
        refuse("this is not a checkpoint: origin, size and root, a line each")
    signed_by = [re.fullmatch(r"— (\S+) (\S+)", line) for line in signatures[:-1].split("\n")]
    if empty and not all(signed_by):
        refuse("what follows the empty line must be signatures: — name base64")
    root = base64_in(lines[2])
    if len(root) != 32:
        refuse("the root of the checkpoint has not 32 bytes")
    if key is None:
        return Checkpoint(int(lines[1]), root, is_checked=False)
    must_be_signed(body, [one for one in signed_by if one], key)
    return Checkpoint(int(lines[1]), root, is_checked=True)


def must_be_signed(body: str, signatures: list[re.Match[str]], key: str) -> None:
    """Raises NotProven unless one of the signatures is of the body, by the key."""
    name, digits, encoded = key.split("+", 2)
    public = base64_in(encoded)
    identity = sha256(name.encode(), b"\n", public)[:4]
    if public[:1] != b"\1" or len(public) != 33 or identity.hex() != digits:
        refuse("this is not an Ed25519 key in the form name+digits+base64, or it is damaged")
    for one in signatures:
        if one[1] == name:
            signature = base64_in(one[2])
            if signature[:4] == identity:
                if not is_signed(public[1:], signature[4:], body.encode()):
                    refuse("the signature is not of this checkpoint: one of them was altered")
                return
    refuse(f"the checkpoint has no signature by {key}")


# Ed25519


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """Add two points in extended coordinates."""
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar: int, point: Point) -> Point:
    """Multiply a point."""
    found = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = add(found, point)
        point, scalar = add(point, point), scalar >> 1
    return found


def point_in(raw: bytes) -> Point:
    """Return the point that 32 bytes stand for."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        refuse("the key or the signature is malformed")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        refuse("the key or the signature is malformed")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_in((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature is of a message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    a = multiply(s, BASE)
    b = add(point_in(signature[:32]), multiply(k, point_in(public)))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


# What is asked


def record_in(stored: bytes) -> Any:
    """Return the record in what is stored of an event."""
    length = int.from_bytes(stored[24:28], "big")
    state: dict[str, Any] = json.loads(stored[28 + length :])
    return state["record"]


def inclusion(proof: dict[str, Any], kept: Checkpoint | None) -> str:
    """Return what a proof of inclusion shows. Raises NotProven."""
    stored = base64_in(proof["stored"])
    leaf, size = count_in(proof["leaf"]), count_in(proof["size"])
    chain = sha256(hash_in(proof["previous"]), stored)
    leaf_hash = sha256(b"\0", chain)
    if (chain, leaf_hash) != (hash_in(proof["chain"]), hash_in(proof["leaf_hash"])):
        refuse("what is stored does not give the hashes that the proof has for it")
    root = root_of_inclusion(leaf, size, leaf_hash, path_in(proof["path"]))
    if root != hash_in(proof["root"]):
        refuse(f"the event and the path give the root {root.hex()}, not that of the proof")
    if kept and (kept.size, kept.root) != (size, root):
        refuse(
            f"the proof is for a ledger of {size} events with another root or size than "
            f"the checkpoint's ({kept.size}): ask for it with size={kept.size}"
        )
    record = json.dumps(record_in(stored), ensure_ascii=True, indent=2)
    return f"{record}\n\nThis record is event {leaf + 1} of {size} in the ledger."


def consistency(proof: dict[str, Any], old: Checkpoint, new: Checkpoint) -> str:
    """Return what a proof of consistency shows. Raises NotProven."""
    for kept, told in ((old, proof["from"]), (new, proof["to"])):
        if (kept.size, kept.root) != (count_in(told["size"]), hash_in(told["root"])):
            refuse(f"the proof is not about the checkpoint of {kept.size} events")
    path = path_in(proof["path"])
    if not is_consistent(old.size, old.root, new.size, new.root, path):
        refuse(f"the ledger of {new.size} events does not begin with the one of {old.size}")
    return f"The first {old.size} of the {new.size} events are the same: the log only grew."


def read(name: str) -> str:
    """Return the text of a file."""
    if name == "-":
        return sys.stdin.read()
    with open(name, encoding="utf-8", newline="") as file:  # noqa: PTH123
        return file.read()


def trust(kept: Checkpoint | None) -> str:
    """Return how far the head can be trusted."""
    if kept is None:
        return "No checkpoint was given: the root is what the server says it is."
    if not kept.is_checked:
        return "The checkpoint's signature was not checked: no --key was given."
    return "The checkpoint is signed by the key."


def main() -> int:
    """Check what is asked for. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Check a proof about a Stancelog log.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("inclusion", help="a record is in the log, as it was recorded")
    one.add_argument("proof")
    one.add_argument("--checkpoint")
    two = commands.add_parser("consistency", help="the log was only added to since a checkpoint")
    two.add_argument("proof")
    two.add_argument("old")
    two.add_argument("new")
    for command in (one, two):
        command.add_argument("--key", help="name+digits+base64")
    asked = parser.parse_args()
    try:
        proof = json.loads(read(asked.proof), object_pairs_hook=unique)
        if asked.command == "inclusion":
            kept = checkpoint_in(read(asked.checkpoint), asked.key) if asked.checkpoint else None
            print(inclusion(proof, kept))
        else:
            old, kept = (checkpoint_in(read(name), asked.key) for name in (asked.old, asked.new))
            print(consistency(proof, old, kept))
    except NotProven as error:
        print(f"NOT PROVEN: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot read it: {error}", file=sys.stderr)
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"NOT PROVEN: malformed ({type(error).__name__}: {error})", file=sys.stderr)
        return 1
    print(trust(kept))
    return 0


if __name__ == "__main__":
    sys.exit(main())
