"""What the sheets show, once for the whole atlas: everything in one metric system, indexed, coloured.

Decides the coordinate system and which features a scale can carry.  Knows nothing of paper but the scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Proj

from gis.crs import metric_crs
from gis.territory import Territory
from maps.colouring import borders, colour
from maps.features import grid_status, move, to_lonlat, to_metres
from maps.style import FILLS, GREEN_ESTATES, street_rank
from partition.filed import FiledPlan

Bounds = tuple[float, float, float, float]

_MOST_DISTORTION = 0.002
_BUILDINGS_TO = 10_000
_STREETS_TO = (10_000_000, 500_000, 100_000, 25_000, 10_000, 5_000)
"""Coarsest scale at which streets of a rank are drawn."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Shapes of one kind with a spatial index, and a text and a number for each."""

    shapes: NDArray[np.object_]
    names: NDArray[np.object_]
    ranks: NDArray[np.int64]
    tree: shapely.STRtree

    @classmethod
    def of(
        cls,
        shapes: NDArray[np.object_],
        names: NDArray[np.object_] | None = None,
        ranks: NDArray[np.int64] | None = None,
    ) -> Layer:
        """A layer of shapes; empty names and rank 0 where none are given."""
        shapes = np.asarray(shapes, dtype=object)
        return cls(
            shapes,
            np.full(len(shapes), "", dtype=object) if names is None else names,
            np.zeros(len(shapes), dtype=np.int64) if ranks is None else ranks,
            shapely.STRtree(shapes),
        )

    def inside(self, bounds: Bounds) -> NDArray[np.int64]:
        """Positions of the shapes that reach into a rectangle, ascending."""
        return np.sort(self.tree.query(shapely.box(*bounds)))

    def clipped(self, chosen: NDArray[np.int64], bounds: Bounds) -> NDArray[np.object_]:
        """Shapes cut at a rectangle."""
        return _clip(self.shapes[chosen], bounds)


@dataclass(frozen=True, slots=True)
class Place:
    """One community: what its sheet is about.

    Attributes
    ----------
    code, name, town
        As in the territory; the name is the code where there is none.
    grids
        Positions of its grids in the plan.
    outline
        Its shape in ground metres; ``None`` where neither grids nor territory have one.
    """

    code: str
    name: str
    town: str
    grids: NDArray[np.int64]
    outline: shapely.Geometry | None


@dataclass(frozen=True, slots=True)
class Land:
    """Everything that can be drawn, in ``crs``.

    Attributes
    ----------
    grids
        Shapes by position in the plan; ``fill``, ``status`` and ``kinds`` go with them.
    places
        Communities by town and code; ``outlines`` is a layer of those that have a shape, in the same order, with
        positions in ``places`` as ranks.
    """

    crs: CRS
    grids: NDArray[np.object_]
    fill: NDArray[np.int64]
    status: list[str]
    kinds: list[str]
    places: list[Place]
    outlines: Layer
    towns: Layer
    water: Layer
    rail: Layer
    walls: Layer
    green: Layer
    estates: Layer
    streets: Layer
    buildings: Layer
    present: frozenset[str] = field(default_factory=frozenset)

    def streets_at(self, scale: int, bounds: Bounds) -> NDArray[np.int64]:
        """Streets in a rectangle that the scale can carry."""
        chosen = self.streets.inside(bounds)
        return chosen[np.asarray(_STREETS_TO)[self.streets.ranks[chosen]] >= scale]

    def buildings_at(self, scale: int, bounds: Bounds) -> NDArray[np.int64]:
        """Buildings in a rectangle; none where they would be specks."""
        return self.buildings.inside(bounds) if scale <= _BUILDINGS_TO else np.zeros(0, dtype=np.int64)


