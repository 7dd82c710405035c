"""What municipalities tell a network: profiles, needs, offers, drafts, meetings, keys, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "profile",
        sa.Column("municipality", sa.String(20), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    for name, more in (
        ("need", ()),
        ("offer", ()),
        ("draft", (sa.Column("at", sa.DateTime(timezone=True), nullable=False),)),
    ):
        op.create_table(
            name,
            sa.Column("id", sa.String(120), primary_key=True),
            sa.Column("municipality", sa.String(20), nullable=False),
            *more,
            sa.Column("record", sa.Text, nullable=False),
        )
        op.create_index(f"ix_{name}_municipality", name, ["municipality"])
    op.create_table(
        "meeting",
        sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("one", sa.String(20), primary_key=True),
        sa.Column("other", sa.String(20), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "access_key",
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(500), nullable=False),
        sa.Column("action", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(500), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for name in ("audit", "access_key", "meeting", "draft", "offer", "need", "profile"):
        op.drop_table(name)
