"""The service's own tables: audit log, events, accounts, jobs, answers to repeats, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import JSON_OBJECT, append_only, confine, drop_append_only, is_postgis
from data.store.shape import Moment

_TABLES = (
    "audit",
    "outbox",
    "idempotency",
    "accounts",
    "api_keys",
    "sessions",
    "jobs",
    "job_events",
    "job_parts",
    "settings",
)

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; rows of the audit log can only be added."""
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("before", JSON_OBJECT, nullable=True),
        sa.Column("after", JSON_OBJECT, nullable=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("payload", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_outbox"),
    )
    op.create_table(
        "idempotency",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", JSON_OBJECT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("who", "key", name="pk_idempotency"),
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", Moment(), nullable=True),
        sa.CheckConstraint(
            "role in ('planner', 'reviewer', 'dispatcher', 'patrol', 'lookup', 'auditor', 'admin')",
            name="ck_accounts_role",
        ),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("prefix", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_account", "api_keys", ["account"])
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("params", JSON_OBJECT, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", Moment(), nullable=True),
        sa.Column("progress", JSON_OBJECT, nullable=False),
        sa.Column("result", JSON_OBJECT, nullable=True),
        sa.Column("fault", JSON_OBJECT, nullable=True),
        sa.CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled')", name="ck_jobs_state"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_created_at", "jobs", ["state", "created_at"])
    op.create_table(
        "job_events",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("job", "number", name="pk_job_events"),
    )
    op.create_table(
        "job_parts",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("answer", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("job", "part", name="pk_job_parts"),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
    )
    append_only("audit")
    if is_postgis():
        # Acts of every place are written into one log, so that its chain stays one; each sees its own.
        confine("outbox", "gw_known()", seen="gw_inside(place)")
        # The row that the next one seals has to be seen by whoever writes that one.
        newest = "(select next - 2 from counters where name = 'audit')"
        confine("audit", "gw_known()", seen=f"gw_inside(place) or number >= {newest}")
        for table in ("idempotency", "settings"):
            confine(table, "gw_known()")
        confine("accounts", "gw_inside(jurisdiction)")
        for table in ("api_keys", "sessions"):
            confine(table, "account in (select name from accounts)")
        confine("jobs", "gw_inside(place)")
        for table in ("job_events", "job_parts"):
            confine(table, "job in (select id from jobs)")


def downgrade() -> None:
    """Take the tables away again."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    drop_append_only("audit")
