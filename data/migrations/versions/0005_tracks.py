"""Tracks of patrols, judged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import JSON_OBJECT, confine, is_postgis
from data.store.shape import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; a track is seen where its grid's community is."""
    op.create_table(
        "patrol_tracks",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("half", sa.Text(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("fixes", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=True),
        sa.Column("km", sa.Float(), nullable=False),
        sa.Column("planned_m", sa.Float(), nullable=False),
        sa.Column("covered_m", sa.Float(), nullable=False),
        sa.Column("report", JSON_OBJECT, nullable=False),
        sa.CheckConstraint("half in ('am', 'pm', 'night')", name="ck_patrol_tracks_half"),
        sa.CheckConstraint("mode in ('foot', 'ebike', 'car')", name="ck_patrol_tracks_mode"),
        sa.PrimaryKeyConstraint("county", "id", name="pk_patrol_tracks"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_patrol_tracks_id", "patrol_tracks", ["id"])
    op.create_index("ix_patrol_tracks_plan_grid_day", "patrol_tracks", ["plan", "grid", "day"])
    op.create_index("ix_patrol_tracks_received_at_id", "patrol_tracks", ["received_at", "id"])
    if is_postgis():
        confine("patrol_tracks", "gw_inside(place)")


def downgrade() -> None:
    """Take the table away again; the tracks are lost."""
    op.drop_table("patrol_tracks")
