"""The card of a plan: a room of its own, so that whoever needs no tables loads no table library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What a plan is, without its tables.

    Attributes
    ----------
    id
        ``p`` and twelve digits.
    county
        The part of the store its rows are in: the county of its territory.
    place
        What the codes of its communities share; the jurisdiction that covers it may see and change the plan.
    parent
        The plan in the store it was re-drawn or forked from.
    content_id
        The ``plan_id`` it was drawn as.
    job
        The job that made it.
    revision
        Grows with every change; ``ID-REVISION`` is its ETag.
    edit
        Number of edits in effect.
    """

    id: str
    name: str
    territory: str
    county: str
    place: str
    parent: str | None
    content_id: str
    job: str | None
    state: str
    revision: int
    edit: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    submitted_by: str | None
    approved_by: str | None
    effective_from: datetime | None
    effective_to: datetime | None
