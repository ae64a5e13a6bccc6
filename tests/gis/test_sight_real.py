"""Real cameras on a real map, and a land with everything wrong: nothing crashes, every remark has its sentence."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.fill import fill
from gis.readers.osm import read_osm
from gis.report import QualityReport
from gis.sight import PROFILE_2015, Optics, Seen
from gis.sight.masks import masks
from gis.sight.poles import poses, stand_poles
from gis.sight.sampling import sample_land
from gis.sight.see import see
from gis.sight.stand import stand_cameras
from gis.sight.sweep import visible
from gis.sight.walls import Walls
from gis.territory import Territory
from tests.sight_kit import site, street

LOCALES = Path(__file__).resolve().parents[2] / "api" / "locales"
DETECT = PROFILE_2015.px_per_m("detect")


def look(land: Territory) -> tuple[dict[str, float], QualityReport, int]:
    """Street metres seen per level, the report, and how many cameras there are; checks what must always hold."""
    report = QualityReport()
    grids = np.asarray(land["communities"].geometry.array, dtype=object)
    hidden = Walls.of(land, report)
    found = stand_cameras(land, Optics(), report, walls=hidden)
    samples = sample_land(land, grids, report=report, walls=hidden)
    sights = see(found, samples, hidden, DETECT)
    seen = visible(found, hidden, found.range_m(DETECT))
    private = masks(seen, land)
    poles = stand_poles(land, grids, hidden, report=report)
    assert shapely.is_valid(seen).all()
    assert shapely.is_valid(private).all()
    assert (shapely.area(private) <= shapely.area(seen) + 1e-6).all()
    assert not hidden.is_inside(poles.x, poles.y).any()
    assert len(set(poles.ids)) == len(poles)
    assert len(poses(poles, Optics(), 12)) == 12 * len(poles)
    # A point seen lies in the polygon of the camera that sees it.
    camera = np.repeat(np.arange(len(found)), np.diff(sights.start))
    spots = shapely.points(samples.x[sights.point], samples.y[sights.point])
    assert (shapely.distance(seen[camera], spots) < 0.2).all()
    street_m = samples.metres * (samples.kind == Seen.STREET)
    levels = {level: float(street_m[sights.count(density) > 0].sum()) for level, density in PROFILE_2015.levels}
    return levels | {"all": float(street_m.sum())}, report, len(found)


@pytest.fixture(scope="module")
def helsinki(shared_data: Path) -> Territory:
    layers = read_osm(shared_data / "osm-helsinki" / "helsinki-centre.osm.pbf")
    box = shapely.box(*layers["buildings"].total_bounds)
    one = {"code": ["C"], "name": ["C"], "kind": ["urban"]}
    layers["communities"] = gpd.GeoDataFrame(one, geometry=[box], crs=layers["buildings"].crs)
    return Territory.of({name: table for name, table in layers.items() if len(table)})


def test_the_cameras_of_a_real_town_see_less_the_finer_the_picture(helsinki: Territory) -> None:
    seen, report, n = look(helsinki)
    assert n == 221
    assert n / (helsinki["communities"].area.sum() / 1e6) == pytest.approx(132, abs=1)
    assert seen["all"] > seen["detect"] > seen["observe"] > seen["recognise"] > seen["identify"] > 0
    assert 0.4 < seen["detect"] / seen["all"] < 0.6
    assert 0.05 < seen["recognise"] / seen["all"] < 0.15
    unknown = next(r for r in report.remarks if r.code == "note_sight_heading_unknown")
    assert unknown.before == 221
    assert unknown.facts["measured"] == 215  # the six others are domes


def worst_land() -> Territory:
    """Everything wrong at once."""
    bow = shapely.Polygon([(100, 100), (120, 120), (120, 100), (100, 120)])
    thin = shapely.Polygon([(0, 200), (10, 200), (5, 200)])
    wrong = [
        {"id": "a", "x": 0.0, "y": 5.0, "focal_mm": -1.0, "px_width": 3, "height_m": 0.0, "range_m": -1.0},
        {"id": "a", "x": 0.0, "y": 5.0},
        {"id": "b", "x": 900.0, "y": 0.0},
        {"id": "c", "x": 30.0, "y": 30.0, "hfov_deg": 400.0, "heading_deg": 1e6, "status": "quiet"},
        {"id": "d", "x": 58.0, "y": 30.0, "hfov_deg": 20.0, "focal_mm": 2.0, "sensor_mm": 5.0, "px_width": 1920},
        {"id": "e", "x": 60.0, "y": 30.0, "height_m": 40.0, "status": "离线", "kind": "球机"},
        {"id": "f", "x": np.nan, "y": 0.0},
        *({"id": f"z{k:03d}", "x": 0.0, "y": 2.0, "sensor_mm": 0.0} for k in range(60)),
    ]
    return site(
        streets=[street((0, 0), (300, 0)), street((-50, 30), (80, 30)), street((5, 5), (5, 5))],
        buildings=[shapely.box(0, 10, 60, 60), bow, thin, shapely.Point(5, 5), shapely.Polygon()],
        cameras=wrong,
        places=[("bank", 30, 50), ("gate", 0, 3)],
        estates=[("school", shapely.box(90, 90, 130, 130)), ("estate", bow)],
        barriers=[("water", shapely.box(200, -10, 250, 10))],
    )


def test_a_land_with_everything_wrong_is_looked_at_all_the_same() -> None:
    seen, report, n = look(worst_land())
    assert n == 1 + 3 + 60
    assert seen["detect"] > 0
    expected = "repair_sight_id_twice warn_sight_outside warn_sight_no_position repair_sight_value_impossible"
    expected += " warn_sight_deep_in_building repair_sight_in_building repair_sight_on_wall warn_sight_lens_contradicts"
    expected += " note_sight_status_unknown note_sight_high_points note_sight_heading_unknown note_sight_more_rows"
    expected += " note_sight_optics_assumed note_sight_height_assumed note_sight_tilt_assumed repair_sight_footprints"
    expected += " warn_sight_footprints_lost warn_sight_footprints_missing note_sight_places_in_buildings"
    expected += " note_sight_streets_under_buildings"
    assert {remark.code for remark in report.remarks} == set(expected.split())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_remark_fills_its_sentence(language: str) -> None:
    sentences = json.loads((LOCALES / language / "sight.json").read_text(encoding="utf-8"))
    for remark in look(worst_land())[1].remarks:
        facts = {"layer": remark.layer, "id": remark.id, "before": remark.before, "after": remark.after, **remark.facts}
        told = fill(sentences[remark.code], **facts)
        assert "None" not in told, told


def test_the_same_land_gives_the_same_answer() -> None:
    land = worst_land()
    (one, first, _), (two, second, _) = look(land), look(land)
    assert one == two
    assert first.to_json() == second.to_json()
