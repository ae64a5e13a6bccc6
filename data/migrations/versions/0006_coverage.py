"""Decisions on proposed cameras and posts, and the rules of coverage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import confine, is_postgis
from data.store.shape import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables; decisions are seen where they lie, rules by whoever lies in their county."""
    op.create_table(
        "coverage_decisions",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('camera', 'post')", name="ck_coverage_decisions_kind"),
        sa.CheckConstraint("verdict in ('accepted', 'refused')", name="ck_coverage_decisions_verdict"),
        sa.PrimaryKeyConstraint("county", "plan", "kind", "id", name="pk_coverage_decisions"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_coverage_decisions_plan", "coverage_decisions", ["plan"])
    op.create_table(
        "coverage_settings",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("part in ('cameras', 'reach')", name="ck_coverage_settings_part"),
        sa.PrimaryKeyConstraint("place", "part", "version", name="pk_coverage_settings"),
    )
    if is_postgis():
        confine("coverage_decisions", "gw_inside(place)")
        confine("coverage_settings", "gw_inside(place)", seen="gw_inside(place) or gw_around(place)")


def downgrade() -> None:
    """Take the tables away again; decisions and rules are lost."""
    op.drop_table("coverage_settings")
    op.drop_table("coverage_decisions")
