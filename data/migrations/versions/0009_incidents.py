"""Incidents with their history, units and assignments, red flags, files taken in, and the rules for all that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import JSON_OBJECT, LON_LAT_SHAPE, confine, drop_windows, is_postgis, make_windows
from data.store.shape import Moment

revision = "0009"
down_revision = "0008"
_TABLES = ("incidents", "incident_events", "assignments", "units", "red_flags", "incident_imports", "incident_rules")


def upgrade() -> None:
    """Make the tables; each row is seen where its place is."""
    _incidents()
    _incident_events()
    _assignments()
    _units()
    _red_flags()
    _incident_imports()
    _incident_rules()
    make_windows("incidents")
    if is_postgis():
        for table in _TABLES[:-1]:
            confine(table, "gw_inside(place)")
        # The rules of a county hold for whoever works in a part of it.
        confine("incident_rules", "gw_inside(place)", seen="gw_inside(place) or gw_around(place)")


def downgrade() -> None:
    """Take the tables away again; incidents, units and flags are lost."""
    drop_windows("incidents")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("grid", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("duplicate_of", sa.Text(), nullable=True),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("assess_due_at", Moment(), nullable=False),
        sa.Column("arrive_due_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("escalate_at", Moment(), nullable=True),
        sa.Column("assessed_at", Moment(), nullable=True),
        sa.Column("assigned_at", Moment(), nullable=True),
        sa.Column("dispatched_at", Moment(), nullable=True),
        sa.Column("arrived_at", Moment(), nullable=True),
        sa.Column("feedback_at", Moment(), nullable=True),
        sa.Column("verified_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.Column("handled_at", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.CheckConstraint("priority in (1, 2, 3)", name="ck_incidents_priority"),
        sa.CheckConstraint(
            "state in ('received', 'assessed', 'assigned', 'dispatched', 'arrived', 'feedback', 'verified', "
            "'closed', 'cancelled')",
            name="ck_incidents_state",
        ),
        sa.PrimaryKeyConstraint("fid", name="pk_incidents"),
        sa.UniqueConstraint("county", "source", "external", name="uq_incidents_county_source_external"),
        sa.UniqueConstraint("id", name="uq_incidents_id"),
    )
    op.create_index("ix_incidents_event", "incidents", ["event"])
    op.create_index("ix_incidents_grid", "incidents", ["grid"])
    op.create_index("ix_incidents_kind_received_at", "incidents", ["kind", "received_at"])
    op.create_index("ix_incidents_received_at", "incidents", ["received_at"])
    op.create_index("ix_incidents_state_escalate_at", "incidents", ["state", "escalate_at"])


def _incident_events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("data", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_incident_events"),
        sa.UniqueConstraint("client_id", name="uq_incident_events_client_id"),
    )
    op.create_index("ix_incident_events_subject_number", "incident_events", ["subject", "number"])


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("(unit is null) <> (body is null)", name="ck_assignments_whose"),
        sa.PrimaryKeyConstraint("number", name="pk_assignments"),
    )
    op.create_index("ix_assignments_incident", "assignments", ["incident"])
    op.create_index(
        "uq_assignments_incident_open",
        "assignments",
        ["incident"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
        sqlite_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "uq_assignments_unit_open",
        "assignments",
        ["unit"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
        sqlite_where=sa.text("ended_at is null"),
    )


def _units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("skills", JSON_OBJECT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_at", Moment(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("position_at", Moment(), nullable=True),
        sa.Column("free_since", Moment(), nullable=True),
        sa.Column("n_taken", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode in ('foot', 'ebike', 'car')", name="ck_units_mode"),
        sa.CheckConstraint("status in ('available', 'busy', 'resting', 'off')", name="ck_units_status"),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
    )


def _red_flags() -> None:
    op.create_table(
        "red_flags",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("grid", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column("raised_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("cleared_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_red_flags"),
    )
    op.create_index("ix_red_flags_county_raised_at", "red_flags", ["county", "raised_at"])


def _incident_imports() -> None:
    op.create_table(
        "incident_imports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("report", JSON_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_imports"),
        sa.UniqueConstraint("county", "sha256", "options", name="uq_incident_imports_county_sha256_options"),
    )


def _incident_rules() -> None:
    op.create_table(
        "incident_rules",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county", "version", name="pk_incident_rules"),
    )
