"""The read models: log, catalog, reports, positions, statuses."""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, empty."""
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "issues",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", "seq_from"),
    )
    op.create_table(
        "log",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("originator_id", TEXT, nullable=False),
        sa.Column("originator_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("log_by_event", "log", ["originator_id", "originator_version"], unique=True)
    op.create_index("log_by_recorded_at", "log", ["recorded_at", "seq"])

    op.create_table(
        "parties",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", "seq_from"),
    )
    op.create_table(
        "party_names",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("party_names_by_name", "party_names", ["name"])
    op.create_index("party_names_by_party", "party_names", ["party"])

    op.create_table(
        "position_pairs",
        sa.Column("issue", TEXT, nullable=False),
        sa.Column("party", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("issue", "party"),
    )
    op.create_index("position_pairs_by_party", "position_pairs", ["party", "issue"])

    op.create_table(
        "positions",
        sa.Column("party", TEXT, nullable=False),
        sa.Column("issue", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.Column("effective", sa.BigInteger(), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("report", TEXT, nullable=False),
        sa.Column("utterance", TEXT, nullable=True),
        sa.Column("occurred", TEXT, nullable=False),
        sa.Column("publishers", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("posture", TEXT, nullable=True),
        sa.Column("conditions", TEXT, nullable=True),
        sa.Column("summary", TEXT, nullable=True),
        sa.Column("red_line", sa.Boolean(), nullable=False),
        sa.Column("until", TEXT, nullable=True),
        sa.Column("until_end", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("party", "issue", "effective", "strength", "place", "seq_from"),
        sqlite_with_rowid=False,
    )
    op.create_index("positions_by_place", "positions", ["place"])
    op.create_index(
        "positions_below_floor",
        "positions",
        ["party", "issue", "effective", "strength", "seq_from", "seq_to", "report"],
        sqlite_where=sa.text("strength < 5"),
        postgresql_where=sa.text("strength < 5"),
    )

    op.create_table(
        "report_subjects",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("latest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", "latest", "place", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reports",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.Column("words", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("amendment", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("place", "version"),
    )
    op.create_index("reports_by_id", "reports", ["id", "seq_from"])
    op.create_index("reports_by_latest", "reports", ["latest", "place"])

    op.create_table(
        "statuses",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("issue", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("seq_from", sa.Integer(), nullable=False),
        sa.Column("seq_to", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.Column("effective", sa.BigInteger(), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("report", TEXT, nullable=False),
        sa.Column("utterance", TEXT, nullable=True),
        sa.Column("occurred", TEXT, nullable=False),
        sa.Column("publishers", TEXT, nullable=False),
        sa.Column("says", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("statuses_by_effect", "statuses", ["issue", "effective", "strength", "place"])
    op.create_index("statuses_by_place", "statuses", ["place"])
    nothing = sa.literal(-(2**62))  # when the last record was recorded: there is none
    checkpoint = sa.table("checkpoint", *map(sa.column, ("id", "position", "seq", "recorded_at")))
    op.execute(checkpoint.insert().values(id=1, position=0, seq=0, recorded_at=nothing))


def downgrade() -> None:
    """Drop them: the log has all that is in them."""
    for table in (
        "statuses",
        "reports",
        "report_subjects",
        "positions",
        "position_pairs",
        "party_names",
        "parties",
        "log",
        "issues",
        "checkpoint",
    ):
        op.drop_table(table)
