"""What the service keeps beside territories and plans: the audit log, events, accounts, jobs, answers to repeats."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from data.store.shape import Moment
from data.store.tables.base import JSON_OBJECT, METADATA, text

ROLES = ("planner", "reviewer", "dispatcher", "patrol", "lookup", "auditor", "admin")
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")

audit = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # without gaps
    Column("at", Moment, nullable=False),
    text("who"),
    text("action"),  # plan.submit, territory.load, account.key, ...
    text("subject"),  # id of what was acted on
    text("place"),  # code prefix it lies in; empty: of the whole store
    text("reason"),
    text("request_id"),
    Column("before", JSON_OBJECT),
    Column("after", JSON_OBJECT),
    text("hash"),  # of this row and the hash before it
)
"""Append-only: the database itself refuses to change or delete a row."""
Index("ix_audit_subject_number", audit.c.subject, audit.c.number)

outbox = Table(
    "outbox",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # without gaps, in the order of commits
    Column("at", Moment, nullable=False),
    text("kind"),
    text("subject"),
    text("place"),
    Column("payload", JSON_OBJECT, nullable=False),
)

idempotency = Table(
    "idempotency",
    METADATA,
    text("who"),
    text("key"),
    text("request_hash"),
    Column("status", Integer, nullable=False),
    Column("headers", JSON_OBJECT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("who", "key"),
)

accounts = Table(
    "accounts",
    METADATA,
    text("name", primary_key=True),
    text("role"),
    text("jurisdiction"),
    text("password_hash", required=False),  # argon2id
    Column("must_change", Boolean, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    text("created_by"),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until", Moment),
    CheckConstraint("role in ('" + "', '".join(ROLES) + "')", name="role"),
)

keys = Table(
    "api_keys",
    METADATA,
    text("prefix", primary_key=True),  # the readable start of the key
    text("account", index=True),
    text("hash"),  # keyed SHA-256
    text("label"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

sessions = Table(
    "sessions",
    METADATA,
    text("hash", primary_key=True),  # of the cookie's token
    text("account", index=True),
    text("csrf"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

jobs = Table(
    "jobs",
    METADATA,
    text("id", primary_key=True),
    text("kind"),  # draw, redraw, ...
    text("state"),
    text("place"),
    text("who"),
    text("jurisdiction"),  # of the account that asked: the job sees no more
    Column("params", JSON_OBJECT, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("is_cancelled", Boolean, nullable=False),  # asked to end
    Column("attempts", Integer, nullable=False),
    text("worker", required=False),
    Column("heartbeat_at", Moment),
    Column("progress", JSON_OBJECT, nullable=False),  # stage, done, total
    Column("result", JSON_OBJECT),  # what was made: {"plan": id, ...}
    Column("fault", JSON_OBJECT),  # faults, where it failed
    CheckConstraint("state in ('" + "', '".join(JOB_STATES) + "')", name="state"),
)
Index("ix_jobs_state_created_at", jobs.c.state, jobs.c.created_at)

job_events = Table(
    "job_events",
    METADATA,
    text("job"),
    Column("number", Integer, nullable=False),  # 1, 2, ... what `Last-Event-ID` counts
    Column("at", Moment, nullable=False),
    text("kind"),  # queued, started, resumed, stage, progress, done, failed, cancelled
    Column("data", JSON_OBJECT, nullable=False),
    PrimaryKeyConstraint("job", "number"),
)

job_parts = Table(
    "job_parts",
    METADATA,
    text("job"),
    text("part"),  # content of the region that was solved
    Column("answer", JSON_OBJECT, nullable=False),
    PrimaryKeyConstraint("job", "part"),
)
"""What a running job has already worked out, so that it goes on there after a crash; gone when it has ended."""

job_files = Table(
    "job_files",
    METADATA,
    text("job"),
    text("name"),
    Column("number", Integer, nullable=False),  # of the piece
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("job", "name", "number"),
)
"""What a job made that is no plan yet, for some weeks: plans to choose from, papers."""

settings = Table(
    "settings",
    METADATA,
    text("key", primary_key=True),
    text("value"),
)
"""Facts about the store itself: its id, the release that made it."""
