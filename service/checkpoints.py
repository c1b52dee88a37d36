"""Checkpoints: a head of the ledger in a few lines, to be kept where we cannot reach it.

In the form of C2SP's tlog-checkpoint, as a signed note (c2sp.org/tlog-checkpoint,
c2sp.org/signed-note): origin, size and root, a line each; then lines of our own; then, after
an empty line, signatures. So the tools of transparency logs read it too.
"""

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ED25519 = b"\x01"
"""The kind of key, in a signed note."""

ORIGIN = "stancelog"

_SIGNATURE = re.compile(r"— (\S+) (\S+)")
_NAME = re.compile(r"[^\s+]+")


class CheckpointError(Exception):
    """A checkpoint or a key cannot be used."""


class BadSignatureError(CheckpointError):
    """The signature is not one of the key over the checkpoint."""


class Checkpoint(NamedTuple):
    """A head of the ledger."""

    origin: str
    size: int
    root: bytes
    seq: int | None = None
    time: str | None = None  # when the last record was recorded


class Key(NamedTuple):
    """A key that checks signatures, by the name that it signs with."""

    name: str
    public: Ed25519PublicKey

    @property
    def id(self) -> bytes:
        """The four bytes that stand for it in a signature."""
        return sha256(
            self.name.encode() + b"\n" + ED25519 + self.public.public_bytes_raw()
        ).digest()[:4]

    def __str__(self) -> str:
        public = b64encode(ED25519 + self.public.public_bytes_raw()).decode()
        return f"{self.name}+{self.id.hex()}+{public}"


def is_name(text: str) -> bool:
    """Tell whether a text may name a log and its key: neither blanks nor '+', all to be seen."""
    return bool(_NAME.fullmatch(text)) and text.isprintable()


def body_of(checkpoint: Checkpoint) -> str:
    """Return the text of a checkpoint, without signatures."""
    lines = [checkpoint.origin, str(checkpoint.size), b64encode(checkpoint.root).decode()]
    if checkpoint.seq is not None:
        lines.append(f"seq {checkpoint.seq}")
    if checkpoint.time is not None:
        lines.append(f"time {checkpoint.time}")
    return "".join(f"{line}\n" for line in lines)


def signed(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """Return the text of a checkpoint with a signature by its origin."""
    body = body_of(checkpoint)
    key = Key(checkpoint.origin, private.public_key())
    signature = b64encode(key.id + private.sign(body.encode())).decode()
    return f"{body}\n— {key.name} {signature}\n"


def parsed(text: str) -> Checkpoint:
    """Return the checkpoint in a text, its signatures unchecked. Raises CheckpointError."""
    lines = _parts(text)[0].split("\n")[:-1]
    if len(lines) < 3:
        raise CheckpointError("a checkpoint has an origin, a size and a root, a line each")
    origin, size, root, *more = lines
    if not is_name(origin):
        raise CheckpointError(f"line 1: {origin[:80]!r} is not an origin")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
        raise CheckpointError(f"line 2: {size[:80]!r} is not the size of a log")
    if "" in more:
        raise CheckpointError("an empty line comes only once, before the signatures")
    seq, time = _told(more, "seq"), _told(more, "time")
    if seq is not None and not re.fullmatch(r"0|[1-9][0-9]{0,17}", seq):
        raise CheckpointError(f"{seq[:80]!r} is not a seq")
    return Checkpoint(
        origin,
        int(size),
        _decoded(root, 32, "line 3: the root"),
        None if seq is None else int(seq),
        time,
    )


def is_signed(text: str) -> bool:
    """Tell whether a checkpoint has any signature. Raises CheckpointError."""
    return bool(_parts(text)[1])


def check(text: str, key: Key) -> None:
    """Raises BadSignatureError unless a checkpoint is of a key's own log, and signed by it.

    Signatures by others are left alone, as a note may have several; every one by it must hold.
    """
    body, signatures = _parts(text)
    if (origin := body.partition("\n")[0]) != key.name:
        raise BadSignatureError(f"it is of the log {origin[:80]!r}, and the key of {key.name!r}")
    is_signed_by_it = False
    for name, encoded in signatures:
        raw = _decoded(encoded, None, "the signature")
        if name != key.name or raw[:4] != key.id:
            continue
        try:
            key.public.verify(raw[4:], body.encode())
        except InvalidSignature:
            raise BadSignatureError("the signature is not of this text: one was altered") from None
        is_signed_by_it = True
    if not is_signed_by_it:
        raise BadSignatureError(f"it has no signature by {key}")


def key_of(text: str) -> Key:
    """Return the key that a line like `name+1a2b3c4d+AXy…` stands for. Raises CheckpointError."""
    name, _, rest = text.strip().partition("+")
    stated, _, encoded = rest.partition("+")
    raw = _decoded(encoded, 33, "the key")
    if raw[:1] != ED25519 or not is_name(name):
        raise CheckpointError("only Ed25519 keys are known: name+8 hexadecimal digits+base64")
    key = Key(name, Ed25519PublicKey.from_public_bytes(raw[1:]))
    if key.id.hex() != stated:
        raise CheckpointError("the key is damaged: its digits do not fit it")
    return key


def private_key(path: str) -> Ed25519PrivateKey:
    """Return the key in a PEM file. Raises CheckpointError, OSError."""
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CheckpointError(
            f"{path} holds no private key without a password that we can read ({error}); "
            "'openssl genpkey -algorithm ed25519 -out key.pem' makes one"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointError(f"{path} holds a key of another kind than Ed25519")
    return key


def _parts(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the body of a note, and its signatures as (name, base64)."""
    if "\r" in text:
        raise CheckpointError("it is not a checkpoint any more: its ends of lines were changed")
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        raise CheckpointError("it is not a checkpoint: lines of plain text, each ended")
    body, empty, rest = text.rpartition("\n\n")
    if not empty:
        return text, []
    found = [_SIGNATURE.fullmatch(line) for line in rest.split("\n")[:-1]]
    if not found or not all(found):
        raise CheckpointError("what follows the empty line must be signatures: — name base64")
    return f"{body}\n", [(one[1], one[2]) for one in found if one]


def _told(lines: list[str], what: str) -> str | None:
    """Return what the line about something says, of the lines of our own."""
    found = [line.partition(" ")[2] for line in lines if line.startswith(f"{what} ")]
    if len(found) > 1:
        raise CheckpointError(f"it has two lines with a {what}")
    return found[0] if found else None


def _decoded(text: str, length: int | None, what: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError(f"{what} is not base64") from None
    if (length is not None and len(raw) != length) or b64encode(raw).decode() != text:
        raise CheckpointError(f"{what} has not the length that it should have")
    return raw
