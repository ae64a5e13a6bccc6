"""Only real files of allowed formats are opened, known by content; archives are unpacked with care."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import Point, box

from gis.errors import InputError
from gis.readers.archive import ZipLimits, check_zip, unpacked
from gis.readers.guard import FileKind, identify
from gis.readers.sources import read_source
from gis.readers.vector import read_layers
from gis.report import QualityReport

VRT = """<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{source}</SrcDataSource>
<GeometryType>wkbNone</GeometryType></OGRVRTLayer></OGRVRTDataSource>"""


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        identify(path)
    return caught.value


@pytest.fixture
def points() -> gpd.GeoDataFrame:
    places = [Point(113 + k / 100, 23) for k in range(50)]
    return gpd.GeoDataFrame({"id": [f"b{k}" for k in range(50)], "households": range(50)}, geometry=places, crs=4326)


def write(table: gpd.GeoDataFrame, path: Path, **options: object) -> Path:
    table.to_file(path, **options)
    return path


def test_formats_are_known_by_content_and_not_by_name(tmp_path: Path, points: gpd.GeoDataFrame) -> None:
    gpkg = write(points, tmp_path / "a.gpkg")
    disguised = tmp_path / "a.geojson"
    shutil.copy(gpkg, disguised)
    assert identify(disguised) is FileKind.GEOPACKAGE
    assert identify(write(points, tmp_path / "b.geojson")) is FileKind.GEOJSON
    assert identify(write(points, tmp_path / "c.shp")) is FileKind.SHAPEFILE
    csv = tmp_path / "d.csv"
    csv.write_text("id,households\n1,2\n")
    assert identify(csv) is FileKind.CSV


@pytest.mark.parametrize("name", ["innocent.geojson", "innocent.gpkg", "innocent.csv", "innocent.shp"])
def test_a_virtual_dataset_in_disguise_is_refused(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    path = tmp_path / name
    path.write_text(VRT.format(source=secret))
    assert refused(path).code == "file_format_refused"
    assert refused(path).facts["looks_like"] == "vrt"


def test_a_gdal_pipeline_in_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "gdal_streamed_alg", "command_line": "gdal vector info secret.gpkg"}')
    assert refused(path).code == "file_format_refused"
    # Even one that also calls itself a collection.
    path.write_text('{"type": "FeatureCollection", "features": [], "command_line": "gdal vector info x"}')
    assert refused(path).code == "file_format_refused"


@pytest.mark.parametrize(
    "name", ["https://example.org/a.gpkg", "/vsicurl/https://example.org/a.gpkg", "GeoJSON:a.geojson", "WFS:http://x"]
)
def test_addresses_and_gdal_names_are_refused(name: str) -> None:
    assert refused(Path(name)).code in ("file_is_not_local", "file_not_found")


def test_a_url_inside_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("https://example.org/a.geojson")
    assert refused(path).code == "file_format_refused"


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.csv", "a.xlsx", "a.zip", "a.osm.pbf"])
def test_files_of_no_bytes_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert refused(tmp_path / name).code == "file_empty"


def test_folders_and_absent_files_are_named(tmp_path: Path) -> None:
    assert refused(tmp_path).code == "file_not_regular"
    assert refused(tmp_path / "absent.gpkg").code == "file_not_found"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 ...", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", b"hello", b"\x00\x01\x02\x03" * 50]
)
def test_other_things_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    assert refused(path).code == "file_format_refused"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_cut_off_files_are_named(tmp_path: Path, points: gpd.GeoDataFrame, share: float) -> None:
    for name in ("a.gpkg", "a.geojson", "a.shp"):
        path = write(points, tmp_path / name)
        raw = path.read_bytes()
        path.write_bytes(raw[: int(share * len(raw))])
        with pytest.raises(InputError) as caught:
            read_layers(path, identify(path), QualityReport())
        assert caught.value.code in ("file_truncated", "file_ends_early", "file_damaged"), name


def test_a_shapefile_with_a_cut_table_or_a_missing_part_is_named(tmp_path: Path, points: gpd.GeoDataFrame) -> None:
    path = write(points, tmp_path / "a.shp")
    table = tmp_path / "a.dbf"
    table.write_bytes(table.read_bytes()[:-200])
    assert refused(path).code == "file_truncated"
    table.unlink()
    assert refused(path).code == "shapefile_part_missing"


def test_a_geopackage_that_reads_another_file_is_refused(tmp_path: Path, points: gpd.GeoDataFrame) -> None:
    path = write(points, tmp_path / "a.gpkg")
    with sqlite3.connect(path) as store:
        # The module need not exist here: the statement alone is what GDAL would act on.
        store.execute("pragma writable_schema = on")
        sql = "CREATE VIRTUAL TABLE x USING VirtualOGR('/etc/passwd')"
        store.execute("insert into sqlite_master values ('table', 'x', 'x', 0, ?)", (sql,))
    store.close()
    assert refused(path).code == "geopackage_virtual_table"


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as store:
        store.execute("create table t (a)")
    store.close()
    assert refused(path).code == "file_format_refused"


def make_zip(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../x.csv", "a/../../x.csv", "/etc/x.csv", "C:/x.csv", "a\\..\\x.csv"])
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "a.zip", (name, b"id\n1\n"))
    with pytest.raises(InputError) as caught:
        check_zip(path)
    assert caught.value.code == "zip_name_refused"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_with_nul_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", ("aXb.csv", b"id\n1\n"))
    path.write_bytes(path.read_bytes().replace(b"aXb.csv", b"a\0b.csv"))
    with pytest.raises(InputError) as caught:
        check_zip(path)
    assert caught.value.code == "zip_name_refused"


def test_links_and_archives_inside_archives_are_refused_together(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.zip", b"PK")
    with pytest.raises(InputError) as caught:
        check_zip(path)
    assert [f.code for f in caught.value.faults] == ["zip_link_refused", "zip_nested"]


def test_bombs_are_stopped_while_unpacking(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", ("a.csv", b"0" * 30_000_000))
    with pytest.raises(InputError) as caught, unpacked(path):
        pass
    assert caught.value.code == "zip_ratio"
    with pytest.raises(InputError) as caught, unpacked(path, ZipLimits(bytes=1_000_000)):
        pass
    assert caught.value.code == "zip_too_large"
    many = make_zip(tmp_path / "b.zip", *((f"{k}.csv", b"1") for k in range(30)))
    with pytest.raises(InputError) as caught:
        check_zip(many, ZipLimits(members=20))
    assert caught.value.code == "zip_too_many_members"


def test_a_size_that_the_archive_lies_about_does_not_help(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", ("a.csv", b"0" * 3_000_000))
    raw = path.read_bytes()
    at = raw.rfind(b"PK\x01\x02") + 24  # size in the central directory
    path.write_bytes(raw[:at] + (10).to_bytes(4, "little") + raw[at + 4 :])
    with pytest.raises(InputError) as caught, unpacked(path, ZipLimits(bytes=1_000_000)):
        pass
    assert caught.value.code in ("zip_too_large", "file_damaged")


def test_a_zip_without_data_and_a_cut_zip_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_source(make_zip(tmp_path / "a.zip", ("readme.md", b"hello")))
    assert caught.value.code == "zip_without_data"
    path = make_zip(tmp_path / "b.zip", ("a.csv", b"id,households\n1,2\n"))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert caught.value.code == "file_damaged"


def test_a_zipped_shapefile_is_read_and_nothing_is_left_behind(tmp_path: Path, points: gpd.GeoDataFrame) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write(points, folder / "楼栋.shp", encoding="UTF-8")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, f"data/{part.name}")
    layers = read_source(path)
    assert len(layers["buildings"]) == 50
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "in"]


def test_a_virtual_dataset_inside_a_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", ("a.geojson", VRT.format(source="/etc/passwd").encode()))
    with pytest.raises(InputError) as caught:
        read_source(path)
    assert (caught.value.code, caught.value.facts["file"]) == ("file_format_refused", "a.geojson")


def test_geojson_with_a_late_type_is_still_geojson(tmp_path: Path) -> None:
    feature = {"geometry": json.loads(gpd.GeoSeries([box(0, 0, 1, 1)]).to_json())["features"][0]["geometry"]}
    late = {
        "name": "x" * 5000,
        "features": [{"properties": {}, **feature, "type": "Feature"}],
        "type": "FeatureCollection",
    }
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(late))
    assert identify(path) is FileKind.GEOJSON
