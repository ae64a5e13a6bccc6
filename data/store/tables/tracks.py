"""Tracks of patrols, judged: what was walked of which grid in which shift; never who, and no fix."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, Table

from data.store.shape import Moment
from data.store.tables.base import BY_COUNTY, JSON_OBJECT, METADATA, text

HALVES = ("am", "pm", "night")
MODES = ("foot", "ebike", "car")

patrol_tracks = Table(
    "patrol_tracks",
    METADATA,
    text("county"),
    text("id"),  # digest of plan, revision, route, shift and file: the same file sent twice is one track
    text("place"),  # the code of its community
    text("plan"),
    Column("revision", Integer, nullable=False),  # of the plan it was judged by
    text("grid"),
    text("route"),  # number of the patrol: GRID-1
    text("mode"),
    text("day"),  # of the shift: 2026-11-22
    text("half"),
    Column("received_at", Moment, nullable=False),
    Column("fixes", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("hours", Float),  # none where the file has no times
    Column("km", Float, nullable=False),
    Column("planned_m", Float, nullable=False),
    Column("covered_m", Float, nullable=False),
    Column("report", JSON_OBJECT, nullable=False),  # missed streets, intervals per link, blind areas, dropped fixes
    PrimaryKeyConstraint("county", "id"),
    CheckConstraint("half in ('" + "', '".join(HALVES) + "')", name="half"),
    CheckConstraint("mode in ('" + "', '".join(MODES) + "')", name="mode"),
    postgresql_partition_by=BY_COUNTY,
)
Index("ix_patrol_tracks_id", patrol_tracks.c.id)
Index("ix_patrol_tracks_plan_grid_day", patrol_tracks.c.plan, patrol_tracks.c.grid, patrol_tracks.c.day)
Index("ix_patrol_tracks_received_at_id", patrol_tracks.c.received_at, patrol_tracks.c.id)
