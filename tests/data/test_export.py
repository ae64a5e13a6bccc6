"""The data of a plan in four formats, read back with GDAL."""

from __future__ import annotations

import csv
import hashlib
import json
import struct
import xml.etree.ElementTree as Xml
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from pandas.testing import assert_frame_equal

from data.export import Exported, export_plan
from data.export.degrees import to_degrees
from data.export.fields import FIELDS, short_names
from data.files.plan_file import read_plan
from gis.errors import InputError, StorageError
from gis.report import QualityReport
from partition.filed import COMMUNITY_COLUMNS, CROSSWALK_COLUMNS, GRID_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS
from tests.data.filed_town import NAMES, filed_town

LAYERS = ("grids", "communities")


def read(path: Path, **options) -> pd.DataFrame:
    return pyogrio.read_dataframe(path, **options)


def sums(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def codes(report: QualityReport) -> set[str]:
    return {remark.code for remark in report.remarks}


@pytest.fixture(scope="module", params=["utf-8", "gbk"])
def export(request, tmp_path_factory) -> tuple[Path, Exported, str]:
    folder = tmp_path_factory.mktemp("export") / "data"
    return folder, export_plan(*filed_town(), folder, encoding=request.param), request.param


def test_the_folder_holds_exactly_the_files_that_are_listed(export) -> None:
    folder, exported, _ = export
    assert tuple(sums(folder)) == exported.files
    shapes = [f"shapefile/{layer}.{ending}" for layer in LAYERS for ending in ("cpg", "dbf", "prj", "shp", "shx")]
    tables = [f"shapefile/{t}.{e}" for t in ("members", "violations", "crosswalk") for e in ("cpg", "dbf")]
    collections = [f"geojson/{layer}.geojson" for layer in LAYERS]
    wanted = {"plan.gpkg", "plan.kml", "shapefile/fields.csv", *shapes, *tables, *collections}
    assert set(exported.files) == wanted


def test_the_geopackage_is_the_plan_itself(export) -> None:
    folder, _, _ = export
    filed, _ = filed_town()
    again = read_plan(folder / "plan.gpkg")
    assert_frame_equal(
        pd.DataFrame(again.grids.drop(columns="geometry")),
        pd.DataFrame(filed.grids.drop(columns="geometry")),
        check_dtype=False,
    )
    assert shapely.equals_exact(again.grids.geometry.array, filed.grids.geometry.array, 0).all()
    assert again.meta == dict(filed.meta)
    assert again.crosswalk is not None
    assert_frame_equal(again.crosswalk, filed.crosswalk, check_dtype=False)
    outlines = read(folder / "plan.gpkg", layer="communities")
    assert outlines["name"].tolist() == list(NAMES)
    assert outlines.geometry.area.sum() == pytest.approx(filed.grids.geometry.area.sum())


@pytest.mark.parametrize("layer", LAYERS)
def test_every_format_has_every_row_with_its_name_character_by_character(export, layer) -> None:
    folder, _, _ = export
    want = read(folder / "plan.gpkg", layer=layer)
    for path, options in (
        (folder / "shapefile" / f"{layer}.shp", {}),
        (folder / "geojson" / f"{layer}.geojson", {}),
        (folder / "plan.kml", {"layer": layer}),
    ):
        got = read(path, **options)
        assert len(got) == len(want), path
        assert got["code"].tolist() == want["code"].tolist(), path
        column = "Name" if path.suffix == ".kml" else "name"
        for one, other in zip(got[column], want["name"], strict=True):
            assert list(one) == list(other), path
        assert got["households"].tolist() == want["households"].tolist(), path
        assert (got["plan"] == "p1").all(), path


def test_codes_and_ids_with_leading_zeros_are_text_in_every_format(export) -> None:
    folder, _, _ = export
    members = read(folder / "shapefile" / "members.dbf", read_geometry=False)
    assert members["id"].tolist() == [f"00{i:04d}" for i in range(60)]
    for path, layer in (("shapefile/grids.shp", "grids"), ("geojson/grids.geojson", "grids"), ("plan.kml", "grids")):
        info = pyogrio.read_info(folder / path, layer=layer)
        types = dict(zip(info["fields"], info["dtypes"], strict=True))
        assert types["code"] == types["community"] == "object", path
    feature = json.loads((folder / "geojson/grids.geojson").read_text(encoding="utf-8"))["features"][0]
    assert feature["id"] == feature["properties"]["code"] == "330402015006001"


def test_the_code_page_file_says_the_encoding_and_the_bytes_are_in_it(export) -> None:
    folder, _, encoding = export
    for table in ("grids", "communities", "members", "violations", "crosswalk"):
        assert (folder / "shapefile" / f"{table}.cpg").read_bytes() == encoding.upper().encode()
    content = (folder / "shapefile" / "communities.dbf").read_bytes()
    assert NAMES[1].encode(encoding) in content
    assert NAMES[1].encode("gbk" if encoding == "utf-8" else "utf-8") not in content
    assert content[29] == {"gbk": 0x4D, "utf-8": 0}[encoding]
    assert (content[1] + 1900, content[2], content[3]) == (2026, 1, 31)


def test_numbers_truth_and_what_is_missing_come_back_from_dbase(export) -> None:
    folder, _, _ = export
    filed, _ = filed_town()
    grids = read(folder / "shapefile" / "grids.shp")
    assert grids["in_band"].astype(bool).tolist() == filed.grids["within_band"].tolist()
    assert grids["area_m2"].tolist() == filed.grids["area_m2"].tolist()
    assert grids["parent"].isna().tolist() == filed.grids["parent"].isna().tolist()
    communities = read(folder / "shapefile" / "communities.shp")
    assert communities["bound"].isna().tolist() == [False, True]
    assert communities["objective"].tolist() == [12.5, 3.25]
    crosswalk = read(folder / "shapefile" / "crosswalk.dbf", read_geometry=False)
    assert (crosswalk.groupby("new")["share_new"].sum() == 1).all()


@pytest.mark.parametrize("form", ["auto", "degrees", "zone", "zone_prefixed"])
def test_shapefiles_are_in_cgcs2000(form, tmp_path) -> None:
    exported = export_plan(*filed_town(crs="EPSG:4326"), tmp_path / "data", cgcs2000=form)
    shapes = read(tmp_path / "data" / "shapefile" / "grids.shp")
    epsg = {"auto": 4490, "degrees": 4490, "zone": 4549, "zone_prefixed": 4528}[form]
    assert shapes.crs.to_epsg() == epsg
    assert exported.crs["Shapefile"] == f"EPSG:{epsg}"
    x0, y0 = shapes.total_bounds[:2]
    offset = {4490: (120.2, 30.7), 4549: (520_000, 3_400_000), 4528: (40_520_000, 3_400_000)}[epsg]
    assert (x0, y0) == pytest.approx(offset, rel=1e-3)
    filed, _ = filed_town(crs="EPSG:4326")
    back, want = shapes.to_crs("EPSG:4549"), filed.grids.to_crs("EPSG:4549")
    assert max(a.hausdorff_distance(b) for a, b in zip(back.geometry, want.geometry)) < 0.001


def test_a_plan_in_cgcs2000_keeps_its_coordinates_to_the_last_bit(export) -> None:
    folder, exported, _ = export
    assert exported.crs["Shapefile"] == "EPSG:4549"
    shapes, (filed, _) = read(folder / "shapefile" / "grids.shp"), filed_town()
    same = shapely.equals_exact(shapely.normalize(shapes.geometry.array), shapely.normalize(filed.grids.geometry.array))
    assert same.all()
    assert shapely.coverage_is_valid(shapes.geometry.array)


@pytest.mark.parametrize("path", ["geojson/grids.geojson", "plan.kml"])
def test_degrees_stay_a_coverage_within_a_centimetre_of_the_plan(export, path) -> None:
    folder, exported, _ = export
    filed, _ = filed_town()
    shapes = read(folder / path, layer="grids")
    assert shapes.crs.to_epsg() == 4326
    assert shapely.is_valid(shapes.geometry.array).all()
    assert shapely.coverage_is_valid(shapes.geometry.array)
    back = shapes.to_crs("EPSG:4549").geometry
    assert max(a.hausdorff_distance(b) for a, b in zip(back, filed.grids.geometry)) < 0.01
    remark = next(r for r in exported.report.remarks if r.code == "note_export_rounded" and r.layer == "grids")
    assert (remark.before, remark.after, remark.facts["n"]) == (0, 0, 0)
    assert 0.003 < remark.facts["measured"] < 0.008


def test_geojson_is_wound_as_rfc_7946_asks_and_has_seven_decimals(export) -> None:
    folder, _, _ = export
    content = json.loads((folder / "geojson/grids.geojson").read_text(encoding="utf-8"))
    assert content["plan"] == "p1"
    assert "crs" not in content
    n_holes = n_parts = 0
    for feature in content["features"]:
        kind, coordinates = feature["geometry"]["type"], feature["geometry"]["coordinates"]
        polygons = [coordinates] if kind == "Polygon" else coordinates
        n_parts += len(polygons) > 1
        for shell, *holes in polygons:
            assert shapely.LinearRing(shell).is_ccw
            assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)
            n_holes += len(holes)
            assert all(round(v, 7) == v for position in shell for v in position)
    assert (n_parts, n_holes) == (1, 1)


