"""The routes, one room each.

A room is a module with ``router``; it may also have ``lifespan(app)``, an async context manager that is entered when
the service starts and left when it ends.  Paths are matched in the order of this list.
"""

from __future__ import annotations

from types import ModuleType

from api.routes import (
    accounts,
    camera_proposals,
    cameras,
    coverage_page,
    coverage_rules,
    dispatch,
    dispatch_page,
    health,
    incident_cap,
    incident_duplicates,
    incident_import,
    incident_papers,
    incident_rules,
    incident_stream,
    incidents,
    jobs,
    lookup,
    lookup_page,
    mergers,
    metrics,
    ogc,
    pages,
    patrol_page,
    patrols,
    plan_changes,
    plan_edits,
    plan_find,
    plan_ground,
    plan_history,
    plan_notes,
    plan_page,
    plan_papers,
    plan_scenarios,
    plan_shares,
    plan_sight,
    plan_solve,
    plans,
    reach,
    red_flags,
    session,
    shared,
    statistics,
    statistics_page,
    suggest,
    sweeps,
    tiles,
    tracks,
    units,
)

ROOMS: tuple[ModuleType, ...] = (
    *(lookup, suggest, lookup_page, accounts, session, pages, patrol_page, patrols, tracks, coverage_page, plan_page),
    *(dispatch_page, statistics_page, statistics),
    *(cameras, camera_proposals, coverage_rules, reach),
    *(plans, plan_changes, plan_edits, plan_find, plan_ground, plan_scenarios, plan_sight, plan_solve, mergers),
    *(plan_papers, jobs, health, metrics, ogc, tiles),
    *(plan_history, plan_notes, plan_shares, shared),
    # Before the incidents: their paths are no ids.
    *(incident_papers, incident_rules, incident_duplicates, incident_stream, incident_import, incident_cap),
    *(incidents, red_flags, units, dispatch, sweeps),
)
"""Every room of the service; add yours here."""
