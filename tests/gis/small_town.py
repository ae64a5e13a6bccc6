"""A town of two communities, saved as a territory file: what the reader tests break in many ways."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import box

from gis.errors import Fault, InputError
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory

X0, Y0 = 500_000.0, 3_100_000.0
CRS_METRES = 4547


def place(*geometries: object) -> list[object]:
    """Shapes drawn around (0, 0), moved to where the metric CRS has its land."""
    return [shapely.transform(g, lambda xy: xy + np.array([X0, Y0])) for g in geometries]


def town() -> dict[str, gpd.GeoDataFrame]:
    """Two communities side by side, the left with two units, the right with three buildings."""
    communities = gpd.GeoDataFrame(
        {"code": ["c1", "c2"], "name": ["甲社区", "乙社区"], "kind": ["urban", "rural"]},
        geometry=place(box(0, 0, 400, 400), box(400, 0, 800, 400)),
        crs=CRS_METRES,
    )
    units = gpd.GeoDataFrame(
        {"id": ["u1", "u2"], "community": ["c1", "c1"], "households": [300, 0], "population": [800, 0]},
        geometry=place(box(0, 0, 400, 200), box(0, 200, 400, 400)),
        crs=CRS_METRES,
    )
    buildings = gpd.GeoDataFrame(
        {"id": ["b1", "b2", "b3"], "households": [10, 20, 0], "levels": [6, None, 1]},
        geometry=place(box(500, 50, 520, 70), box(600, 50, 620, 70), box(700, 50, 720, 70)),
        crs=CRS_METRES,
    )
    return {"communities": communities, "units": units, "buildings": buildings}


def save(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> Path:
    path = folder / "town.gpkg"
    for name, table in layers.items():
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=path.exists())
    return path


def read(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> tuple[Territory, QualityReport]:
    report = QualityReport()
    return read_territory(save(layers, folder), report), report


def faults(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read_territory(save(layers, folder))
    assert all(fault.facts["file"] == "town.gpkg" for fault in caught.value.faults)
    return list(caught.value.faults)


def the_fault(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> Fault:
    found = faults(layers, folder)
    assert len(found) == 1, list(map(str, found))
    return found[0]