def test_kml_is_well_formed_and_its_text_is_escaped(tmp_path) -> None:
    filed, land = filed_town()
    filed.grids.loc[0, "name"] = '<b>&"七"</b>\x0b]]>'
    export_plan(filed, land, tmp_path / "data")
    root = Xml.parse(tmp_path / "data/plan.kml").getroot()
    name = root.find(".//{*}Placemark/{*}name")
    assert name is not None
    assert name.text == '<b>&"七"</b> ]]>'
    assert read(tmp_path / "data/plan.kml", layer="grids")["Name"][0] == '<b>&"七"</b> ]]>'


def test_the_same_plan_gives_the_same_bytes(export, tmp_path) -> None:
    folder, _, encoding = export
    export_plan(*filed_town(), tmp_path / "again", encoding=encoding)
    assert sums(tmp_path / "again") == sums(folder)


@pytest.mark.parametrize(("encoding", "kept"), [("utf-8", 84), ("gbk", 127)])
def test_a_text_too_long_for_dbase_is_cut_between_characters_and_reported(encoding, kept, tmp_path) -> None:
    exported = export_plan(*filed_town(name_length=200), tmp_path / "data", encoding=encoding)
    assert read(tmp_path / "data/shapefile/grids.shp")["name"][4] == "长" * kept
    assert read(tmp_path / "data/geojson/grids.geojson")["name"][4] == "长" * 200
    (remark,) = (r for r in exported.report.remarks if r.code == "note_export_text_cut")
    assert (remark.layer, remark.id, remark.after) == ("grids", "330402015006005", "长" * kept)
    assert remark.facts == {"column": "name", "measured": 200 * (3 if encoding == "utf-8" else 2), "allowed": 254}


