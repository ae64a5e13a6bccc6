"""Notes pinned on the map of a plan with their answers, and links that let others read a plan without an account."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, Table

from data.store.shape import Moment
from data.store.tables.base import METADATA, text

NOTE_STATES = ("open", "settled")

plan_notes = Table(
    "plan_notes",
    METADATA,
    text("plan"),
    Column("number", Integer, nullable=False),  # 1, 2, ... within the plan; never given again
    Column("about", Integer),  # of an answer: the note it answers
    Column("lon", Float),  # where the pin stands; none for an answer
    Column("lat", Float),
    text("grid", required=False),
    text("text"),  # empty once it was removed
    text("state", required=False),  # of a note; answers have none
    Column("at", Moment, nullable=False),
    text("who"),
    text("role"),
    Column("edited_at", Moment),
    Column("settled_at", Moment),
    text("settled_by", required=False),
    text("settled_role", required=False),
    Column("removed_at", Moment),
    text("removed_by", required=False),
    text("removed_role", required=False),
    PrimaryKeyConstraint("plan", "number"),
    CheckConstraint("state in ('" + "', '".join(NOTE_STATES) + "')", name="state"),
    CheckConstraint("(about is null) = (lon is not null and lat is not null and state is not null)", name="kind"),
)
"""What people said about a place of a plan.  Not part of its revisions: a plan that was submitted is talked about."""

plan_shares = Table(
    "plan_shares",
    METADATA,
    text("id", primary_key=True),
    text("plan"),
    text("hash", unique=True),  # SHA-256 of the link's token: 256 random bits, known to nobody once it was shown
    text("label"),  # whom it is for, in the maker's words
    Column("created_at", Moment, nullable=False),
    text("created_by"),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    text("revoked_by", required=False),
    Column("last_used_at", Moment),
    Column("uses", Integer, nullable=False),  # how often the page was opened
)
Index("ix_plan_shares_plan", plan_shares.c.plan)
