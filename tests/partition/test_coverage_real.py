"""Cameras of real maps: every one counted, none with a stated heading believed to have one, figures that hold."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.readers.osm import read_osm
from gis.report import QualityReport
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.cameras.types import Land
from partition.coverage.settings import CameraSettings

FILES = {"helsinki": "osm-helsinki/helsinki-centre.osm.pbf", "monaco": "osm-monaco/monaco-2023.osm.pbf"}
CAMERAS = {"helsinki": 221, "monaco": 13}  # of the 14 on the map of Monaco one stands across the border


@pytest.fixture(scope="module", params=FILES)
def place(request: pytest.FixtureRequest) -> tuple[str, Territory, Land]:
    layers = read_osm(request.getfixturevalue("shared_data") / Path(FILES[request.param]))
    if "communities" not in layers or layers["communities"].empty:
        around = shapely.box(*layers["streets"].total_bounds)
        row = {"code": ["C"], "name": ["C"], "kind": ["urban"]}
        layers["communities"] = gpd.GeoDataFrame(row, geometry=[around], crs=layers["streets"].crs)
    town = Territory.of({name: table for name, table in layers.items() if len(table)})
    whole = np.array([shapely.union_all(shapely.make_valid(np.asarray(town["communities"].geometry.array)))], object)
    land = Land(("G",), ("C",), ("",), ("",), ("urban",), whole, shapely.area(whole), np.zeros(1))
    return request.param, town, land


def test_every_camera_on_the_map_is_a_position_and_finer_levels_see_less(place: tuple[str, Territory, Land]) -> None:
    name, town, land = place
    report = QualityReport()
    survey = survey_cameras(town, land, CameraSettings(), report=report, with_polygons=True)
    row = survey.rows[-1]
    assert len(town["cameras"]) == CAMERAS[name]
    outside = [remark for remark in report.remarks if remark.code == "warn_sight_outside"]
    assert row.positions == CAMERAS[name] - len(outside) == len(survey.cameras)
    stated = town["cameras"]["heading_deg"].notna().to_numpy()[survey.cameras.row]
    assert (survey.cameras.hfov_deg[~stated] == 360.0).all()
    assert survey.cameras.is_assumed.all()  # nobody writes lenses into a map
    seen = list(row.seen_m.values())
    assert row.street_m > seen[0] > seen[1] > seen[2] > seen[3] > 0
    blind = sum(stretch.length_m for stretch in survey.blind)
    assert blind == pytest.approx(row.street_m - row.seen_m["recognise"], rel=1e-6)
    # What a camera sees at the level asked for lies in its polygon.
    start, point = survey.sights.start, survey.sights.point
    fine = survey.sights.px_per_m >= np.float32(survey.settings.px_per_m)
    for k in range(len(survey.cameras)):
        mine = point[start[k] : start[k + 1]][fine[start[k] : start[k + 1]]]
        off = shapely.distance(shapely.points(survey.samples.x[mine], survey.samples.y[mine]), survey.polygon[k])
        assert (off > 0.5).sum() <= 0.01 * len(mine), survey.cameras.ids[k]


@pytest.mark.parametrize("place", ["helsinki"], indirect=True)
def test_density_of_a_real_centre_says_little_about_what_is_seen(place: tuple[str, Territory, Land]) -> None:
    _, town, land = place
    row = survey_cameras(town, land, CameraSettings()).rows[-1]
    assert row.density_per_km2 is not None
    assert row.density_per_km2 > 1.5 * row.target_per_km2
    assert row.missing == 0
    assert 0.05 < row.seen_m["recognise"] / row.street_m < 0.15
