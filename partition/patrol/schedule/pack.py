"""Which rounds go together into one shift: few patrols, or evenly long shifts for the patrols there are.

Several short grids become one shift, mostly by e-bike.  The way from one grid to the next is reckoned as the straight
line, lengthened by what streets add.  Rounds are put into shifts longest first, each where it fits, by two rules of
which the better counts; with a few grids per community that is at most a patrol away from the least number, and
`least_minutes` says how far.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from gis.streets.network import Mode
from partition.patrol.schedule.types import Round
from partition.patrol.settings import SPEEDS

DETOUR = 1.3
"""Metres by street for every metre of the straight line."""
_SETTLED_MIN = 0.5
_SLACK = 1e-9
_Rule = Literal["first", "least"]


@dataclass(slots=True)
class Chain:
    """Rounds of one shift in their order, and its minutes with the ways between them."""

    mode: Mode
    rounds: list[Round]
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Packed:
    """One chain per patrol (empty ones left out), and what found no room."""

    chains: tuple[Chain, ...]
    left_out: tuple[Round, ...] = ()


def way_minutes(one: Round, other: Round, mode: Mode) -> float:
    """Minutes from one grid to another."""
    metres = DETOUR * math.hypot(one.x - other.x, one.y - other.y)
    return metres / (SPEEDS[mode].passing_kmh * 1000 / 60)


def chain_minutes(rounds: Sequence[Round], mode: Mode) -> float:
    """Minutes of rounds one after the other, with the ways between them."""
    ways = sum(way_minutes(one, other, mode) for one, other in pairwise(rounds))
    return sum(r.minutes[mode] for r in rounds) + ways


def quickest_minutes(one: Round, modes: Sequence[Mode]) -> float:
    """Minutes of a round in the quickest of some modes; infinite where none can do it."""
    return min((one.minutes.get(mode, math.inf) for mode in modes), default=math.inf)


def too_long(rounds: Sequence[Round], modes: Sequence[Mode], limit: float) -> list[Round]:
    """Rounds that fit into no shift even alone; those that no mode can do at all are, whatever the limit."""
    return [r for r in rounds if not quickest_minutes(r, modes) <= min(limit + _SLACK, sys.float_info.max)]


def pack_first(rounds: Sequence[Round], choices: Sequence[Sequence[Mode]], limit: float, *, few: bool) -> Packed:
    """Put every round into the slots of the first choice that holds them all, or of the one that leaves out fewest."""
    best = None
    for slots in choices:
        packed = pack_all(rounds, slots, limit, few=few)
        if not packed.left_out:
            return packed
        if best is None or len(packed.left_out) < len(best.left_out):
            best = packed
    return best or Packed((), tuple(rounds))


def pack_all(rounds: Sequence[Round], slots: Sequence[Mode], limit: float, *, few: bool) -> Packed:
    """Put every round into one of the slots.

    Parameters
    ----------
    rounds
        What has to be walked.
    slots
        Mode of every patrol at hand, the preferred first.
    limit
        Minutes of a shift.
    few
        Use as few of the slots as it takes; else all of them, as evenly as possible.

    Returns
    -------
    Packed
        ``left_out`` holds what fits nowhere.
    """
    least = least_minutes(rounds, slots)
    begin = max(1, math.ceil(least / limit - _SLACK)) if few else len(slots)
    for n in range(min(begin, len(slots)), len(slots) + 1):
        packed = _best(rounds, slots[:n], limit)
        if not packed.left_out:
            return _evened(rounds, slots[:n], packed)
    return _best(rounds, slots, limit)


def pack_some(ring: Sequence[Round], slots: Sequence[Mode], limit: float, *, few: bool) -> tuple[Packed, int]:
    """Put rounds into the slots in the order they come, until the next one fits nowhere.

    Returns
    -------
    Packed, int
        The chains (evenly long where not ``few``), and how many rounds of the ring were taken or can never be.
    """
    never = {r.id for r in too_long(ring, slots, limit)}
    chains = [Chain(mode, []) for mode in slots]
    n_taken = len(ring)
    for n, candidate in enumerate(ring):
        if candidate.id not in never and not any(_put(chain, candidate, limit) for chain in chains):
            n_taken = n
            break
    left_out = tuple(r for n, r in enumerate(ring) if n >= n_taken or r.id in never)
    if not few:
        evened = pack_all([r for r in ring[:n_taken] if r.id not in never], slots, limit, few=False)
        if not evened.left_out:
            return Packed(evened.chains, left_out), n_taken
    return Packed(_used(chains), left_out), n_taken


def least_minutes(rounds: Sequence[Round], modes: Sequence[Mode]) -> float:
    """Minutes that all rounds together take at least: each in its quickest mode, no way between them."""
    return sum(m for m in (quickest_minutes(r, modes) for r in rounds) if m < math.inf)


def limit_that_does(rounds: Sequence[Round], slots: Sequence[Mode], limit: float) -> int:
    """Whole minutes of a shift in which the slots hold every round; 0 where no shift does."""
    if not slots or too_long(rounds, slots, math.inf):
        return 0
    low, high = math.floor(limit), max(math.ceil(limit), 1)
    while _best(rounds, slots, high).left_out:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if not _best(rounds, slots, middle).left_out else (middle, high)
    return high


def _best(rounds: Sequence[Round], slots: Sequence[Mode], limit: float) -> Packed:
    found = [_filled(rounds, slots, limit, rule) for rule in ("first", "least")]
    return min(found, key=lambda p: (len(p.left_out), sum(least_minutes([r], slots) for r in p.left_out)))


def _evened(rounds: Sequence[Round], slots: Sequence[Mode], packed: Packed) -> Packed:
    """The same patrols with the longest shift as short as the rules find it."""
    high = max((chain.minutes for chain in packed.chains), default=0.0)
    low = 0.0
    while high - low > _SETTLED_MIN:
        middle = (low + high) / 2
        other = _best(rounds, slots, middle)
        if other.left_out:
            low = middle
        else:
            packed, high = other, max(chain.minutes for chain in other.chains)
    return packed


def _filled(rounds: Sequence[Round], slots: Sequence[Mode], limit: float, rule: _Rule) -> Packed:
    """Longest first, each into the first slot that takes it, or into the one that ends up shortest."""
    chains = [Chain(mode, []) for mode in slots]
    left_out = []
    for candidate in sorted(rounds, key=lambda r: (-least_minutes([r], slots), r.id)):
        order: Sequence[Chain] = chains
        if rule == "least":
            order = sorted(chains, key=lambda c: c.minutes + candidate.minutes.get(c.mode, math.inf))
        if not any(_put(chain, candidate, limit) for chain in order):
            left_out.append(candidate)
    return Packed(_used(chains), tuple(sorted(left_out, key=lambda r: r.id)))


def _put(chain: Chain, candidate: Round, limit: float) -> bool:
    """Take a round in where it lengthens the chain least, if it then still fits."""
    own = candidate.minutes.get(chain.mode, math.inf)
    if chain.minutes + own > limit + _SLACK:
        return False
    places = range(len(chain.rounds) + 1)
    added = [own + _detour(chain, candidate, place) for place in places]
    place = min(places, key=added.__getitem__)
    if chain.minutes + added[place] > limit + _SLACK:
        return False
    chain.rounds.insert(place, candidate)
    chain.minutes = chain_minutes(chain.rounds, chain.mode)
    return True


def _detour(chain: Chain, candidate: Round, place: int) -> float:
    before = chain.rounds[place - 1] if place else None
    after = chain.rounds[place] if place < len(chain.rounds) else None
    added = sum(way_minutes(candidate, other, chain.mode) for other in (before, after) if other)
    return added - (way_minutes(before, after, chain.mode) if before and after else 0.0)


def _used(chains: Sequence[Chain]) -> tuple[Chain, ...]:
    return tuple(chain for chain in chains if chain.rounds)
