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
NAME = r"[^\s+]+"


class NotProven(Exception):  # noqa: N818
    """What was to be shown was not."""


class WrongUsage(Exception):  # noqa: N818
    """What was asked for makes no sense."""


class Key(NamedTuple):
    """A key that checks signatures."""

    name: str
    identity: bytes
    public: bytes


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


def base64_in(text: str) -> bytes:
    """Return what base64 stands for, written in the one way that encoding gives."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        refuse("there is base64 that no encoder writes")
    return found


def number_in(proof: dict[str, Any], name: str) -> int:
    """Return a whole number from a proof."""
    value = proof[name]
    if type(value) is not int or not 0 <= value < 2**63:
        refuse(f"{name} is not a whole number")
    return value


def hash_in(text: Any, name: str) -> bytes:
    """Return the 32 bytes of a hash."""
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text):
        refuse(f"{name} is not a hash: 64 hexadecimal digits")
    return bytes.fromhex(text)


def path_in(proof: dict[str, Any]) -> list[bytes]:
    """Return the path of a proof. Each hash in it has 32 bytes, or bytes could change places."""
    if not isinstance(proof["path"], list):
        refuse("the path is not a list")
    return [hash_in(one, "what is in the path") for one in proof["path"]]


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


def key_in(text: str) -> Key:
    """Return the key in a line. Raises WrongUsage."""
    found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", text.strip())
    public = base64.b64decode(found[3]) if found else b""
    if not found or public[:1] != b"\1":
        raise WrongUsage("this is not an Ed25519 key in the form name+digits+base64")
    identity = sha256(found[1].encode(), b"\n", public)[:4]
    if identity.hex() != found[2]:
        raise WrongUsage("the key is damaged: its digits do not fit it")
    return Key(found[1], identity, public[1:])


def checkpoint_in(text: str, key: Key | None) -> Checkpoint:
    """Return the head in a checkpoint, its signature checked if there is a key."""
    body, empty, signatures = text.rpartition("\n\n")
    body = f"{body}\n" if empty else text
    lines = body.split("\n")
    if not text.endswith("\n") or not text.replace("\n", "").isprintable() or "" in lines[:-1]:
        refuse("this is not a checkpoint: lines of plain text, each ended")
    if len(lines) < 4 or not re.fullmatch(NAME, lines[0]) or not re.fullmatch(SIZE, lines[1]):
        refuse("this is not a checkpoint: origin, size and root, a line each")
    found = signatures[:-1].split("\n") if empty else []
    signed_by = [re.fullmatch(r"— (\S+) (\S+)", line) for line in found]
    if not all(signed_by):
        refuse("what follows the empty line must be signatures: — name base64")
    root = base64_in(lines[2])
    if len(root) != 32:
        refuse("the root of the checkpoint has not 32 bytes")
    if key:
        check_signatures([one for one in signed_by if one], body, key)
    return Checkpoint(int(lines[1]), root, is_checked=key is not None)


def check_signatures(signatures: list[re.Match[str]], body: str, key: Key) -> None:
    """Refuse unless a checkpoint is of the key's log, and every signature by the key holds."""
    if body.split("\n", maxsplit=1)[0] != key.name:
        refuse("the checkpoint is of another log than the key")
    count = 0
    for one in signatures:
        signature = base64_in(one[2])
        if one[1] == key.name and signature[:4] == key.identity:
            count += 1
            if not is_signed(key.public, signature[4:], body.encode()):
                refuse("the signature is not of this checkpoint: one of them was altered")
    if not count:
        refuse(f"the checkpoint has no signature by the key {key.name}+{key.identity.hex()}")


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


def event_in(stored: bytes) -> tuple[int, str, dict[str, Any]]:
    """Return the version of what an event is about, the kind of event, and its state.

    Stored are 16 bytes that identify what it is about, 8 of version, 4 of the length of the kind,
    the kind, and the state in JSON.
    """
    length = int.from_bytes(stored[24:28], "big")
    state = json.loads(stored[28 + length :])
    if not isinstance(state, dict) or not isinstance(state.get("record"), dict):
        refuse("the event keeps no record")
    return int.from_bytes(stored[16:24], "big"), stored[28 : 28 + length].decode(), state


