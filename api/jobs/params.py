"""What is written into a job when it is asked for: everything its result depends on, as plain data.

Light on purpose: the service imports it to put jobs into the queue, and nothing that computes.
"""

from __future__ import annotations

from typing import Any

from api.defaults import CHANGE_WEIGHT
from partition.rules import Rules


def draw_params(
    territory: str,
    *,
    name: str,
    rules: Rules | None = None,
    seed: int = 0,
    seconds: float | None = None,
    locks: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Params of a job that draws; ``territory`` is an id in the store."""
    return {
        "territory": territory,
        "name": name,
        "rules": (rules or Rules()).to_toml(),
        "seed": seed,
        "seconds": seconds,
        "locks": list(locks),
    }


def redraw_params(
    plan: str,
    revision: int,
    territory: str,
    *,
    name: str,
    rules: Rules | None = None,
    merge: tuple[str, ...] = (),
    change_weight: float = CHANGE_WEIGHT,
    seed: int = 0,
    seconds: float | None = None,
    locks: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Params of a job that re-draws; rules of the plan where none are given."""
    return {
        **draw_params(territory, name=name, rules=rules, seed=seed, seconds=seconds, locks=locks),
        "rules": "" if rules is None else rules.to_toml(),
        "plan": plan,
        "revision": revision,
        "merge": list(merge),
        "change_weight": change_weight,
    }


def frontier_params(
    plan: str,
    revision: int,
    territory: str,
    *,
    merge: tuple[str, ...],
    weights: tuple[float, ...],
    rules: Rules | None = None,
    seed: int = 0,
    seconds: float | None = None,
    locks: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Params of a job that weighs change against borders and balance, one re-draw for each weight."""
    return {
        "plan": plan,
        "revision": revision,
        "territory": territory,
        "merge": list(merge),
        "weights": sorted(set(weights)),
        "rules": "" if rules is None else rules.to_toml(),
        "seed": seed,
        "seconds": seconds,
        "locks": list(locks),
    }


def papers_params(plan: str, revision: int, *, language: str, paper: str) -> dict[str, Any]:
    """Params of a job that makes the papers of a plan."""
    return {"plan": plan, "revision": revision, "language": language, "paper": paper}


def solve_params(
    plan: str,
    revision: int,
    *,
    grids: tuple[str, ...],
    community: str,
    state: str,
    aim: str,
    n_grids: int | None = None,
    most_moved: int | None = None,
    seed: int = 0,
    seconds: float | None = None,
    locks: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Params of a job that solves part of a plan; ``state`` is what that part was when it was asked for."""
    return {
        "plan": plan,
        "revision": revision,
        "grids": list(grids),
        "community": community,
        "state": state,
        "aim": aim,
        "n_grids": n_grids,
        "most_moved": most_moved,
        "seed": seed,
        "seconds": seconds,
        "locks": list(locks),
    }
