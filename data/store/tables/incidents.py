"""Incidents with their history, units and assignments, red flags, files that were taken in, and the rules for all that.

An incident holds place, kind, time and state; there is no column for a person, a name or a number to call.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from data.store.shape import Moment
from data.store.tables.base import JSON_OBJECT, METADATA, geometry, index_geometry, text
from partition.incidents.flow import STATES

UNIT_STATUSES = ("available", "busy", "resting", "off")

incidents = Table(
    "incidents",
    METADATA,
    Column("fid", BigInteger, primary_key=True, autoincrement=False),  # its running number; order of paging
    text("id", unique=True),  # i17: the number, as people say it
    text("county"),
    text("place"),  # code of its community; of the county, where it lies in none
    text("source"),  # how it came in
    text("external", required=False),  # its id where it came from
    text("kind"),
    Column("priority", Integer, nullable=False),
    text("title", required=False),
    text("address", required=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    text("community", required=False),
    text("grid", required=False),  # in the plan that was in force when it was received; never changed by a re-draw
    text("plan", required=False),
    text("state"),
    Column("level", Integer, nullable=False),  # 0 grid, 1 community, 2 town, 3 county
    text("result", required=False),
    text("duplicate_of", required=False),
    Column("received_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),  # by the service's own clock
    Column("assess_due_at", Moment, nullable=False),
    Column("arrive_due_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("escalate_at", Moment),  # when it goes up a level; none once it is handled
    # When it last came into the state.
    Column("assessed_at", Moment),
    Column("assigned_at", Moment),
    Column("dispatched_at", Moment),
    Column("arrived_at", Moment),
    Column("feedback_at", Moment),
    Column("verified_at", Moment),
    Column("closed_at", Moment),
    Column("cancelled_at", Moment),
    Column("handled_at", Moment),  # first time the work was done
    Column("changed_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("event", BigInteger, nullable=False),  # number of its newest event
    text("unit", required=False),  # of the open assignment
    text("body", required=False),  # of the open assignment, where no unit has it
    geometry(),
    UniqueConstraint("county", "source", "external"),
    CheckConstraint("state in ('" + "', '".join(STATES) + "')", name="state"),
    CheckConstraint("priority in (1, 2, 3)", name="priority"),
)
Index("ix_incidents_state_escalate_at", incidents.c.state, incidents.c.escalate_at)
Index("ix_incidents_received_at", incidents.c.received_at)
Index("ix_incidents_kind_received_at", incidents.c.kind, incidents.c.received_at)
Index("ix_incidents_grid", incidents.c.grid)
Index("ix_incidents_event", incidents.c.event)
index_geometry(incidents)

incident_events = Table(
    "incident_events",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # without gaps, in the order of commits
    Column("at", Moment, nullable=False),  # the service's clock
    Column("happened_at", Moment, nullable=False),  # the sender's, where it says so
    text("kind"),  # incident.received, incident.step, incident.changed, incident.escalated, unit.changed, ...
    text("subject"),  # id of the incident, unit or flag
    text("county"),
    text("place"),
    text("who"),
    text("role"),
    text("before", required=False),  # state
    text("after", required=False),
    text("reason"),
    text("client_id", required=False, unique=True),  # given by a sender that may send it again
    Column("data", JSON_OBJECT, nullable=False),  # the card afterwards, as listeners are sent it
)
"""What happened, as the live map is told; the history of an incident is the rows about it."""
Index("ix_incident_events_subject_number", incident_events.c.subject, incident_events.c.number)

assignments = Table(
    "assignments",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    text("incident"),
    text("county"),
    text("place"),
    text("unit", required=False),
    text("body", required=False),  # the grid's post or the department that has it, where no unit is sent
    Column("made_at", Moment, nullable=False),
    text("role"),
    Column("ended_at", Moment),
    text("outcome", required=False),  # done, taken_over, sent_back, cancelled
    CheckConstraint("(unit is null) <> (body is null)", name="whose"),
)
"""Who was responsible from when to when; one at a time for an incident, and one at a time for a unit."""
Index(
    "uq_assignments_incident_open",
    assignments.c.incident,
    unique=True,
    postgresql_where=assignments.c.ended_at.is_(None),
    sqlite_where=assignments.c.ended_at.is_(None),
)
Index(
    "uq_assignments_unit_open",
    assignments.c.unit,
    unique=True,
    postgresql_where=assignments.c.ended_at.is_(None),
    sqlite_where=assignments.c.ended_at.is_(None),
)
Index("ix_assignments_incident", assignments.c.incident)

units = Table(
    "units",
    METADATA,
    text("id", primary_key=True),
    text("county"),
    text("place"),  # code of what it belongs to
    text("name"),  # of the unit: a car, a patrol, a post
    text("kind"),
    text("mode"),
    Column("skills", JSON_OBJECT, nullable=False),  # kinds of incidents it can take; empty: all
    text("status"),
    Column("status_at", Moment, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("position_at", Moment),
    Column("free_since", Moment),  # when its last assignment ended
    Column("n_taken", Integer, nullable=False),  # incidents since it came on duty
    Column("revision", Integer, nullable=False),
    CheckConstraint("status in ('" + "', '".join(UNIT_STATUSES) + "')", name="status"),
    CheckConstraint("mode in ('foot', 'ebike', 'car')", name="mode"),
)

red_flags = Table(
    "red_flags",
    METADATA,
    text("id", primary_key=True),
    text("county"),
    text("place"),
    text("kind"),
    text("title"),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    text("grid", required=False),
    text("community", required=False),
    text("plan", required=False),
    text("incident", required=False),
    Column("raised_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    text("reason"),  # why it was cleared
    Column("revision", Integer, nullable=False),
)
"""Sites with a red flag (红牌): something there has to be put right by a day."""
Index("ix_red_flags_county_raised_at", red_flags.c.county, red_flags.c.raised_at)

incident_imports = Table(
    "incident_imports",
    METADATA,
    text("id", primary_key=True),
    text("county"),
    text("place"),
    text("sha256"),
    text("options"),  # that were in effect: the same file with others is another one
    text("name"),
    Column("at", Moment, nullable=False),
    text("who"),
    Column("report", JSON_OBJECT, nullable=False),  # rows new, known, refused, and why
    UniqueConstraint("county", "sha256", "options"),
)

cap_messages = Table(
    "cap_messages",
    METADATA,
    text("incident"),
    text("external"),  # its identifier and a mark of its sender, never the sender
    text("message"),
    Column("sent", Moment, nullable=False),  # by its sender's clock; never before what it refers to
    text("county"),
    text("place"),  # of the incident
    Column("recorded_at", Moment, nullable=False),  # by the service's own clock
    PrimaryKeyConstraint("incident", "external", "message", "sent"),
    CheckConstraint("message in ('Alert', 'Update', 'Cancel')", name="message"),
)
"""Messages of CAP that were taken, so that a later one finds its incident through any of them."""
Index("ix_cap_messages_external", cap_messages.c.external)

incident_rules = Table(
    "incident_rules",
    METADATA,
    text("county"),
    text("place"),
    Column("version", Integer, nullable=False),
    Column("before", Integer),  # the version that undo leads to; none: there is nothing before
    text("toml"),  # empty: the defaults
    Column("changed_at", Moment, nullable=False),
    text("who"),
    text("role"),
    PrimaryKeyConstraint("county", "version"),
)
"""Every version of a county's rules; the newest is in effect."""
