"""What planners decided about coverage: proposals accepted or refused, and the rules asked with."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, Table

from data.store.shape import Moment
from data.store.tables.base import BY_COUNTY, METADATA, text

KINDS = ("camera", "post")
VERDICTS = ("accepted", "refused")
PARTS = ("cameras", "reach")

coverage_decisions = Table(
    "coverage_decisions",
    METADATA,
    text("county"),
    text("plan"),
    text("kind"),
    text("id"),  # of the proposal: POLE@HEADING, or a place on the streets
    text("place"),  # the code of its community; of the plan, for a proposal outside every grid
    text("grid"),  # empty outside every grid
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("heading_deg", Float),  # none where it looks all round, and for posts
    text("level"),  # of pixel density; for a post the promise it was proposed for
    text("verdict"),
    Column("decided_at", Moment, nullable=False),
    text("role"),  # of the account that decided; who it was is in the log
    PrimaryKeyConstraint("county", "plan", "kind", "id"),
    CheckConstraint("kind in ('" + "', '".join(KINDS) + "')", name="kind"),
    CheckConstraint("verdict in ('" + "', '".join(VERDICTS) + "')", name="verdict"),
    postgresql_partition_by=BY_COUNTY,
)
Index("ix_coverage_decisions_plan", coverage_decisions.c.plan)

coverage_settings = Table(
    "coverage_settings",
    METADATA,
    text("place"),  # the county whose plans they are for
    text("part"),
    Column("version", Integer, nullable=False),  # from 1; version 0, the defaults, is in no table
    Column("before", Integer),  # the version that undo leads to; none: there is nothing before
    text("toml"),  # empty: the defaults
    Column("changed_at", Moment, nullable=False),
    text("role"),
    PrimaryKeyConstraint("place", "part", "version"),
    CheckConstraint("part in ('" + "', '".join(PARTS) + "')", name="part"),
)
