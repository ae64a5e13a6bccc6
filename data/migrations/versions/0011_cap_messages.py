"""Messages of CAP that were taken, and the incident each belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis
from data.store.shape import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table; each row is seen where its incident is."""
    op.create_table(
        "cap_messages",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("sent", Moment(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.CheckConstraint("message in ('Alert', 'Update', 'Cancel')", name="ck_cap_messages_message"),
        sa.PrimaryKeyConstraint("incident", "external", "message", "sent", name="pk_cap_messages"),
    )
    op.create_index("ix_cap_messages_external", "cap_messages", ["external"])
    if is_postgis():
        confine("cap_messages", "gw_inside(place)")


def downgrade() -> None:
    """Take the table away again; incidents stay, and are found by their alerts alone."""
    op.drop_table("cap_messages")
