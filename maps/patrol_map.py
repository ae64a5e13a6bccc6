"""The patrol map: one HTML file with the routes of one grid or of all, their turn lists, and what was missed.

Decides what the page holds and packs it; the page is made like that of `maps.plan_map` and opens with no internet.
How lines, arrows and numbers look is decided in ``maps/static/patrol_routes.js``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.errors import InputError
from gis.territory import Territory
from maps.features import move, to_lonlat
from maps.ground import pack_ground
from maps.pack import pack_lines, pack_points, pack_polygons
from maps.patrol.datum import clean
from maps.patrol.lanes import number_lanes
from maps.patrol.missed import Missed
from maps.patrol.turns import starts
from maps.patrol.words import patrol_words
from maps.plan_map import make_page, write_page
from maps.plan_shapes import PlanShapes, shape_plan
from maps.style import drawing
from maps.words import LANGUAGES, page_words
from partition.filed import FiledPlan
from partition.patrol.itinerary import Itinerary

SCRIPTS = ("say.js", "ground.js", "names.js", "patrol_routes.js", "patrol_panel.js", "patrol_map.js")
MOST_LEGS = 60_000
"""Legs on one page; routes beyond are left out, and the page says so."""

_OWN_WORDS = "patrol_map_"


def write_patrol_map(
    itineraries: Sequence[Itinerary],
    filed: FiledPlan,
    territory: Territory | None,
    path: Path,
    *,
    missed: Sequence[Missed] = (),
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the map of some routes as one HTML file; the same routes give the same bytes.

    Parameters
    ----------
    itineraries
        Routes, in the order in which they are listed; none: a map of what was missed.
    filed
        The plan they patrol.
    territory
        The land; ``None``: grids and routes only.
    path
        File to write, replaced as a whole once the page is complete.
    missed
        What earlier patrols left out, one entry a shift.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show``, ``patrol_page_grid_unknown``.
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    page = render_patrol_map(itineraries, filed, territory, missed=missed, language=language, title=title)
    write_page(page, path)


def render_patrol_map(
    itineraries: Sequence[Itinerary],
    filed: FiledPlan,
    territory: Territory | None,
    *,
    missed: Sequence[Missed] = (),
    language: str = "zh",
    title: str = "",
) -> str:
    """The page of `write_patrol_map` as text; raises the same errors but ``map_not_written``."""
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if filed.grids.empty:
        raise InputError("map_nothing_to_show")
    shapes = shape_plan(filed)
    place = {str(code): i for i, code in enumerate(filed.grids["code"])}
    unknown = [itinerary.grid for itinerary in itineraries if itinerary.grid not in place]
    if unknown:
        raise InputError("patrol_page_grid_unknown", measured=unknown[0])
    kept = itineraries[: _n_kept(itineraries)]
    books = _Books()
    data = {
        "language": language,
        "title": title,
        "words": {language: patrol_page_words(language) for language in LANGUAGES},
        "style": drawing(),
        "origin": list(shapes.origin),
        "plan": {key: filed.meta.get(name, "") for key, name in _PLAN_FACTS},
        "grids": _grids(filed, shapes, {itinerary.grid for itinerary in itineraries} or _grids_of(missed, filed)),
        "communities": [{"name": "", "spot": [], "rings": rings} for rings in shapes.community_rings.values()],
        "ground": None if territory is None else pack_ground(territory, shapes.origin),
        "routes": [_route(itinerary, place[itinerary.grid], shapes, books) for itinerary in kept],
        "routes_left_out": len(itineraries) - len(kept),
        "missed": [_missed(part, shapes.origin) for part in missed],
        "names": books.names,
        "classes": books.classes,
    }
    return make_page("patrol", data, SCRIPTS, ("patrol_map.css",), "patrol_map.html")


_PLAN_FACTS = (("id", "plan_id"), ("created_at", "created_at"), ("version", "version"))


class _Books:
    """Names and classes that many legs share, each once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.classes: list[str] = []
        self._name: dict[str, int] = {"": -1}
        self._class: dict[str, int] = {}

    def name(self, text: str) -> int:
        """Number of a name, -1 for none."""
        if text not in self._name:
            self._name[text] = len(self.names)
            self.names.append(text)
        return self._name[text]

    def road_class(self, text: str) -> int:
        """Number of a class or kind."""
        if text not in self._class:
            self._class[text] = len(self.classes)
            self.classes.append(text)
        return self._class[text]


def _n_kept(itineraries: Sequence[Itinerary]) -> int:
    legs = np.cumsum([len(itinerary.legs) for itinerary in itineraries])
    return max(int(np.searchsorted(legs, MOST_LEGS, side="right")), min(len(itineraries), 1))