def survey(filed: FiledPlan, territory: Territory | None) -> Land:
    """Bring plan and territory into one true-to-scale system.

    Raises
    ------
    InputError
        ``map_nothing_to_show``: no grid has a shape.
    """
    shapes = np.asarray(filed.grids.geometry.array, dtype=object)
    crs = true_crs(shapes, CRS(filed.grids.crs))
    grids = _moved(shapes, CRS(filed.grids.crs), crs)
    pairs, _ = borders(grids)
    places = _places(filed, territory, grids, crs)
    shown = [i for i, place in enumerate(places) if place.outline is not None]
    outlines = Layer.of(
        np.array([places[i].outline for i in shown], dtype=object), ranks=np.asarray(shown, dtype=np.int64)
    )

    def layer(name: str, *wanted: str) -> Layer:
        if territory is None:
            return Layer.of(np.zeros(0, dtype=object))
        table = territory[name]
        if wanted:
            table = table[table["kind"].isin(wanted)]
        names = table["name"] if "name" in table.columns else None
        ranks = np.array([street_rank(c) for c in table["class"]], dtype=np.int64) if "class" in table.columns else None
        moved = _moved(np.asarray(table.geometry.array, dtype=object), territory.crs, crs)
        return Layer.of(moved, None if names is None else names.fillna("").to_numpy(dtype=object), ranks)

    layers = {
        "water": layer("barriers", "river", "water"),
        "rail": layer("barriers", "railway"),
        "walls": layer("barriers", "wall"),
        "green": layer("estates", *GREEN_ESTATES),
        "estates": layer("estates"),
        "streets": layer("streets"),
        "buildings": layer("buildings"),
    }
    return Land(
        crs=crs,
        grids=grids,
        fill=colour(len(grids), pairs, len(FILLS)),
        status=grid_status(filed),
        kinds=[str(kind) for kind in filed.grids["kind"]],
        places=places,
        outlines=outlines,
        towns=_towns(places, outlines),
        present=frozenset(name for name, found in layers.items() if len(found.shapes)),
        **layers,
    )


def true_crs(shapes: NDArray[np.object_], crs: CRS) -> CRS:
    """A metric system in which a length on the map is the length on the ground, to 2 in 1,000.

    The file's own system is kept when it is that true; web maps' Mercator, for one, is not (at 30 degrees north it
    draws everything 15 % too large), and gives way to the UTM zone.

    Raises
    ------
    InputError
        ``map_nothing_to_show``.
    """
    _, metres = to_metres(shapes, crs)
    lonlat = to_lonlat(np.array([shapely.box(*shapely.total_bounds(shapes))], dtype=object), crs)
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(lonlat))
    factors = Proj(metres).get_factors((x0 + x1) / 2, (y0 + y1) / 2)
    if max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1)) <= _MOST_DISTORTION:
        return metres
    return metric_crs(CRS.from_epsg(4326), (x0, y0, x1, y1))


def _moved(shapes: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    moved = move(shapes, source, target)
    moved[~(shapely.is_geometry(moved) & ~shapely.is_empty(moved))] = shapely.Polygon()
    return moved


def _places(filed: FiledPlan, territory: Territory | None, grids: NDArray[np.object_], crs: CRS) -> list[Place]:
    owner = filed.grids["community"].to_numpy(dtype=object)
    known: dict[str, tuple[str, str, shapely.Geometry]] = {}
    if territory is not None:
        table = territory["communities"]
        outlines = _moved(np.asarray(table.geometry.array, dtype=object), territory.crs, crs)
        text = {column: table[column].fillna("").tolist() for column in ("code", "name", "town")}
        known = {
            code: (name, town, shape)
            for code, name, town, shape in zip(text["code"], text["name"], text["town"], outlines, strict=True)
        }
    by_code: dict[str, list[int]] = {code: [] for code in sorted({*filed.communities["code"], *owner})}
    for i, code in enumerate(owner):
        by_code[code].append(i)
    places = []
    for code, mine in by_code.items():
        name, town, shape = known.get(code, ("", "", None))
        positions = np.asarray(mine, dtype=np.int64)
        union = shapely.union_all(grids[positions]) if mine else shape
        outline = shape if union is None or union.is_empty else union
        places.append(
            Place(code, name or code, town, positions, None if outline is None or outline.is_empty else outline)
        )
    return sorted(places, key=lambda place: (place.town, place.code))


def _towns(places: list[Place], outlines: Layer) -> Layer:
    town = np.array([places[i].town for i in outlines.ranks], dtype=object)
    names = sorted(set(town.tolist()))
    shapes = [shapely.union_all(outlines.shapes[town == name]) for name in names]
    return Layer.of(np.array(shapes, dtype=object), np.array(names, dtype=object))


def _clip(shapes: NDArray[np.object_], bounds: Bounds) -> NDArray[np.object_]:
    clipped: NDArray[np.object_] = shapely.clip_by_rect(shapes, *bounds)
    return clipped
