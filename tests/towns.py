"""Towns for tests, drawn as text: one letter is one 50 m cell, cells with the same letter are one atom.

    a a b b
    a c c b
    d c c e

`town` gives the solver's input, `territory` the same town as layers (ready-made units), `mesh` the re-creatable
test instances that solvers are measured on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.graph import AtomGraph, AtomKind, EdgeClass
from gis.territory import Territory

CELL_M = 50.0
CRS = "EPSG:32650"
NO_LAND = "."
ORIGIN_M = (500_000.0, 3_000_000.0)


def town(
    text: str,
    households: Mapping[str, int] | int = 100,
    *,
    communities: Mapping[str, str] | None = None,
    rural: Iterable[str] = (),
    estates: Mapping[str, str] | None = None,
    estate_kinds: Mapping[str, str] | None = None,
    estate_dedicated: Mapping[str, bool] | None = None,
    classes: Mapping[str, EdgeClass] | None = None,
    barriers: Mapping[str, EdgeClass] | None = None,
    default_class: EdgeClass = EdgeClass.STREET,
    largest_building: Mapping[str, int] | None = None,
    people_per_household: int = 3,
) -> AtomGraph:
    """A drawn town as the solver's input.

    Parameters
    ----------
    text
        Rows of cells; ``.`` is no land.  Names of atoms may have several characters, parted by spaces; a row
        without any space is read one character a cell.
    households
        Per letter, or one number for all; letters not named have none.
    communities
        Code -> letters of its atoms (text of single letters, or a sequence of names); one community ``C`` by default.
    rural
        Codes of rural communities.
    estates
        Estate id -> letters of its atoms; ``estate_kinds`` (default ``estate``), ``estate_dedicated`` (default unsaid).
    classes, barriers
        ``"ab"`` (or a tuple of two names) -> what the border of a and b runs along; a barrier cannot be passed.
    largest_building
        Per letter; by default a tenth of the atom's households, rounded up.
    """
    cells = _cells(text)
    names = sorted(set(cells.ravel()) - {NO_LAND})
    position = {name: i for i, name in enumerate(names)}
    index = np.array([[position.get(name, -1) for name in row] for row in cells])
    w = np.array([households if isinstance(households, int) else households.get(name, 0) for name in names], int)
    codes, community = _groups(names, communities or {"C": names})
    if (community < 0).any():
        raise ValueError("every atom needs a community")
    estate_ids, estate = _groups(names, estates or {})

    a, b, length = _grid_edges(index)
    inside = community[a] == community[b]
    a, b, length = a[inside], b[inside], length[inside]
    edge_class = np.full(len(a), int(default_class))
    passable = np.ones(len(a), bool)
    for pairs, is_barrier in ((classes or {}, False), (barriers or {}, True)):
        for pair, what in pairs.items():
            one, two = sorted(position[name] for name in pair)
            hit = (a == one) & (b == two)
            if not hit.any():
                raise ValueError(f"{pair} share no border inside one community")
            edge_class[hit] = int(what)
            passable[hit] = not is_barrier

    shapes = _shapes(index, len(names))
    a, b, tied = _tie(a, b, community, shapes)
    length = np.concatenate([length, np.zeros(tied)])
    edge_class = np.concatenate([edge_class, np.full(tied, int(EdgeClass.EXCLAVE))])
    passable = np.concatenate([passable, np.ones(tied, bool)])
    order = np.lexsort((b, a))

    centre = shapely.centroid(shapes)
    area = shapely.area(shapes)
    largest = largest_building or {}
    rural_codes = set(rural)
    return AtomGraph(
        atom_ids=tuple(names),
        communities=codes,
        community_is_rural=np.array([code in rural_codes for code in codes], bool),
        community_index=community.astype(np.int32),
        estate_ids=estate_ids,
        estate_kinds=tuple((estate_kinds or {}).get(e, "estate") for e in estate_ids),
        estate_dedicated=np.array([int((estate_dedicated or {}).get(e, -1)) for e in estate_ids], np.int64),
        estate_index=estate.astype(np.int32),
        kind=_kinds(estate, np.isin(np.array(codes, dtype=object)[community], list(rural_codes))),
        households=w.astype(np.int64),
        population=(w * people_per_household).astype(np.int64),
        n_buildings=np.where(w > 0, 10, 0).astype(np.int64),
        largest_building=np.array([largest.get(n, -(-int(h) // 10)) for n, h in zip(names, w)], np.int64),
        area_m2=area,
        perimeter_m=shapely.length(shapes),
        x_m=shapely.get_x(centre),
        y_m=shapely.get_y(centre),
        inertia_m2=w * area / 6.0,
        edge_a=a[order].astype(np.int32),
        edge_b=b[order].astype(np.int32),
        edge_length_m=length[order],
        edge_class=edge_class[order].astype(np.int32),
        edge_passable=passable[order],
    )


def territory(
    text: str,
    households: Mapping[str, int] | int = 100,
    *,
    communities: Mapping[str, str] | None = None,
    rural: Iterable[str] = (),
    estates: Mapping[str, str] | None = None,
    estate_kinds: Mapping[str, str] | None = None,
    people_per_household: int = 3,
    meta: Mapping[str, str] | None = None,
    crs: str = CRS,
) -> Territory:
    """A drawn town as layers: its atoms are ready-made units of its communities (see `town` for the drawing)."""
    cells = _cells(text)
    names = sorted(set(cells.ravel()) - {NO_LAND})
    position = {name: i for i, name in enumerate(names)}
    index = np.array([[position.get(name, -1) for name in row] for row in cells])
    shapes = _shapes(index, len(names))
    codes, community = _groups(names, communities or {"C": names})
    w = [households if isinstance(households, int) else households.get(name, 0) for name in names]
    rural_codes = set(rural)
    layers = {
        "communities": gpd.GeoDataFrame(
            {
                "code": list(codes),
                "name": [f"社区 {code}" for code in codes],
                "kind": ["rural" if code in rural_codes else "urban" for code in codes],
            },
            geometry=[shapely.union_all(shapes[community == i]) for i in range(len(codes))],
            crs=crs,
        ),
        "units": gpd.GeoDataFrame(
            {
                "id": names,
                "community": [codes[i] for i in community],
                "households": w,
                "population": [h * people_per_household for h in w],
            },
            geometry=shapes,
            crs=crs,
        ),
    }
    if estates:
        estate_ids, estate = _groups(names, estates)
        layers["estates"] = gpd.GeoDataFrame(
            {
                "id": list(estate_ids),
                "name": [f"小区 {e}" for e in estate_ids],
                "kind": [(estate_kinds or {}).get(e, "estate") for e in estate_ids],
            },
            geometry=[shapely.union_all(shapes[estate == i]) for i in range(len(estate_ids))],
            crs=crs,
        )
    return Territory.of(layers, meta=meta or {"created_at": "2025-01-01T00:00:00Z", "households_basis": "drawn"})


def mesh(n: int, seed: int, mean: float, sigma: float = 0.6, cap: int = 280, zero: float = 0.0) -> AtomGraph:
    """A jittered n x n mesh of quadrilaterals with lognormal households: one community, every edge a street.

    The order of the random draws is part of the definition; tests check published values.
    """
    vertices, w = _mesh_draws(n, seed, mean, sigma, cap, zero)
    corners = np.stack([vertices[:-1, :-1], vertices[:-1, 1:], vertices[1:, 1:], vertices[1:, :-1]], axis=2)
    ring = corners.reshape(n * n, 4, 2)
    following = np.roll(ring, -1, axis=1)
    area = 0.5 * np.abs((ring[..., 0] * following[..., 1] - following[..., 0] * ring[..., 1]).sum(axis=1))
    perimeter = np.hypot(*(following - ring).transpose(2, 0, 1)).sum(axis=1)
    centre = ring.mean(axis=1)

    ids = np.arange(n * n).reshape(n, n)
    east = np.hypot(*(vertices[1:, 1:-1] - vertices[:-1, 1:-1]).transpose(2, 0, 1))  # border of (r,c) and (r,c+1)
    north = np.hypot(*(vertices[1:-1, 1:] - vertices[1:-1, :-1]).transpose(2, 0, 1))  # border of (r,c) and (r+1,c)
    a = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    b = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    length = np.concatenate([east.ravel(), north.ravel()])
    order = np.lexsort((b, a))
    width = len(str(n * n - 1))
    m = len(a)
    return AtomGraph(
        atom_ids=tuple(f"{i:0{width}d}" for i in range(n * n)),
        communities=("M",),
        community_is_rural=np.zeros(1, bool),
        community_index=np.zeros(n * n, np.int32),
        estate_ids=(),
        estate_kinds=(),
        estate_dedicated=np.zeros(0, np.int64),
        estate_index=np.full(n * n, -1, np.int32),
        kind=np.zeros(n * n, np.int32),
        households=w,
        population=w * 3,
        n_buildings=(w > 0).astype(np.int64),
        largest_building=np.minimum(w, 100),
        area_m2=area,
        perimeter_m=perimeter,
        x_m=centre[:, 0],
        y_m=centre[:, 1],
        inertia_m2=w * area / 6.0,
        edge_a=a[order].astype(np.int32),
        edge_b=b[order].astype(np.int32),
        edge_length_m=length[order],
        edge_class=np.full(m, int(EdgeClass.STREET), np.int32),
        edge_passable=np.ones(m, bool),
    )


def mesh_territory(
    n: int, seed: int, mean: float, sigma: float = 0.6, cap: int = 280, zero: float = 0.0, *, rural: bool = False
) -> Territory:
    """The same mesh as layers: one community ``M`` tiled by n x n ready-made units."""
    vertices, w = _mesh_draws(n, seed, mean, sigma, cap, zero)
    vertices = np.round(vertices + np.array(ORIGIN_M), 3)
    corners = np.stack([vertices[:-1, :-1], vertices[:-1, 1:], vertices[1:, 1:], vertices[1:, :-1]], axis=2)
    shapes = shapely.polygons(corners.reshape(n * n, 4, 2))
    width = len(str(n * n - 1))
    return Territory.of(
        {
            "communities": gpd.GeoDataFrame(
                {"code": ["M"], "name": ["网格社区"], "kind": ["rural" if rural else "urban"]},
                geometry=[shapely.coverage_union_all(shapes)],
                crs=CRS,
            ),
            "units": gpd.GeoDataFrame(
                {
                    "id": [f"{i:0{width}d}" for i in range(n * n)],
                    "community": "M",
                    "households": w,
                    "population": w * 3,
                },
                geometry=shapes,
                crs=CRS,
            ),
        },
        meta={"created_at": "2025-01-01T00:00:00Z", "households_basis": "drawn"},
    )


def _mesh_draws(
    n: int, seed: int, mean: float, sigma: float, cap: int, zero: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    cell, jitter = 60.0, 0.28
    random = np.random.default_rng(seed)
    dx = random.uniform(-jitter, jitter, (n + 1, n + 1)) * cell
    dy = random.uniform(-jitter, jitter, (n + 1, n + 1)) * cell
    dx[:, [0, -1]] = 0.0
    dy[[0, -1], :] = 0.0
    row, column = np.mgrid[: n + 1, : n + 1]
    vertices = np.stack([column * cell + dx, row * cell + dy], axis=2)
    draws = random.lognormal(np.log(mean) - sigma**2 / 2, sigma, n * n)
    w = np.clip(np.rint(draws), 1, cap).astype(np.int64)
    if zero > 0:
        w[random.uniform(0, 1, n * n) < zero] = 0
    return vertices, w


def _kinds(estate: NDArray[np.int64], is_rural: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Estates, villagers' groups in rural communities, blocks elsewhere."""
    land = np.where(is_rural, int(AtomKind.VILLAGE), int(AtomKind.BLOCK))
    return np.where(estate >= 0, int(AtomKind.ESTATE), land).astype(np.int32)