def test_characters_that_gbk_lacks_are_marked_and_reported_and_kept_elsewhere(tmp_path) -> None:
    exported = export_plan(*filed_town(rare=True), tmp_path / "gbk", encoding="gbk")
    assert read(tmp_path / "gbk/shapefile/grids.shp")["name"][3] == "〓祥〓里"
    assert read(tmp_path / "gbk/plan.gpkg", layer="grids")["name"][3] == "𠮷祥㙍里"
    (remark,) = (r for r in exported.report.remarks if r.code == "note_export_character_missing")
    assert (remark.id, remark.before, remark.after) == ("330402015006004", "𠮷祥㙍里", "〓祥〓里")
    exported = export_plan(*filed_town(rare=True), tmp_path / "utf", encoding="utf-8")
    assert read(tmp_path / "utf/shapefile/grids.shp")["name"][3] == "𠮷祥㙍里"
    assert "note_export_character_missing" not in codes(exported.report)


def test_field_names_have_ten_characters_and_the_table_says_what_they_are(export) -> None:
    folder, _, _ = export
    rows = list(csv.DictReader((folder / "shapefile/fields.csv").read_text(encoding="utf-8-sig").splitlines()))
    by_layer = {layer: [row["field"] for row in rows if row["layer"] == layer] for layer in {r["layer"] for r in rows}}
    assert all(row["含义"] and row["meaning"] for row in rows)
    for layer, fields in by_layer.items():
        path = folder / "shapefile" / (f"{layer}.shp" if layer in LAYERS else f"{layer}.dbf")
        assert pyogrio.read_info(path)["fields"].tolist() == fields
        assert all(len(field) <= 10 for field in fields)
        content = path.with_suffix(".dbf").read_bytes()
        widths = [content[32 + 32 * i + 16] for i in range(len(fields))]
        assert widths == [int(row["bytes"]) for row in rows if row["layer"] == layer]
        (n_rows, start, length) = struct.unpack("<IHH", content[4:12])
        assert len(content) == start + n_rows * length + 1


