"""The ground of a plan for the planner's desk: every piece with its outline, its sums, and what it touches.

Ground and plan come apart: the ground (`ground_pack`) is the same for as long as the territory and the rules are, and
large; the plan on it (`sheet_of_plan`) changes with every edit, and is small.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from api.usecases.packed import origin_of, pack, rings_of, to_page
from api.usecases.plan_desk import Desk, Place
from data.store import Tx
from data.store.rooms.plan_card import PlanCard
from partition.edits.ground import Ground
from partition.edits.sheet import Sheet

_CLOSE_DECIMALS = 9  # of degrees: a tenth of a millimetre
_NAMELESS = ""
_FORMAT = "1"
_LEVEL = 1  # of gzip: more costs seconds where the ground is large and saves little
_COUNTED = ("", "0", "false", "no", "none")  # what a territory says of households that were counted


def key_of_place(place: Place) -> str:
    """What the ground is: the same text for the same ground."""
    atoms = place.ground.graph.atom_ids
    parts = (_FORMAT, place.territory.content_hash(), place.rules.to_toml(), str(len(atoms)), *atoms)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def kept_key(place: Place) -> str:
    """`key_of_place`, worked out once."""
    key: str = place.kept("key", lambda: key_of_place(place))
    return key


def kept_ground(place: Place) -> bytes:
    """`ground_pack` as gzip, made once."""
    packed: bytes = place.kept("ground", lambda: gzip.compress(ground_pack(place), _LEVEL, mtime=0))
    return packed


def ground_pack(place: Place) -> bytes:
    """All pieces of ground of a territory under the rules of a plan (see `api.usecases.packed`).

    Head
        ``origin`` (longitude, latitude), ``atoms`` (ids), ``communities`` (code, name, is_rural), ``estates`` (id,
        name, kind, is_dedicated, is_within_cap), ``rules``.
    Arrays
        ``xy`` (centimetres east and south of the origin, pairs), ``ring`` (where rings begin, and their end),
        ``atom_ring`` (where the rings of each atom begin, and their end); ``arc``, ``arc_n``, ``arc_a``, ``arc_b``:
        stretches of border as points of ``xy`` with the atoms on both sides (-1: another community, or nothing);
        per atom ``households``, ``population``, ``buildings``, ``members``, ``community``, ``estate``, ``area_m2``,
        ``perimeter_m``, ``centre`` (centimetres, pairs); ``touch_a``, ``touch_b``, ``touch_m``: which touch and for
        how many metres (0: a tie to a part that lies apart); ``link_a``, ``link_b``: which hang together.
    """
    ground = place.ground
    graph = ground.graph
    origin = origin_of(ground.lon_lat)
    xy, ring, of_atom = rings_of(ground.lon_lat)
    arc, arc_n, arc_a, arc_b = _arcs(xy, ring, of_atom)
    touch_a, touch_b, touch_m = _joined([ground.contacts(i) for i in range(len(graph.communities))], 3)
    link_a, link_b = _joined([ground.links(i) for i in range(len(graph.communities))], 2)
    members = np.zeros(graph.n_atoms, np.int32)
    for atom, names in ground.members.items():
        members[atom] = len(names)
    centres = shapely.get_coordinates(shapely.point_on_surface(ground.lon_lat))
    return pack(
        {
            "origin": origin,
            "atoms": graph.atom_ids,
            "communities": [
                {"code": code, "name": ground.community_names.get(code, code), "is_rural": bool(rural)}
                for code, rural in zip(graph.communities, graph.community_is_rural.tolist())
            ],
            "estates": _estates(ground),
            "rules": {
                "min_households": ground.rules.min_households,
                "max_households": ground.rules.max_households,
                "estate_cap": ground.rules.estate_cap,
                "rural_mode": ground.rules.rural_mode,
            },
        },
        {
            "xy": to_page(xy, origin).ravel(),
            "ring": ring.astype(np.int32),
            "atom_ring": np.searchsorted(of_atom, np.arange(graph.n_atoms + 1)).astype(np.int32),
            "arc": arc,
            "arc_n": arc_n,
            "arc_a": arc_a,
            "arc_b": arc_b,
            "households": graph.households.astype(np.int32),
            "population": graph.population.astype(np.int32),
            "buildings": graph.n_buildings.astype(np.int32),
            "members": members,
            "community": graph.community_index.astype(np.int32),
            "estate": graph.estate_index.astype(np.int32),
            "area_m2": graph.area_m2.astype(np.float32),
            "perimeter_m": graph.perimeter_m.astype(np.float32),
            "centre": to_page(centres, origin).ravel(),
            "touch_a": touch_a.astype(np.int32),
            "touch_b": touch_b.astype(np.int32),
            "touch_m": touch_m.astype(np.float32),
            "link_a": link_a.astype(np.int32),
            "link_b": link_b.astype(np.int32),
        },
    )


def sheet_of_plan(desk: Desk, tx: Tx, card: PlanCard, place: Place, language: str) -> dict[str, Any]:
    """The plan on its ground: which grid every atom is in, the rows of its tables, its locks.

    ``atom_grid`` counts in ``grids``, -1 for ground in no grid; ``closed`` names communities in which no edit can be
    made, because their grids are not made of whole pieces.
    """
    sheet = desk.sheet(tx, card, place)
    codes = sorted(sheet.grids)
    locks = tx.life.locks(card.id)
    return {
        "atom_grid": positions_of(sheet, codes),
        "grids": [{key: value for key, value in sheet.grids[code].items() if key != "shape"} for code in codes],
        "communities": [dict(sheet.communities[code]) for code in sorted(sheet.communities)],
        "broken_rules": [
            {
                "code": row["code"],
                "grid": row["grid"],
                "community": code,
                "detail": row[f"detail_{language}"] or row["code"],
            }
            for code in sorted(sheet.violations)
            for row in sheet.violations[code]
        ],
        "closed": sorted(sheet.closed),
        "retired": sheet.meta.get("retired_codes", "").split(),
        "basis": sheet.meta.get("households_basis", ""),
        "is_estimate": place.territory.meta.get("households_modelled", "").lower() not in _COUNTED,
        "locks": list(locks),
        "lock_atoms": {lock: at for lock in locks if (at := _atom_of_lock(place.ground, lock)) is not None},
    }


def _atom_of_lock(ground: Ground, lock: str) -> int | None:
    """The piece of ground that holds a locked building or unit."""
    kind, _, name = lock.partition(":")
    return ground.atom_of.get((kind, name))


def positions_of(sheet: Sheet, codes: list[str]) -> list[int]:
    """Per atom the position of its grid among some codes, -1 for none."""
    at = {code: i for i, code in enumerate(codes)}
    return [at.get(code, -1) for code in sheet.atom_code.tolist()]


def _estates(ground: Ground) -> list[dict[str, Any]]:
    graph = ground.graph
    own = graph.estate_index >= 0
    households = np.bincount(graph.estate_index[own], graph.households[own], len(graph.estate_ids))
    return [
        {
            "id": id,
            "name": ground.estate_names.get(id, _NAMELESS),
            "kind": kind,
            "is_dedicated": bool(dedicated),
            "households": int(total),
        }
        for id, kind, dedicated, total in zip(
            graph.estate_ids, graph.estate_kinds, ground.is_dedicated.tolist(), households.tolist()
        )
    ]


def _joined(parts: list[Any], n: int) -> list[NDArray[Any]]:
    """Columns of all communities one after the other."""
    if not parts:
        return [np.zeros(0)] * n
    return [np.concatenate([part[i] for part in parts]) for i in range(n)]


def _arcs(
    xy: NDArray[np.float64], ring: NDArray[np.int64], of_atom: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Borders between atoms, each once: first point, number of points, and the atoms on both sides.

    Neighbours share their corners, so a stretch of border is the same segments in two rings.  Segments that only one
    ring has lie on the rim of a community.
    """
    n_points = len(xy)
    if n_points == 0:
        none = np.zeros(0, np.int32)
        return none, none, none, none
    is_last = np.zeros(n_points, bool)
    is_last[ring[1:] - 1] = True
    first = np.flatnonzero(~is_last)  # segment = its first point
    owner = np.repeat(of_atom, np.diff(ring))[first]
    _, corner = np.unique(np.round(xy, _CLOSE_DECIMALS), axis=0, return_inverse=True)
    a, b = corner[first], corner[first + 1]
    name = np.minimum(a, b).astype(np.int64) * n_points + np.maximum(a, b)
    order = np.argsort(name, kind="stable")
    same = name[order][1:] == name[order][:-1]
    other = np.full(len(first), -1, np.int64)
    here, there = order[:-1][same], order[1:][same]
    other[here], other[there] = owner[there], owner[here]
    # Each border once: by the lower of its two atoms.
    mine = (other < 0) | (owner < other)
    at = np.flatnonzero(mine)
    goes_on = (np.diff(at) == 1) & (np.diff(first[at]) == 1)
    goes_on &= (owner[at][1:] == owner[at][:-1]) & (other[at][1:] == other[at][:-1])
    begins = np.flatnonzero(np.concatenate([[True], ~goes_on]))
    n = np.diff(np.concatenate([begins, [len(at)]])) + 1
    start = first[at][begins]
    return (
        start.astype(np.int32),
        n.astype(np.int32),
        owner[at][begins].astype(np.int32),
        other[at][begins].astype(np.int32),
    )
