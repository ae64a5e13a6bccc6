"""The camera map: one HTML file with density by grid, streets seen and not seen, sight lines, and cameras proposed.

Decides what the page holds and packs it; the page is made like that of `maps.plan_map` and opens with no internet.
Density says little about what is seen, so that the page always shows both; what it costs in private ground stands
beside what it gains.  How things look is decided in ``maps/static/camera_*.js``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gis.errors import InputError
from gis.streets.network import ObjectArray
from gis.territory import Territory
from maps.coverage.camera_page import camera_data
from maps.coverage.words import coverage_page_words
from maps.ground import pack_ground
from maps.patrol.datum import clean
from maps.plan_map import make_page, write_page
from maps.plan_shapes import PlanShapes, shape_plan
from maps.style import drawing
from maps.words import LANGUAGES
from partition.coverage.cameras.types import CameraSurvey
from partition.coverage.siting.problem import SitingAnswer
from partition.filed import FiledPlan

SHARED_SCRIPTS = (
    "say.js",
    "ground.js",
    "labels.js",
    "names.js",
    "coverage_ground.js",
    "coverage_panel.js",
    "coverage_page.js",
)
SCRIPTS = (*SHARED_SCRIPTS, "camera_layers.js", "camera_panel.js", "camera_map.js")


def write_camera_map(
    survey: CameraSurvey,
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    siting: SitingAnswer | None = None,
    sights: ObjectArray | None = None,
    language: str = "zh",
    title: str = "",
) -> None:
    """Write the map of a camera survey as one HTML file; the same survey gives the same bytes.

    Parameters
    ----------
    survey
        Cameras of the plan; its land holds the grids of ``filed``.
    filed, territory
        The plan and the land.
    path
        File to write, replaced as a whole once the page is complete.
    siting
        Cameras proposed.
    sights
        What each proposed camera would see, in the order of the proposals, in the territory's metric CRS
        (`gis.sight.sweep.visible`); ``None``: the proposals stand on the map without it.
    language
        ``zh`` or ``en``: the language the page opens in; it holds both.
    title
        Heading of the page; empty: a general one.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show``, ``coverage_map_other_plan``.
    StorageError
        ``map_assets_missing``, ``map_not_written``.
    """
    page = render_camera_map(survey, filed, territory, siting=siting, sights=sights, language=language, title=title)
    write_page(page, path)


def render_camera_map(
    survey: CameraSurvey,
    filed: FiledPlan,
    territory: Territory,
    *,
    siting: SitingAnswer | None = None,
    sights: ObjectArray | None = None,
    language: str = "zh",
    title: str = "",
) -> str:
    """The page of `write_camera_map` as text; raises the same errors but ``map_not_written``."""
    shapes = shapes_of(filed, survey.land.codes, language)
    data = {
        **coverage_frame(filed, territory, shapes, "camera", language, title),
        **camera_data(survey, territory, shapes.origin, siting, sights),
    }
    return make_page("camera", data, SCRIPTS, ("coverage_map.css",), "coverage_map.html")


def shapes_of(filed: FiledPlan, codes: tuple[str, ...], language: str) -> PlanShapes:
    """Shapes of the grids that a survey counts by.

    Raises
    ------
    InputError
        ``map_language_unknown``, ``map_nothing_to_show``, ``coverage_map_other_plan``.
    """
    if language not in LANGUAGES:
        raise InputError("map_language_unknown", measured=language, allowed=", ".join(LANGUAGES))
    if filed.grids.empty:
        raise InputError("map_nothing_to_show")
    there = [str(code) for code in filed.grids["code"]]
    other = sorted(set(there) ^ set(codes))
    if other or list(codes) != there:
        raise InputError("coverage_map_other_plan", measured=other[0] if other else there[0])
    return shape_plan(filed)


def coverage_frame(
    filed: FiledPlan, territory: Territory, shapes: PlanShapes, page: str, language: str, title: str
) -> dict[str, Any]:
    """What both coverage pages hold: words, plan, grids in the order of the plan, communities, ground."""
    table = territory["communities"]
    names = dict(zip(table["code"].tolist(), table["name"].tolist()))
    return {
        "language": language,
        "title": title,
        "words": {one: coverage_page_words(one, page) for one in LANGUAGES},
        "style": drawing(),
        "origin": list(shapes.origin),
        "plan": {key: filed.meta.get(name, "") for key, name in _PLAN_FACTS},
        "grids": [
            {
                "code": clean(code),
                "name": clean(name),
                "community": clean(names.get(community) or community),
                "households": int(households),
                "status": "plain",
                "spot": spot,
                "room_m": round(float(room_m), 1),
                "rings": rings,
            }
            for code, name, community, households, spot, room_m, rings in zip(
                *(filed.grids[column] for column in ("code", "name", "community", "households")),
                shapes.spots,
                shapes.room_m,
                shapes.grid_rings,
                strict=True,
            )
        ],
        "communities": [
            {"name": clean(names.get(code)), "spot": shapes.community_spots.get(code, []), "rings": rings}
            for code, rings in shapes.community_rings.items()
        ],
        "ground": pack_ground(territory, shapes.origin),
    }


_PLAN_FACTS = (("id", "plan_id"), ("created_at", "created_at"), ("version", "version"))