def test_every_column_of_a_plan_file_has_a_short_name_and_a_meaning() -> None:
    columns = {*GRID_COLUMNS, *MEMBER_COLUMNS, *COMMUNITY_COLUMNS, *VIOLATION_COLUMNS, *CROSSWALK_COLUMNS} - {"seconds"}
    assert columns <= FIELDS.keys()
    assert len({meaning.short for meaning in FIELDS.values()}) == len(FIELDS)


def test_unknown_columns_get_short_names_of_their_own() -> None:
    names = short_names(["households_old", "households_new", "户数", "x"])
    assert list(names.values()) == ["households", "household2", "__", "x"]


def test_an_edge_shorter_than_a_step_is_mended_and_said() -> None:
    spike = shapely.Polygon([(0, 0), (2, 0), (2, 1), (1.00000001, 1), (1, 2), (0.99999999, 1), (0, 1)])
    table = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[spike, shapely.box(5, 5, 6, 6)], crs="EPSG:4326")
    report = QualityReport()
    mended = to_degrees(table, layer="grids", report=report)
    assert shapely.is_valid(mended.geometry.array).all()
    assert report.remarks[0].facts["n"] == 1
    assert np.allclose(shapely.area(mended.geometry.array), [2, 1], atol=1e-6)


def test_what_is_not_possible_is_refused_and_nothing_is_written(tmp_path) -> None:
    for options, code in (
        ({"encoding": "latin-1"}, "export_encoding_unknown"),
        ({"cgcs2000": "mars"}, "export_crs_unknown"),
    ):
        with pytest.raises(InputError, match=code):
            export_plan(*filed_town(), tmp_path / "data", **options)
    filed, land = filed_town()
    away = filed.grids.set_crs("EPSG:32620", allow_override=True)
    with pytest.raises(InputError, match="export_no_zone"):
        export_plan(
            type(filed)(away, filed.members, filed.communities, filed.violations, filed.meta),
            land,
            tmp_path / "data",
            cgcs2000="zone",
        )
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="folder_not_empty"):
        export_plan(filed, land, tmp_path / "full")
    assert {p.name for p in tmp_path.iterdir()} == {"full"}


def test_a_shapefile_shorter_than_it_says_is_not_taken_for_written(tmp_path, monkeypatch) -> None:
    write = pyogrio.write_dataframe

    def cut_short(frame, path, *args, **options) -> None:
        write(frame, path, *args, **options)
        if Path(path).suffix == ".shp":
            Path(path).write_bytes(Path(path).read_bytes()[:-100])

    monkeypatch.setattr(pyogrio, "write_dataframe", cut_short)
    with pytest.raises(StorageError, match="file_not_writable"):
        export_plan(*filed_town(), tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
