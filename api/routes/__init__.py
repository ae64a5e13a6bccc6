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
    health,
    jobs,
    lookup,
    lookup_page,
    metrics,
    ogc,
    pages,
    patrol_page,
    patrols,
    plan_edits,
    plans,
    reach,
    session,
    suggest,
    tiles,
    tracks,
)

ROOMS: tuple[ModuleType, ...] = (
    *(lookup, suggest, lookup_page, accounts, session, pages, patrol_page, patrols, tracks, coverage_page),
    *(cameras, camera_proposals, coverage_rules, reach),
    *(plans, plan_edits, jobs, health, metrics, ogc, tiles),
)
"""Every room of the service; add yours here."""
