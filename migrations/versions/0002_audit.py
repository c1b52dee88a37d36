"""What the audit asks: a ledger, the lapses of a window, the amendments in order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LAPSES = sa.text("until_end IS NOT NULL")
AMENDED = sa.text("amendment IS NOT NULL")

READ_MODELS = (
    "log",
    "parties",
    "issues",
    "party_names",
    "reports",
    "report_subjects",
    "positions",
    "position_pairs",
    "statuses",
)


def upgrade() -> None:
    """Add them, and let the next catch-up replay the log from its beginning."""
    op.create_table(
        "ledger",
        sa.Column("leaf", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf"),
    )
    op.create_index("ledger_by_seq", "ledger", ["seq"], unique=True)
    op.create_index(
        "positions_by_lapse",
        "positions",
        ["until_end"],
        sqlite_where=LAPSES,
        postgresql_where=LAPSES,
    )
    op.create_index(
        "reports_by_amendment",
        "reports",
        ["seq_from"],
        sqlite_where=AMENDED,
        postgresql_where=AMENDED,
    )
    for name in READ_MODELS:
        op.execute(sa.delete(sa.table(name)))
    columns = ("position", "seq", "recorded_at")
    checkpoint = sa.table("checkpoint", *map(sa.column, columns))
    op.execute(checkpoint.update().values(position=0, seq=0, recorded_at=sa.literal(-(2**62))))


def downgrade() -> None:
    """Drop them."""
    op.drop_index("reports_by_amendment", "reports")
    op.drop_index("positions_by_lapse", "positions")
    op.drop_table("ledger")
