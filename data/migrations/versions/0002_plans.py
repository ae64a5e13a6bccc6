"""Plans, their tables, their life and their edits; one plan in force per community."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import JSON_OBJECT, LON_LAT_SHAPE, confine, drop_windows, is_postgis, make_windows
from data.store.shape import Moment

_OF_PLAN = (
    "plan_members",
    "plan_violations",
    "plan_crosswalk",
    "plan_edits",
    "plan_locks",
    "plan_states",
    "plan_changes",
)
_TABLES = ("plans", "reigns", "plan_grids", "plan_communities", *_OF_PLAN)

# The exclusion rule of PostgreSQL in SQLite's words: moments are text of one length, so they sort by time.
_ONE_PLAN_IN_FORCE = """
create trigger reigns_{event}_one_plan_in_force before {event} on reigns
when exists (
    select 1 from reigns
    where community = new.community
    and valid_from < coalesce(new.valid_to, '9999')
    and coalesce(valid_to, '9999') > new.valid_from
    {but}
)
begin select raise(abort, 'ex_reigns_one_plan_in_force'); end
"""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and the rule that one plan is in force for a community at a time."""
    op.create_table(
        "plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edit", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("effective_from", Moment(), nullable=True),
        sa.Column("effective_to", Moment(), nullable=True),
        sa.Column("meta", JSON_OBJECT, nullable=False),
        sa.Column("file_crs", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'returned', 'approved', 'filed', 'in_force', 'superseded', 'withdrawn')",
            name="ck_plans_state",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("job", name="uq_plans_job"),
    )
    op.create_index("ix_plans_county", "plans", ["county"])
    op.create_table(
        "reigns",
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("valid_from", Moment(), nullable=False),
        sa.Column("valid_to", Moment(), nullable=True),
        sa.CheckConstraint("valid_to is null or valid_to > valid_from", name="ck_reigns_order"),
        sa.PrimaryKeyConstraint("community", "valid_from", name="pk_reigns"),
    )
    op.create_index("ix_reigns_plan", "reigns", ["plan"])
    op.create_table(
        "plan_grids",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("buildings", sa.BigInteger(), nullable=False),
        sa.Column("area_m2", sa.Float(), nullable=False),
        sa.Column("within_band", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_plan_grids"),
        sa.UniqueConstraint("county", "plan", "code", name="uq_plan_grids_county_plan_code"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_table(
        "plan_members",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_plan_members"),
        sa.UniqueConstraint("county", "plan", "kind", "id", name="uq_plan_members_county_plan_kind_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_plan_members_plan_grid", "plan_members", ["plan", "grid"])
    op.create_table(
        "plan_communities",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("grids", sa.BigInteger(), nullable=False),
        sa.Column("feasible", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("objective", sa.Float(), nullable=True),
        sa.Column("bound", sa.Float(), nullable=True),
        sa.Column("gap_frac", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_plan_communities"),
        sa.UniqueConstraint("county", "plan", "code", name="uq_plan_communities_county_plan_code"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_plan_communities_plan", "plan_communities", ["plan"])
    op.create_table(
        "plan_violations",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("detail_zh", sa.Text(), nullable=True),
        sa.Column("detail_en", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_plan_violations"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_plan_violations_plan", "plan_violations", ["plan"])
    op.create_table(
        "plan_crosswalk",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("households", sa.BigInteger(), nullable=False),
        sa.Column("buildings", sa.BigInteger(), nullable=False),
        sa.Column("share_of_old", sa.Float(), nullable=False),
        sa.Column("share_of_new", sa.Float(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_plan_crosswalk"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_plan_crosswalk_plan", "plan_crosswalk", ["plan"])
    op.create_table(
        "plan_edits",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("change", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("plan", "number", name="pk_plan_edits"),
    )
    op.create_table(
        "plan_locks",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("lock", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "lock", name="pk_plan_locks"),
    )
    op.create_table(
        "plan_states",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan", "revision", name="pk_plan_states"),
    )
    op.create_table(
        "plan_changes",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("change", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("plan", "revision", name="pk_plan_changes"),
    )
    make_windows("plan_grids")
    if is_postgis():
        op.execute(
            "alter table reigns add constraint ex_reigns_one_plan_in_force "
            "exclude using gist (community with =, tstzrange(valid_from, valid_to) with &&)"
        )
        # Whoever lies in a plan's area may know that it exists: its grids there are seen by their own places.
        confine("plans", "gw_inside(place)", seen="gw_inside(place) or gw_around(place)")
        confine("reigns", "gw_inside(community)")
        confine("plan_grids", "gw_inside(place)")
        confine("plan_communities", "gw_inside(code)")
        for table in _OF_PLAN:
            confine(table, "plan in (select id from plans where gw_inside(place))")
    else:
        op.execute(_ONE_PLAN_IN_FORCE.format(event="insert", but=""))
        op.execute(_ONE_PLAN_IN_FORCE.format(event="update", but="and rowid <> old.rowid"))


def downgrade() -> None:
    """Take the tables away again."""
    drop_windows("plan_grids")
    # What asks `plans` who may see it goes before `plans`.
    for table in reversed(_TABLES):
        op.drop_table(table)
