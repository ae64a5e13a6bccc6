from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from data.files.atomic import whole_file
from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import report_table, write_territory
from gis.errors import Conflict, InputError, StorageError
from gis.report import QualityReport
from gis.territory import Territory
from partition.filed import FiledPlan

ROOT = Path(__file__).resolve().parents[2]
CRS = "EPSG:4547"


def small_territory(crs: str = CRS) -> Territory:
    communities = gpd.GeoDataFrame(
        {"code": ["990101001002", "990101001001"], "name": ["乙社区", "甲社区"], "kind": "urban", "town": ["", None]},
        geometry=[shapely.box(500100, 3000000, 500200, 3000100), shapely.box(500000, 3000000, 500100, 3000100)],
        crs=CRS,
    )
    buildings = gpd.GeoDataFrame(
        {"id": ["b2", "b1"], "households": [3, 4], "levels": pd.array([None, 6], dtype="Int64"), "use": ["", "住宅"]},
        geometry=[shapely.box(500110, 3000010, 500120, 3000020), shapely.box(500010, 3000010, 500020, 3000020)],
        crs=CRS,
    )
    layers = {"communities": communities.to_crs(crs), "buildings": buildings.to_crs(crs)}
    return Territory.of(layers, meta={"created_at": "2026-01-31", "source": "test"})


