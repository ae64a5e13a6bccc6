"""Drawn territories with doors and posts, for tests of response times: metres from a corner of the land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis.report import QualityReport
from gis.streets.network import Mode
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.reach.survey import survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import Band, ReachRule, ReachSettings
from tests.street_land import CRS, box, here, land

DAY = (Band("day"),)
EVERYBODY = ReachRule("5", 5.0)


def homes(*spots: tuple[float, float, int], size_m: float = 10.0) -> gpd.GeoDataFrame:
    """Square buildings: middle and households; called h0, h1 in their order."""
    half = size_m / 2
    rows = [{"id": f"h{k}", "households": n} for k, (_, _, n) in enumerate(spots)]
    shapes = [here(box(x - half, y - half, x + half, y + half)) for x, y, _ in spots]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS)


def posts(*spots: tuple[float, float], kind: str | Sequence[str] = "police", **columns: Sequence[int]) -> Any:
    """Posts called p0, p1 in their order, with columns of capacity counts."""
    kinds = [kind] * len(spots) if isinstance(kind, str) else list(kind)
    rows = {"id": [f"p{k}" for k in range(len(spots))], "kind": kinds} | {name: list(v) for name, v in columns.items()}
    return gpd.GeoDataFrame(rows, geometry=[here(shapely.Point(p)) for p in spots], crs=CRS)


def places(*spots: tuple[float, float, str]) -> gpd.GeoDataFrame:
    """Key places of some kinds, called k0, k1 in their order."""
    rows = [{"id": f"k{k}", "kind": kind, "name": f"place {k}"} for k, (_, _, kind) in enumerate(spots)]
    return gpd.GeoDataFrame(rows, geometry=[here(shapely.Point(x, y)) for x, y, _ in spots], crs=CRS)


def addresses(*rows: tuple[float, float, str, str]) -> gpd.GeoDataFrame:
    """Addresses: where, text, building id (may be empty)."""
    table = [{"id": f"a{k}", "text": text, "building_id": of or None} for k, (_, _, text, of) in enumerate(rows)]
    return gpd.GeoDataFrame(table, geometry=[here(shapely.Point(x, y)) for x, y, _, _ in rows], crs=CRS)


def town(streets: Sequence[Mapping[str, Any]], *, half_m: float = 3_000.0, **layers: Any) -> Territory:
    """A territory with streets and further layers (tables, or barriers as in `tests.street_land.land`)."""
    barriers = layers.pop("barriers", ())
    around = box(-half_m, -half_m, half_m, half_m)
    return land(streets, community=around, barriers=barriers).with_layers(**layers)


def grids(*cells: tuple[str, Any]) -> Land:
    """The grids of a plan, drawn; codes ascending."""
    shapes = np.array([here(shape) for _, shape in cells], dtype=object)
    codes = tuple(code for code, _ in cells)
    nothing = ("",) * len(cells)
    area = np.asarray(shapely.area(shapes), dtype=float)
    return Land(codes, nothing, nothing, codes, ("urban",) * len(cells), shapes, area, np.zeros(len(cells)))


def halves(half_m: float = 3_000.0) -> Land:
    """West and east of the middle."""
    return grids(("E", box(0, -half_m, half_m, half_m)), ("W", box(-half_m, -half_m, 0, half_m)))


def ask(
    territory: Territory,
    rules: Sequence[ReachRule] = (EVERYBODY,),
    bands: Sequence[Band] = DAY,
    *,
    of: Land | None = None,
    networks: Any = None,
    **settings: Any,
) -> tuple[ReachSurvey, QualityReport]:
    """A survey and its report."""
    report = QualityReport()
    wanted = ReachSettings(rules=tuple(rules), bands=tuple(bands), **settings)
    return survey_reach(territory, of or halves(), wanted, report=report, networks=networks), report


def rule(name: str = "r", minutes: float = 5.0, **facts: Any) -> ReachRule:
    """A promise to everybody by car unless said otherwise."""
    facts = {key: frozenset(value) if key in ("posts", "places") else value for key, value in facts.items()}
    return ReachRule(name, minutes, **({"mode": Mode.CAR} | facts))