def _cells(text: str) -> NDArray[np.str_]:
    rows: list[Sequence[str]] = [line.split() for line in text.strip().splitlines() if line.strip()]
    if all(len(row) == 1 for row in rows) and any(len(row[0]) > 1 for row in rows):
        rows = [list(row[0]) for row in rows]
    if len({len(row) for row in rows}) != 1:
        raise ValueError("every row of a drawn town needs the same number of cells")
    return np.array([list(row) for row in rows])


def _groups(names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Sorted group codes, and per name the position of its group or -1."""
    codes = tuple(sorted(groups))
    index = np.full(len(names), -1)
    for i, code in enumerate(codes):
        for name in groups[code]:
            index[names.index(name)] = i
    return codes, index


def _shapes(index: NDArray[np.int64], n: int) -> NDArray[np.object_]:
    """One polygon per atom; first row of the drawing is the northernmost."""
    row, column = np.nonzero(index >= 0)
    x = ORIGIN_M[0] + column * CELL_M
    y = ORIGIN_M[1] - row * CELL_M
    boxes = shapely.box(x, y, x + CELL_M, y + CELL_M)
    owner = index[row, column]
    return np.array([shapely.coverage_union_all(boxes[owner == i]) for i in range(n)], dtype=object)


def _grid_edges(index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    one = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    two = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    touch = (one != two) & (one >= 0) & (two >= 0)
    pairs = np.sort(np.stack([one[touch], two[touch]], axis=1), axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True) if len(pairs) else (pairs, np.zeros(0))
    return pairs[:, 0], pairs[:, 1], counts * CELL_M


def _tie(
    a: NDArray[np.int64], b: NDArray[np.int64], community: NDArray[np.int64], shapes: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Tie separate parts of each community, shortest gap first, until it hangs together."""
    pairs = list(zip(a.tolist(), b.tolist()))
    part = list(range(len(shapes)))

    def root(i: int) -> int:
        while part[i] != i:
            i = part[i]
        return i

    for i, j in pairs:
        part[root(i)] = root(j)
    tied = 0
    while True:
        gaps = [
            (shapely.distance(shapes[i], shapes[j]), i, j)
            for i in range(len(shapes))
            for j in range(i + 1, len(shapes))
            if community[i] == community[j] and root(i) != root(j)
        ]
        if not gaps:
            break
        _, i, j = min(gaps)
        part[root(i)] = root(j)
        pairs.append((i, j))
        tied += 1
    table = np.array(pairs, int).reshape(-1, 2)
    return table[:, 0], table[:, 1], tied