def small_plan(seconds: float = float("nan")) -> FiledPlan:
    square = shapely.box(0, 0, 100, 100)
    two = shapely.MultiPolygon([shapely.box(100, 0, 200, 100), shapely.box(300, 0, 400, 100)])
    grids = gpd.GeoDataFrame(
        {
            "code": ["990101001001001", "990101001001002"],
            "name": ["甲一", "甲二"],
            "community": "990101001001",
            "kind": ["standard", "dedicated"],
            "households": [400, 120],
            "population": [1000, 300],
            "buildings": [1, 1],
            "area_m2": [10000.0, 20000.0],
            "within_band": [True, False],
            "reason": [None, "estate"],
            "parent": [None, None],
        },
        geometry=[square, two],
        crs=CRS,
    )
    members = pd.DataFrame({"kind": "building", "id": ["b1", "b2"], "grid": grids["code"]})
    communities = pd.DataFrame(
        {
            "code": ["990101001001"],
            "households": [520],
            "grids": [2],
            "feasible": ["yes"],
            "reason": [None],
            "proof": ["arithmetic"],
            "objective": [12.5],
            "bound": [np.nan],
            "gap_frac": [np.nan],
            "seconds": [seconds],
        }
    )
    violations = pd.DataFrame(columns=["code", "grid", "community", "detail_zh", "detail_en"], dtype="str")
    meta = {"rules": 'preset = "qu-county"\n', "seed": "0", "created_at": "2026-01-31T08:00:00Z", "plan_id": "p1"}
    return FiledPlan(grids, members, communities, violations, meta)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_territory_file_holds_the_layers_that_have_rows_and_the_meta_table(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    write_territory(small_territory(), path)
    assert [name for name, _ in pyogrio.list_layers(path)] == ["communities", "buildings", "meta"]
    buildings = pyogrio.read_dataframe(path, layer="buildings")
    assert buildings["id"].tolist() == ["b1", "b2"]
    assert buildings["households"].tolist() == [4, 3]
    assert buildings["use"].isna().tolist() == [False, True], "empty text is NULL"
    meta = pyogrio.read_dataframe(path, layer="meta")
    assert dict(zip(meta["key"], meta["value"])) == {"created_at": "2026-01-31", "source": "test"}


def test_a_territory_written_and_read_plainly_has_the_same_content_hash(tmp_path: Path) -> None:
    path, territory = tmp_path / "t.gpkg", small_territory()
    plain = {name: territory[name].replace("", None) for name in ("communities", "buildings")}
    territory = territory.with_layers(**plain)
    write_territory(territory, path)
    layers = {name: pyogrio.read_dataframe(path, layer=name) for name in ("communities", "buildings")}
    assert Territory.of(layers).content_hash() == territory.content_hash()


def test_a_territory_goes_back_in_the_crs_of_its_data(tmp_path: Path) -> None:
    path = tmp_path / "t.gpkg"
    write_territory(small_territory("EPSG:4490"), path)
    read = pyogrio.read_dataframe(path, layer="communities")
    assert read.crs.to_epsg() == 4490
    assert 113 < read.total_bounds[0] < 115


def test_further_tables_are_written_and_may_not_take_a_layers_name(tmp_path: Path) -> None:
    report = QualityReport()
    report.add("repair_ring", "buildings", "b1", 10.0, 10.1, note="x")
    write_territory(small_territory(), tmp_path / "t.gpkg", {"report": report_table(report)})
    read = pyogrio.read_dataframe(tmp_path / "t.gpkg", layer="report")
    assert read.loc[0].to_dict() == {
        "code": "repair_ring",
        "layer": "buildings",
        "id": "b1",
        "before": "10.0",
        "after": "10.1",
        "facts": "note=x",
    }
    with pytest.raises(Conflict, match="table_name_taken"):
        write_territory(small_territory(), tmp_path / "u.gpkg", {"buildings": report_table(report)})
    assert not (tmp_path / "u.gpkg").exists()


def test_polygons_and_multipolygons_together_become_one_multipolygon_layer(tmp_path: Path) -> None:
    territory = small_territory()
    communities = territory["communities"].copy()
    far = shapely.box(500300, 3000000, 500400, 3000100)
    communities.loc[0, "geometry"] = shapely.MultiPolygon([communities.geometry[0], far])
    write_territory(territory.with_layers(communities=communities), tmp_path / "t.gpkg")
    assert dict(pyogrio.list_layers(tmp_path / "t.gpkg"))["communities"] == "MultiPolygon"


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    plan = small_plan()
    write_plan(plan, tmp_path / "p.gpkg")
    read = read_plan(tmp_path / "p.gpkg")
    assert dict(read.meta) == dict(plan.meta)
    assert read.grids.crs == plan.grids.crs
    assert (read.grids.geometry == plan.grids.geometry).all()
    assert read.grids["reason"].tolist() == [None, "estate"]
    assert read.grids["within_band"].tolist() == [True, False]
    columns = ["code", "name", "community", "kind", "households", "population", "buildings", "area_m2"]
    assert read.grids[columns].to_dict("list") == plan.grids[columns].to_dict("list")
    assert read.members.to_dict("list") == plan.members.to_dict("list")
    assert read.communities["reason"].tolist() == [None]
    assert read.communities["objective"].tolist() == [12.5]
    assert read.communities["bound"].isna().all()
    assert read.violations.empty


def test_measured_seconds_never_reach_a_plan_file(tmp_path: Path) -> None:
    write_plan(small_plan(1.5), tmp_path / "a.gpkg")
    write_plan(small_plan(), tmp_path / "b.gpkg")
    assert read_plan(tmp_path / "a.gpkg").communities["seconds"].isna().all()
    assert sha(tmp_path / "a.gpkg") == sha(tmp_path / "b.gpkg")


def test_same_content_gives_the_same_bytes_a_second_later_and_in_another_process(tmp_path: Path) -> None:
    write_plan(small_plan(), tmp_path / "a.gpkg")
    write_territory(small_territory(), tmp_path / "ta.gpkg")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import runpy\n"
        "kit = runpy.run_path(sys.argv[2]); out = Path(sys.argv[3])\n"
        "from data.files.plan_file import write_plan; from data.files.territory_file import write_territory\n"
        "write_plan(kit['small_plan'](), out / 'b.gpkg'); write_territory(kit['small_territory'](), out / 'tb.gpkg')\n"
    )
    time.sleep(1.1)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code, ROOT, __file__, tmp_path], check=True, env=environment, timeout=600)
    assert sha(tmp_path / "a.gpkg") == sha(tmp_path / "b.gpkg")
    assert sha(tmp_path / "ta.gpkg") == sha(tmp_path / "tb.gpkg")


