"""Rebuilds beside the live tables, versions of read models, events set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add them. The rows that are there are of no version, so the next start makes them anew."""
    op.add_column(
        "checkpoint", sa.Column("generation", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("checkpoint", sa.Column("versions", TEXT, nullable=False, server_default=""))
    op.add_column(
        "checkpoint", sa.Column("set_aside", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "rebuilding",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("projection", TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("originator_id", TEXT, nullable=False),
        sa.Column("originator_version", sa.Integer(), nullable=False),
        sa.Column("record", TEXT, nullable=True),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("set_aside_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "projection"),
    )
    # What tells reports apart by their summaries would otherwise read whole records.
    with op.batch_alter_table("reports", recreate="always") as reports:
        reports.add_column(
            sa.Column("summary", TEXT, nullable=False, server_default=""), insert_before="stands"
        )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("reports", "summary")
    op.drop_table("dead_letters")
    op.drop_table("rebuilding")
    for name in ("set_aside", "versions", "generation"):
        op.drop_column("checkpoint", name)