def patrol_page_words(language: str) -> dict[str, str]:
    """Every word the page can say: those of all pages, its own, and with ``w_`` before them those of patrols."""
    table = page_words()[language]
    own = {key.removeprefix(_OWN_WORDS): text for key, text in table.items() if key.startswith(_OWN_WORDS)}
    return {**table, **own, **{f"w_{key}": text for key, text in patrol_words(language).items()}}


def _grids_of(missed: Sequence[Missed], filed: FiledPlan) -> set[str]:
    """The grids that something was missed in."""
    tree = shapely.STRtree(np.asarray(filed.grids.geometry.array, dtype=object))
    found: set[str] = set()
    for part in missed:
        lines = _objects([street.line for street in part.streets if street.line is not None])
        spots = shapely.point_on_surface(move(lines, part.crs, CRS(filed.grids.crs)))
        hit = tree.query(spots, predicate="intersects")[1]
        found |= {str(code) for code in filed.grids["code"].to_numpy()[hit]}
    return found


def _grids(filed: FiledPlan, shapes: PlanShapes, patrolled: set[str]) -> list[dict[str, Any]]:
    return [
        {"code": clean(code), "name": clean(name), "patrolled": code in patrolled, "rings": rings}
        for code, name, rings in zip(filed.grids["code"], filed.grids["name"], shapes.grid_rings, strict=True)
    ]


def _route(itinerary: Itinerary, grid: int, shapes: PlanShapes, books: _Books) -> dict[str, Any]:
    moment = starts(itinerary)
    return {
        "id": clean(itinerary.id),
        "grid": grid,
        "patroller": itinerary.patroller,
        "n_patrollers": itinerary.n_patrollers,
        "colour": int(shapes.fill[grid]) * (itinerary.n_patrollers == 1) + itinerary.patroller - 1,
        "mode": itinerary.mode.value,
        "minutes": round(itinerary.minutes),
        "length_m": round(itinerary.length_m),
        "required_m": round(itinerary.required_m),
        "deadhead_m": round(itinerary.deadhead_m),
        "unreachable_m": round(itinerary.unreachable_m),
        "shift": clean(itinerary.shift),
        "post": clean(itinerary.post),
        "starts": None if moment is None else moment.hour * 3600 + moment.minute * 60 + moment.second,
        "is_closed": itinerary.is_closed,
        "legs": _legs(itinerary, shapes.origin, books),
    }


def _legs(itinerary: Itinerary, origin: tuple[float, float], books: _Books) -> list[dict[str, Any]]:
    shapes = _objects([leg.geometry for leg in itinerary.legs])
    lonlat = to_lonlat(shapes, itinerary.crs)
    lines, points = pack_lines(lonlat, origin), pack_points(lonlat, origin)
    lanes = number_lanes([None if leg.kind == "dwell" else leg.geometry for leg in itinerary.legs])
    return [
        {
            "kind": leg.kind,
            "turn": leg.turn,
            "name": books.name(clean(leg.name)),
            "class": books.road_class(clean(leg.road_class)),
            "length_m": round(leg.length_m, 1),
            "seconds": round(leg.seconds),
            "start_s": round(leg.start_s),
            "lane": max(lane, 0),
            "steps": line[0] if line else point,
            **({"turns_back": True} if leg.turns_back else {}),
            **({"other_side": True} if leg.other_side else {}),
            **({"place": clean(leg.place_id)} if leg.kind == "dwell" else {}),
        }
        for leg, line, point, lane in zip(itinerary.legs, lines, points, lanes, strict=True)
    ]


def _missed(missed: Missed, origin: tuple[float, float]) -> dict[str, Any]:
    streets = sorted(missed.streets, key=lambda street: (-round(street.length_m, 1), street.name))
    lines = pack_lines(_lonlat([street.line for street in streets], missed.crs), origin)
    blind = pack_polygons(_lonlat(list(missed.blind), missed.crs), origin)
    return {
        "shift": clean(missed.shift),
        "streets": [
            {
                "name": clean(street.name),
                "class": clean(street.road_class),
                "length_m": round(street.length_m, 1),
                "steps": steps,
            }
            for street, steps in zip(streets, lines, strict=True)
        ],
        "blind": [rings for rings in blind if rings],
    }


def _lonlat(shapes: list[Any], crs: CRS) -> NDArray[np.object_]:
    return to_lonlat(_objects(shapes), crs)


def _objects(shapes: list[Any]) -> NDArray[np.object_]:
    return np.array([*shapes, None], dtype=object)[:-1]
