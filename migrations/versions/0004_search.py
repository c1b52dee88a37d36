"""Search over reports: FTS5 on SQLite, text search on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add it, empty: the next start makes it of the log.

    What the reports kept for the search before goes where there are none yet. Elsewhere the code
    of before goes on with it, until reports are made anew without it.
    """
    op.create_table(
        "search",
        sa.Column("seq_from", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("report", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.Column("years", TEXT, nullable=False),
        sa.Column("issues", TEXT, nullable=False),
        sa.Column("sources", TEXT, nullable=False),
        sa.Column("parties", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq_from"),
    )
    op.create_index("search_by_place", "search", ["place"])
    op.create_table(
        "search_words",
        sa.Column("seq_from", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq_from"),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_index "
            "USING fts5(words, content='', detail='none', tokenize='ascii')"
        )
    else:
        op.create_table(
            "search_index",
            sa.Column("rowid", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("words", TSVECTOR(), nullable=False),
            sa.PrimaryKeyConstraint("rowid"),
        )
        op.create_index("search_index_by_word", "search_index", ["words"], postgresql_using="gin")
    if connection.scalar(sa.text("SELECT 1 FROM reports LIMIT 1")) is None:
        op.drop_column("reports", "words")


def downgrade() -> None:
    """Drop it."""
    for table in ("search_index", "search_words", "search"):
        op.drop_table(table)
    names = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("reports")}
    if "words" not in names:
        op.add_column("reports", sa.Column("words", TEXT, nullable=False, server_default=""))
