"""Sweeps of buildings by several services together, as counts; no text but the kind, and nobody's name."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, UniqueConstraint

from data.store.shape import Moment
from data.store.tables.base import METADATA, text

sweeps = Table(
    "sweeps",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # of id s17: 17
    text("county"),
    text("place"),  # code of its community; of the county, where it went through several
    text("community", required=False),
    text("kind"),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("vehicles", Integer, nullable=False),
    Column("people", Integer, nullable=False),  # how many, each time anew
    Column("buildings", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
    text("source"),  # how it came in
    text("external", required=False),  # its id where it came from
    Column("recorded_at", Moment, nullable=False),  # by the service's own clock
    Column("withdrawn_at", Moment),  # counts nowhere from then on
    Column("revision", Integer, nullable=False),
    UniqueConstraint("county", "source", "external", name="uq_sweeps_county_source_external"),
    CheckConstraint("vehicles >= 0 and people >= 0 and buildings >= 0 and problems >= 0", name="counts"),
    CheckConstraint("ended_at is null or ended_at >= began_at", name="times"),
)
Index("ix_sweeps_began_at", sweeps.c.began_at)