def inclusion(proof: dict[str, Any], kept: Checkpoint | None) -> str:
    """Return what a proof of inclusion shows. Raises NotProven."""
    leaf, size = number_in(proof, "leaf"), number_in(proof, "size")
    stored = base64_in(proof["stored"])
    chain = sha256(hash_in(proof["previous"], "previous"), stored)
    leaf_hash = sha256(b"\0", chain)
    root = root_of_inclusion(leaf, size, leaf_hash, path_in(proof))
    if root != hash_in(proof["root"], "root"):
        refuse(f"the event and the path give the root {root.hex()}, not that of the proof")
    if (chain.hex(), leaf_hash.hex()) != (proof["chain"], proof["leaf_hash"]):
        refuse("what is stored does not give the hashes that the proof has for it")
    if kept and (kept.size, kept.root) != (size, root):
        refuse(
            f"the proof is for a ledger of {size} events with another root or size than "
            f"the checkpoint's ({kept.size}): ask for it with size={kept.size}"
        )
    version, kind, state = event_in(stored)
    record = state["record"]
    told = (proof.get("report"), proof.get("version"))
    if told[0] is not None and told != (record.get("report", record.get("id")), version):
        refuse("the event is not that version of that report: the proof is of another")
    shown = json.dumps(record, ensure_ascii=True, indent=2)
    return (
        f"{shown}\n\nThis record is event {leaf + 1} of {size} in the ledger: "
        f"{kind.rpartition(':')[2]!a}, version {version}.\n"
        "Its seq and time were not checked: they are what the server says they are."
    )


def consistency(proof: dict[str, Any], old: Checkpoint, new: Checkpoint) -> str:
    """Return what a proof of consistency shows. Raises NotProven."""
    for kept, told in ((old, proof["from"]), (new, proof["to"])):
        if (kept.size, kept.root.hex()) != (number_in(told, "size"), told["root"]):
            refuse(f"the proof is not about the checkpoint of {kept.size} events")
    if not is_consistent(old.size, old.root, new.size, new.root, path_in(proof)):
        refuse(f"the ledger of {new.size} events does not begin with the one of {old.size}")
    return f"The first {old.size} of the {new.size} events are the same: the log only grew."


def read(name: str) -> str:
    """Return the text of a file."""
    if name == "-":
        return sys.stdin.buffer.read().decode()
    with open(name, "rb") as file:  # noqa: PTH123
        return file.read().decode()


def trust(kept: Checkpoint | None) -> str:
    """Return how far the head can be trusted."""
    if kept is None:
        return "No checkpoint was given: the root is what the server says it is."
    if not kept.is_checked:
        return "The checkpoint's signature was not checked: no --key was given."
    return "The checkpoint is signed by the key."


def answer(asked: argparse.Namespace) -> str:
    """Return what is shown. Raises NotProven, WrongUsage."""
    key = None if asked.key is None else key_in(asked.key)
    is_inclusion = asked.command == "inclusion"
    heads = [asked.checkpoint] if is_inclusion else [asked.old, asked.new]
    if heads == [None] and key:
        raise WrongUsage("--key: give --checkpoint too, whose signature it checks")
    if [asked.proof, *heads].count("-") > 1:
        raise WrongUsage("'-' can be given once")
    proof = json.loads(read(asked.proof), object_pairs_hook=unique)
    kept = [checkpoint_in(read(name), key) for name in heads if name is not None]
    if is_inclusion:
        newest = kept[0] if kept else None
        return f"{inclusion(proof, newest)}\n{trust(newest)}"
    return f"{consistency(proof, *kept)}\n{trust(kept[1])}"


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
    try:
        shown = answer(parser.parse_args())
    except WrongUsage as error:
        parser.error(str(error))
    except NotProven as error:
        print(f"NOT PROVEN: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot read it: {error}", file=sys.stderr)
        return 2
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"NOT PROVEN: malformed ({type(error).__name__}: {error})", file=sys.stderr)
        return 1
    print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
