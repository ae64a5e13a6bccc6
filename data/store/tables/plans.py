"""Plans, their tables, their life and their edits.

``plans`` itself is not partitioned: PostgreSQL allows no exclusion constraint on a partitioned table.  Everything of
a plan that grows with its territory is.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from data.store.shape import Moment
from data.store.tables.base import BY_COUNTY, JSON_OBJECT, METADATA, geometry, index_geometry, text

PLAN_STATES = ("draft", "submitted", "returned", "approved", "filed", "in_force", "superseded", "withdrawn")

plans = Table(
    "plans",
    METADATA,
    text("id", primary_key=True),
    text("name"),
    text("territory"),
    text("county", index=True),
    text("place"),  # longest common start of the codes of its communities
    text("parent", required=False),  # the plan it was re-drawn or forked from
    text("content_id"),  # `plan_id` of the plan file it came from or was drawn as; edits leave it as it is
    text("job", required=False, unique=True),  # the job that made it: a job saves at most one plan
    text("state"),
    Column("revision", Integer, nullable=False),  # grows with every change; the ETag
    Column("edit", Integer, nullable=False),  # edits that are in effect; those above it are undone
    Column("created_at", Moment, nullable=False),
    text("created_by"),
    Column("changed_at", Moment, nullable=False),
    text("changed_by"),
    text("submitted_by", required=False),
    text("approved_by", required=False),
    Column("effective_from", Moment),
    Column("effective_to", Moment),
    Column("meta", JSON_OBJECT, nullable=False),  # of the `FiledPlan`
    text("file_crs"),
    CheckConstraint("state in ('" + "', '".join(PLAN_STATES) + "')", name="state"),
)

reigns = Table(
    "reigns",
    METADATA,
    text("community"),
    text("plan"),
    Column("valid_from", Moment, nullable=False),
    Column("valid_to", Moment),  # none: until another takes its place
    PrimaryKeyConstraint("community", "valid_from"),
    CheckConstraint("valid_to is null or valid_to > valid_from", name="order"),
)
"""Which plan is in force for a community, from when to when."""
ExcludeConstraint(
    (reigns.c.community, "="),
    (func.tstzrange(reigns.c.valid_from, reigns.c.valid_to), "&&"),
    name="ex_reigns_one_plan_in_force",
    using="gist",
).ddl_if(dialect="postgresql")
Index("ix_reigns_plan", reigns.c.plan)


def _of_plan(name: str, *columns: Any) -> Table:
    """A large table of a plan: in parts by county, rows in the order of ``fid``."""
    return Table(
        name,
        METADATA,
        text("county"),
        Column("fid", BigInteger, nullable=False, autoincrement=False),
        text("plan"),
        *columns,
        PrimaryKeyConstraint("county", "fid"),
        postgresql_partition_by=BY_COUNTY,
    )


plan_grids = _of_plan(
    "plan_grids",
    text("place"),  # the code of its community
    text("code"),
    text("name", required=False),
    text("community"),
    text("kind"),
    Column("households", BigInteger, nullable=False),
    Column("population", BigInteger, nullable=False),
    Column("buildings", BigInteger, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("within_band", Boolean, nullable=False),
    text("reason", required=False),
    text("parent", required=False),
    Column("shape", LargeBinary),  # WKB in the plan's own CRS
    geometry(),
    UniqueConstraint("county", "plan", "code"),
)
index_geometry(plan_grids)

plan_members = _of_plan(
    "plan_members",
    text("kind"),
    text("id"),
    text("grid"),
    UniqueConstraint("county", "plan", "kind", "id"),
)
Index("ix_plan_members_plan_grid", plan_members.c.plan, plan_members.c.grid)

plan_communities = _of_plan(
    "plan_communities",
    text("code"),
    Column("households", BigInteger, nullable=False),
    Column("grids", BigInteger, nullable=False),
    text("feasible"),
    text("reason", required=False),
    text("proof"),
    Column("objective", Float),
    Column("bound", Float),
    Column("gap_frac", Float),
    UniqueConstraint("county", "plan", "code"),
)
plan_violations = _of_plan(
    "plan_violations",
    text("code"),
    text("grid", required=False),
    text("community", required=False),
    text("detail_zh", required=False),
    text("detail_en", required=False),
)
plan_crosswalk = _of_plan(
    "plan_crosswalk",
    text("old", required=False),
    text("new", required=False),
    Column("households", BigInteger, nullable=False),
    Column("buildings", BigInteger, nullable=False),
    Column("share_of_old", Float, nullable=False),
    Column("share_of_new", Float, nullable=False),
    text("relation"),
)
for _table in (plan_communities, plan_violations, plan_crosswalk):
    Index(f"ix_{_table.name}_plan", _table.c.plan)

plan_edits = Table(
    "plan_edits",
    METADATA,
    text("plan"),
    Column("number", Integer, nullable=False),  # 1, 2, ... the order of the edits in effect or undone
    text("kind"),  # move, merge, split, new, dissolve, solve, ...
    text("name"),  # what the desk shows: "3 blocks to grid 005"
    Column("at", Moment, nullable=False),
    text("who"),
    Column("revision", Integer, nullable=False),  # of the plan after it was made
    Column("change", JSON_OBJECT, nullable=False),  # what changed, enough to take it back and to make it again
    PrimaryKeyConstraint("plan", "number"),
)

plan_locks = Table(
    "plan_locks",
    METADATA,
    text("plan"),
    text("lock"),  # as the command line writes them: CODE, community:CODE, estate:ID, building:ID, unit:ID, border:A+B
    Column("at", Moment, nullable=False),
    text("who"),
    PrimaryKeyConstraint("plan", "lock"),
)

plan_states = Table(
    "plan_states",
    METADATA,
    text("plan"),
    Column("revision", Integer, nullable=False),
    text("state"),
    Column("at", Moment, nullable=False),
    text("who"),
    text("reason", required=False),
    PrimaryKeyConstraint("plan", "revision"),
)
"""Every state a plan was ever in."""

plan_changes = Table(
    "plan_changes",
    METADATA,
    text("plan"),
    Column("revision", Integer, nullable=False),  # of the plan after the change
    text("kind"),  # an edit's kind, undo, redo, lock, unlock, rename, or a state
    text("name"),
    Column("at", Moment, nullable=False),
    text("who"),
    Column("change", JSON_OBJECT, nullable=False),  # grids, communities, members that moved, ground in lon/lat
    PrimaryKeyConstraint("plan", "revision"),
)
"""What every revision changed and who did it: for the answer to a writer who knew an older one."""
