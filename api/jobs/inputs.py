"""What every kind of job asks of its params: the plan at its revision, the rules, the time that is left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from api import settings
from api.jobs.hold import Hold
from data.store.rooms.plan_card import PlanCard
from gis.errors import Conflict, InputError
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules

_LEAST_SECONDS = 1.0  # what is left to a job whose time was used up by workers that died


def read_plan_and_territory(hold: Hold) -> tuple[FiledPlan, Territory]:
    """The plan a job is about, as it was when it was asked for, and its territory.

    Raises
    ------
    Conflict
        ``job_plan_changed``.
    """
    params = hold.card.params
    with hold.store.read(hold.card.jurisdiction) as tx:
        check_revision(tx.plans.card(params["plan"]), params)
        return tx.plans.load(params["plan"]), tx.territories.load(params["territory"], hold)


def check_revision(card: PlanCard, params: Mapping[str, Any]) -> None:
    """Refuse a plan that is no longer as it was when the job was asked for.

    Raises
    ------
    Conflict
        ``job_plan_changed``.
    """
    if card.revision != params["revision"]:
        raise Conflict("job_plan_changed", id=card.id, measured=card.revision, allowed=params["revision"])


def rules_of_params(params: Mapping[str, Any], old: FiledPlan) -> Rules:
    """The rules that were asked for, else those of the plan.

    Raises
    ------
    InputError
        ``plan_without_rules``.
    """
    rules = params["rules"] or old.meta.get("rules", "")
    if not rules:
        raise InputError("plan_without_rules", file=params["plan"])
    return Rules.from_toml(rules)


def seconds_left(hold: Hold) -> float | None:
    """What is left of the time that a job was given; ``None`` for no limit."""
    limit = hold.card.params["seconds"]
    return None if limit is None else max(float(limit) - hold.spent_s, _LEAST_SECONDS)


def moment_of(territory: Territory) -> str:
    """The moment that goes into a plan."""
    return settings.fixed_moment() or territory.meta.get("created_at", "")


def digest_of_inputs(content: str, params: Mapping[str, Any]) -> str:
    """The same text for the same inputs."""
    plain = json.dumps(dict(params), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{content}\n{plain}".encode()).hexdigest()[:16]
