"""Practices and the log of their changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "practice",
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "change",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("practice_id", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("record", sa.Text, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_practice_id", "change", ["practice_id"])


def downgrade() -> None:
    op.drop_table("change")
    op.drop_table("practice")
