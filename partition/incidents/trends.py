"""Grids that were drawn anew: incidents of former grids counted where their ground is now.

An incident keeps the grid it was received in for good.  To compare years, a former grid is followed through the plans
that came into force after its own, and spread over those that took its place by the share of its households.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Redraw:
    """A plan that came into force.

    Attributes
    ----------
    plan
        Its id.
    shares
        (former code, code, share of the former grid's households).
    """

    plan: str
    shares: Sequence[tuple[str, str, float]]


def follow(codes: Iterable[tuple[str, str]], redraws: Sequence[Redraw]) -> dict[tuple[str, str], dict[str, float]]:
    """Where the ground of grids is after all re-draws.

    Parameters
    ----------
    codes
        (plan, code) of each grid as it was.
    redraws
        In the order in which they came into force.

    Returns
    -------
    dict
        (plan, code) to codes now, with shares that sum to one.  A code that a plan says nothing about stays.
    """
    order = {one.plan: i for i, one in enumerate(redraws)}
    leads = [_leads(one) for one in redraws]
    found = {}
    for plan, code in sorted(set(codes)):
        # Of a plan that never came into force in this county nothing is known: it is taken for the first.
        shares = {code: 1.0}
        for lead in leads[order.get(plan, -1) + 1 :]:
            shares = _led(shares, lead)
        found[plan, code] = shares
    return found


def _leads(redraw: Redraw) -> dict[str, list[tuple[str, float]]]:
    leads: dict[str, list[tuple[str, float]]] = {}
    for old, new, share in redraw.shares:
        if share > 0:
            leads.setdefault(old, []).append((new, share))
    return leads


def _led(shares: dict[str, float], lead: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
    led: dict[str, float] = {}
    for code, share in shares.items():
        parts = lead.get(code, [(code, 1.0)])
        whole = sum(part for _, part in parts)
        for new, part in parts:
            led[new] = led.get(new, 0.0) + share * part / whole
    return dict(sorted(led.items()))
