"""Notes pinned on plans, links to read them without an account, and the log of one plan at hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis
from data.store.shape import Moment

revision = "0007"
down_revision = "0006"

_SEEN_WITH_THE_PLAN = "plan in (select id from plans where gw_inside(place))"


def upgrade() -> None:
    """Make the tables; notes and links are seen by whoever may see their plan."""
    op.create_table(
        "plan_notes",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("about", sa.Integer(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("grid", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("edited_at", Moment(), nullable=True),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_role", sa.Text(), nullable=True),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_role", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('open', 'settled')", name="ck_plan_notes_state"),
        sa.CheckConstraint(
            "(about is null) = (lon is not null and lat is not null and state is not null)", name="ck_plan_notes_kind"
        ),
        sa.PrimaryKeyConstraint("plan", "number", name="pk_plan_notes"),
    )
    op.create_table(
        "plan_shares",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan_shares"),
        sa.UniqueConstraint("hash", name="uq_plan_shares_hash"),
    )
    op.create_index("ix_plan_shares_plan", "plan_shares", ["plan"])
    op.create_index("ix_audit_subject_number", "audit", ["subject", "number"])
    if is_postgis():
        for table in ("plan_notes", "plan_shares"):
            confine(table, _SEEN_WITH_THE_PLAN)


def downgrade() -> None:
    """Take the tables away again; notes and links are lost."""
    op.drop_index("ix_audit_subject_number", "audit")
    op.drop_table("plan_shares")
    op.drop_table("plan_notes")
