"""The tables of access. They belong to no read model: a rebuild leaves them."""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table

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
