"""What is kept of clients. It belongs to no read model: a rebuild leaves it."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table

from projections.database import Text

kept = MetaData()

tokens = Table(
    "tokens",
    kept,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("hash", Text, nullable=False),  # of all of the token, in hexadecimal
    Column("created_at", BigInteger, nullable=False),  # UTC microseconds, like the others
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index("ix_tokens_name", "name"),
)

sessions = Table(
    "sessions",
    kept,
    Column("hash", Text, primary_key=True),  # of what the cookie says, in hexadecimal
    Column("token", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

sent_keys = Table(
    "sent_keys",
    kept,
    Column("owner", Text, primary_key=True),  # the name of who sent it
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),  # a hash of what was asked for, in hexadecimal
    Column("first_id", Text, nullable=False),  # which the ids of its records follow from
    Column("sent_at", BigInteger, nullable=False),
    Column("status", Integer),  # NULL: in flight, or ended by a crash
    Column("location", Text),
    Column("seq", BigInteger),
    Column("body", LargeBinary),
    Index("ix_sent_keys_sent_at", "sent_at"),
)

MOVES = (tokens, sent_keys)
"""What goes along where a timeline is copied to another database. Sessions end."""
