"""The shapes of what proves the log, and the parameters that ask for it."""

from marshmallow import fields

from service.schemas.fields import LONGEST_NAME, Text
from service.schemas.queries import Number, Strict
from service.schemas.shapes import Answer, instant, links, maybe_text, number, one, text, texts

MOST = 2**53


def _size(description: str, **kwargs: str) -> Number:
    return Number(0, MOST, metadata={"description": description}, **kwargs)


class HeadQuery(Strict):
    """Which state of the ledger. Default: the newest."""

    size = _size("With this many events.")
    seq = _size("With the event of the record at this log position as the last.")


class ProofQuery(Strict):
    """Which event, in which state of the ledger."""

    report = Text(LONGEST_NAME, metadata={"description": "The event of this report..."})
    version = Number(
        1, MOST, metadata={"description": "...that made this version of it. Default: 1."}
    )
    seq = _size("The event of the record at this log position, of any kind.")
    size = _size("In the ledger with this many events. Default: the newest.")


class ConsistencyQuery(Strict):
    """Which two states of the ledger."""

    from_ = Number(
        0,
        MOST,
        required=True,
        data_key="from",
        metadata={"description": "The size of the earlier one."},
    )
    to = _size("The size of the later one. Default: the newest.")


class Tree(Answer):
    """A state of the ledger."""

    size = number("How many events it has.")
    root = text("The root of the Merkle tree over them (RFC 6962), hexadecimal.")


class LedgerAnswer(Tree):
    """A head of the ledger."""

    chain = text("The hash of the last event in the chain, hexadecimal.")
    seq = number("The log position of the last record.")
    time = instant("When that was recorded; null for the empty log.", allow_none=True)
    links = links()


class ProofAnswer(Tree):
    """Proof that an event is in the ledger, to be checked by anybody."""

    report = maybe_text("The report asked for.")
    version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The version that it made."}
    )
    seq = number("The log position of its record.")
    leaf = number("Its number in the ledger, from 0.")
    previous = text("The hash of the event before it in the chain; zeros before the first.")
    stored = text("All that is stored of it, base64: see docs/audit.md.")
    chain = text("SHA-256 of previous and stored.")
    leaf_hash = text("SHA-256 of a zero byte and chain: its leaf of the tree.")
    path = texts()
    time = instant("When it was recorded.")
    links = links()


class ConsistencyAnswer(Answer):
    """Proof that the ledger was only added to, to be checked by anybody."""

    from_ = one(Tree, data_key="from")
    to = one(Tree)
    path = texts()
    links = links()
