"""Sweeps of buildings, as counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis
from data.store.shape import Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table; each row is seen where its place is."""
    op.create_table(
        "sweeps",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("vehicles", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("buildings", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=True),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "vehicles >= 0 and people >= 0 and buildings >= 0 and problems >= 0", name="ck_sweeps_counts"
        ),
        sa.CheckConstraint("ended_at is null or ended_at >= began_at", name="ck_sweeps_times"),
        sa.PrimaryKeyConstraint("number", name="pk_sweeps"),
        sa.UniqueConstraint("county", "source", "external", name="uq_sweeps_county_source_external"),
    )
    op.create_index("ix_sweeps_began_at", "sweeps", ["began_at"])
    if is_postgis():
        confine("sweeps", "gw_inside(place)")


def downgrade() -> None:
    """Take the table away again; sweeps are lost."""
    op.drop_table("sweeps")