def test_writing_into_a_folder_or_a_missing_folder_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="path_is_folder"):
        write_plan(small_plan(), tmp_path)
    with pytest.raises(StorageError, match="folder_missing"):
        write_plan(small_plan(), tmp_path / "none" / "p.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_text("old")

    def fail_half_way() -> None:
        with whole_file(path) as place:
            place.write_text("ne")
            raise OSError(13, "Permission denied")

    with pytest.raises(StorageError, match="file_not_writable") as caught:
        fail_half_way()
    assert caught.value.facts["measured"] == "Permission denied"
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["p.txt"]


def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    # A limit on file size makes SQLite meet the same error as a full disk.
    path = tmp_path / "p.gpkg"
    write_plan(small_plan(), path)
    before = sha(path)
    code = (
        "import resource, signal, sys, runpy; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "kit = runpy.run_path(sys.argv[2])\n"
        "from data.files.plan_file import write_plan; from gis.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000))\n"
        "try: write_plan(kit['small_plan'](), Path(sys.argv[3]))\n"
        "except StorageError as error: print(error.code)\n"
    )
    command = [sys.executable, "-c", code, ROOT, __file__, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.stdout.strip() in ("disk_full", "file_not_writable"), done.stderr
    assert sha(path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["p.gpkg"]


def faults(path: Path) -> list[tuple[str, object, object]]:
    with pytest.raises(InputError) as caught:
        read_plan(path)
    return [(fault.code, fault.facts.get("layer"), fault.facts.get("column")) for fault in caught.value.faults]


def test_what_is_not_a_plan_is_refused_with_its_faults(tmp_path: Path) -> None:
    assert faults(tmp_path / "none.gpkg") == [("file_not_found", None, None)]
    (tmp_path / "empty.gpkg").write_bytes(b"")
    assert faults(tmp_path / "empty.gpkg") == [("file_empty", None, None)]
    (tmp_path / "text.gpkg").write_text("<OGRVRTDataSource/>")
    assert faults(tmp_path / "text.gpkg") == [("file_format_refused", None, None)]
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert faults(tmp_path / "a.geojson") == [("plan_not_geopackage", None, None)]
    write_plan(small_plan(), tmp_path / "p.gpkg")
    (tmp_path / "cut.gpkg").write_bytes((tmp_path / "p.gpkg").read_bytes()[:5000])
    assert faults(tmp_path / "cut.gpkg")[0][0] == "file_truncated"
    write_territory(small_territory(), tmp_path / "t.gpkg")
    assert faults(tmp_path / "t.gpkg") == [("territory_in_place_of_plan", None, None)]
    partial = pyogrio.read_dataframe(tmp_path / "p.gpkg", layer="grids")
    pyogrio.write_dataframe(partial.drop(columns="reason"), tmp_path / "part.gpkg", layer="grids", driver="GPKG")
    pyogrio.write_dataframe(
        pyogrio.read_dataframe(tmp_path / "p.gpkg", layer="members"), tmp_path / "part.gpkg", layer="members"
    )
    found = faults(tmp_path / "part.gpkg")
    assert ("plan_layer_missing", "communities", None) in found
    assert ("plan_column_missing", "grids", "reason") in found


def test_a_plan_with_wrong_values_is_refused_with_the_row(tmp_path: Path) -> None:
    path = tmp_path / "p.gpkg"
    write_plan(small_plan(), path)
    grids = pyogrio.read_dataframe(path, layer="grids")
    grids["households"] = ["400", "many"]
    grids["code"] = ["990101001001001", None]
    pyogrio.write_dataframe(grids, path, layer="grids", driver="GPKG", layer_options={"OVERWRITE": "YES"})
    with pytest.raises(InputError) as caught:
        read_plan(path)
    told = {fault.facts["column"]: fault.facts for fault in caught.value.faults}
    assert told["households"]["row"] == 2
    assert told["households"]["measured"] == "many"
    assert told["code"]["row"] == 2
