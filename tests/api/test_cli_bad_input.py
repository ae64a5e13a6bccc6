"""Every bad input through the command line: status 2, one line per fault, nothing written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely import Polygon, box
from shapely.affinity import translate
from shapely.geometry import LineString

from api.cli import main

CRS = 4549
X, Y = 500_000.0, 3_400_000.0
Layers = dict[str, gpd.GeoDataFrame]


def good_layers() -> Layers:
    """Two communities side by side, 40 buildings of 20 households, one street."""
    codes = ["330402015001", "330402015002"]
    shapes = [box(X, Y, X + 400, Y + 400), box(X + 400, Y, X + 800, Y + 400)]
    corners = [(X + 30 + 76 * i, Y + 30 + 88 * j) for i in range(10) for j in range(4)]
    return {
        "communities": gpd.GeoDataFrame(
            {"code": codes, "name": ["东社区", "西社区"], "kind": "urban"}, geometry=shapes, crs=CRS
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"b{i:02d}" for i in range(40)], "households": 20},
            geometry=[box(x, y, x + 20, y + 14) for x, y in corners],
            crs=CRS,
        ),
        "streets": gpd.GeoDataFrame(
            {"id": ["s1"], "name": ["中山路"], "class": ["residential"]},
            geometry=[LineString([(X, Y + 200), (X + 800, Y + 200)])],
            crs=CRS,
        ),
    }


def write(path: Path, layers: Mapping[str, pd.DataFrame]) -> Path:
    for name, table in layers.items():
        pyogrio.write_dataframe(table, path, layer=name)
    return path


def without_layer(layers: Layers) -> None:
    del layers["communities"]


def without_column(layers: Layers) -> None:
    layers["buildings"] = layers["buildings"].drop(columns="households")


def without_crs(layers: Layers) -> None:
    for name in layers:
        layers[name] = layers[name].set_crs(None, allow_override=True)


def with_duplicate_ids(layers: Layers) -> None:
    layers["buildings"].loc[[3, 4], "id"] = "b05"


def with_households(value: float) -> Callable[[Layers], None]:
    def change(layers: Layers) -> None:
        layers["buildings"]["households"] = layers["buildings"]["households"].astype(float)
        layers["buildings"].loc[7, "households"] = value

    return change


def with_bow_tie(layers: Layers) -> None:
    layers["communities"].loc[0, "geometry"] = Polygon([(X, Y), (X + 400, Y + 400), (X + 400, Y), (X, Y + 400)])


def with_overlap(layers: Layers) -> None:
    layers["communities"].loc[0, "geometry"] = box(X, Y, X + 450, Y + 400)


def with_buildings_outside(layers: Layers) -> None:
    layers["buildings"].loc[[1, 2], "geometry"] = [box(X + 900, Y, X + 910, Y + 9), box(X + 950, Y, X + 960, Y + 9)]


def with_swapped_axes(layers: Layers) -> None:
    for name in layers:
        layers[name] = layers[name].to_crs(4326)
    layers["buildings"]["geometry"] = layers["buildings"].geometry.map(
        lambda shape: Polygon([(y, x) for x, y in shape.exterior.coords])
    )


def with_shifted_layer(layers: Layers) -> None:
    layers["buildings"]["geometry"] = layers["buildings"].geometry.map(lambda shape: translate(shape, 485, 1108))


BAD_TERRITORIES = {
    "missing layer": (without_layer, 1, "communities"),
    "missing column": (without_column, 1, "households"),
    "no CRS": (without_crs, 1, "communities"),
    "duplicate ids": (with_duplicate_ids, 1, "b05"),
    "negative households": (with_households(-3), 1, "-3"),
    "NaN households": (with_households(np.nan), 1, "households"),
    "huge households": (with_households(9e9), 1, "b07"),
    "self-intersection": (with_bow_tie, 1, "communities"),
    "overlapping communities": (with_overlap, 1, "330402015002"),
    "buildings outside": (with_buildings_outside, 1, "b01"),
    "swapped axes": (with_swapped_axes, 1, "buildings"),
    "shifted layer": (with_shifted_layer, 1, "buildings"),
}


@pytest.fixture(autouse=True)
def english(monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_LANG", "en")


def refused(argv: list[str], folder: Path, capsys) -> tuple[str, list[dict]]:
    """Run, expect a refusal that writes nothing; the lines on stderr and the faults."""
    before = sorted(folder.rglob("*"))
    status = main([*argv, "--json"])
    out, err = capsys.readouterr()
    assert status == 2, err
    faults = json.loads(out)["error"]["faults"]
    assert err.count("\n") == len(faults) >= 1
    assert all(fault["message"] and not fault["message"].startswith(f"{fault['code']}:") for fault in faults)
    assert all("{" not in fault["message"] and "?:" not in fault["message"] for fault in faults)
    assert sorted(folder.rglob("*")) == before
    return err, faults


CASES = [
    (command, name)
    for command in ("draw", "feasible", "import")
    for name in BAD_TERRITORIES
    # An import may model households where a source has none (a test of its own below).
    if (command, name) != ("import", "missing column")
]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_a_bad_territory_is_refused_and_nothing_is_written(command, name, tmp_path, capsys) -> None:
    change, at_least, names = BAD_TERRITORIES[name]
    layers = good_layers()
    change(layers)
    path = write(tmp_path / "town.gpkg", layers)
    out = tmp_path / "new.gpkg"
    argv = {
        "draw": ["draw", str(path), "--out", str(out)],
        "feasible": ["feasible", str(path)],
        "import": ["import", str(path), "--out", str(out)],
    }[command]
    err, faults = refused(argv, tmp_path, capsys)
    assert len(faults) >= at_least
    assert names in err


def test_all_faults_of_a_file_are_told_at_once(tmp_path, capsys) -> None:
    layers = good_layers()
    with_duplicate_ids(layers)
    with_households(-3)(layers)
    layers["communities"] = layers["communities"].drop(columns="kind")
    path = write(tmp_path / "town.gpkg", layers)
    err, faults = refused(["draw", str(path), "--out", str(tmp_path / "p.gpkg")], tmp_path, capsys)
    assert len(faults) >= 3
    assert all(word in err for word in ("b05", "-3", "kind"))


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def text_file(path: Path) -> None:
    path.write_text("this is a letter, not a map\n" * 20, encoding="utf-8")


def truncated_file(path: Path) -> None:
    write(path, good_layers())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])


def vrt_in_disguise(path: Path) -> None:
    path.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="communities"><SrcDataSource>/etc/passwd</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )


def zip_with_traversal(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.geojson", "{}")


@pytest.mark.parametrize("command", ["draw", "feasible", "import", "check", "map"])
@pytest.mark.parametrize("make", [empty_file, text_file, truncated_file, vrt_in_disguise, zip_with_traversal])
def test_a_file_that_is_no_layers_is_refused(command, make, tmp_path, capsys) -> None:
    path = tmp_path / ("town.zip" if make is zip_with_traversal and command == "import" else "town.gpkg")
    make(path)
    out = ["--out", str(tmp_path / ("new.html" if command == "map" else "new.gpkg"))]
    argv = {
        "draw": ["draw", str(path), *out],
        "feasible": ["feasible", str(path)],
        "import": ["import", str(path), *out],
        "check": ["check", str(path), str(path)],
        "map": ["map", str(path), *out],
    }[command]
    err, _ = refused(argv, tmp_path, capsys)
    assert path.name in err


@pytest.mark.parametrize(
    "source", ["https://example.org/town.gpkg", "/vsicurl/https://example.org/town.gpkg", "PG:host=x"]
)
def test_an_address_in_place_of_a_file_is_refused(source, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(["draw", source, "--out", "plan.gpkg"], tmp_path, capsys)
    refused(["import", source, "--out", "town.gpkg"], tmp_path, capsys)


def test_a_roster_in_the_wrong_encoding_is_refused(tmp_path, capsys) -> None:
    write(tmp_path / "town.gpkg", good_layers())
    roster = tmp_path / "buildings.csv"
    roster.write_bytes("id,households,lon,lat,name\nx1,5,120.001,30.71,嘉兴路\n".encode("gb18030"))
    argv = [
        "import",
        str(tmp_path / "town.gpkg"),
        str(roster),
        "--encoding",
        "utf-8",
        "--out",
        str(tmp_path / "t.gpkg"),
    ]
    err, _ = refused(argv, tmp_path, capsys)
    assert "buildings.csv" in err


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("nowhere/plan.gpkg", "does not exist"),
        ("plan.shp", "must end in .gpkg"),
        ("town.gpkg", "both read and to be written"),
        ("folder.gpkg", "is a folder"),
    ],
)
def test_a_bad_place_to_write_is_told_before_the_work(out, says, tmp_path, capsys) -> None:
    path = write(tmp_path / "town.gpkg", good_layers())
    (tmp_path / "folder.gpkg").mkdir()
    err, _ = refused(["draw", str(path), "--out", str(tmp_path / out)], tmp_path, capsys)
    assert says in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such rules file"),
        (b"min_households = 600\n", "max_households"),
        (b"preset = 'moon'\n", "moon"),
        (b"band = 3\nmin_households = 'many'\n", "band"),
        (b"= = =", "rules.toml"),
        ("preset = 'qu-county' # 规则".encode("utf-16"), "UTF-8"),
    ],
)
def test_bad_rules_are_refused(text, says, tmp_path, capsys) -> None:
    path = write(tmp_path / "town.gpkg", good_layers())
    rules = tmp_path / "rules.toml"
    if text is not None:
        rules.write_bytes(text)
    argv = ["draw", str(path), "--out", str(tmp_path / "plan.gpkg"), "--rules", str(rules)]
    err, _ = refused(argv, tmp_path, capsys)
    assert says in err


@pytest.mark.parametrize("option", [["--seed", "-1"], ["--seconds", "0"], ["--seconds", "nan"], ["--workers", "0"]])
def test_options_out_of_range_are_refused(option, tmp_path, capsys) -> None:
    path = write(tmp_path / "town.gpkg", good_layers())
    err, _ = refused(["draw", str(path), "--out", str(tmp_path / "plan.gpkg"), *option], tmp_path, capsys)
    assert option[0] in err


def test_a_lock_without_a_plan_in_force_is_refused(tmp_path, capsys) -> None:
    path = write(tmp_path / "town.gpkg", good_layers())
    argv = ["draw", str(path), "--out", str(tmp_path / "plan.gpkg"), "--lock", "330402015001001"]
    err, _ = refused(argv, tmp_path, capsys)
    assert "330402015001001" in err


def test_an_import_models_households_that_no_source_states_and_says_so(tmp_path, capsys) -> None:
    layers = good_layers()
    without_column(layers)
    path = write(tmp_path / "town.gpkg", layers)
    out = tmp_path / "new.gpkg"
    argv = ["import", str(path), "--out", str(out), "--floor-area-per-household", "20", "--json"]
    assert main(argv) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["households"] > 0
    assert "modelled" in summary["households_basis"]
    meta = pyogrio.read_dataframe(out, layer="meta", read_geometry=False).set_index("key")["value"]
    assert meta["households_modelled"] == "true"
    assert meta["households_basis"] == summary["households_basis"]


def test_columns_that_name_people_are_dropped_and_reported(tmp_path, capsys) -> None:
    layers = good_layers()
    layers["buildings"]["户主姓名"] = "张三"
    layers["buildings"]["phone"] = "13800138000"
    path = write(tmp_path / "town.gpkg", layers)
    assert main(["import", str(path), "--out", str(tmp_path / "new.gpkg"), "--json"]) == 0
    capsys.readouterr()
    report = (tmp_path / "new.report.json").read_text(encoding="utf-8")
    readable = (tmp_path / "new.report.md").read_text(encoding="utf-8")
    for text in (report, readable):
        assert "户主姓名" in text
        assert "phone" in text
        assert "张三" not in text
        assert "13800138000" not in text
    kept = pyogrio.read_dataframe(tmp_path / "new.gpkg", layer="buildings")
    assert {"户主姓名", "phone"}.isdisjoint(kept.columns)


def test_buildings_outside_can_be_dropped_or_given_to_the_nearest_community(tmp_path, capsys) -> None:
    layers = good_layers()
    with_buildings_outside(layers)
    path = write(tmp_path / "town.gpkg", layers)
    for wish, households in (("drop", 760), ("nearest", 800)):
        argv = ["import", str(path), "--out", str(tmp_path / f"{wish}.gpkg"), "--outside", wish, "--json"]
        assert main(argv) == 0
        assert json.loads(capsys.readouterr().out)["households"] == households


def test_the_report_goes_where_it_is_asked(tmp_path, capsys) -> None:
    path = write(tmp_path / "town.gpkg", good_layers())
    (tmp_path / "reports").mkdir()
    for asked, stem in ((tmp_path / "reports", "new.report"), (tmp_path / "reports" / "r.json", "r")):
        assert main(["import", str(path), "--out", str(tmp_path / "new.gpkg"), "--report", str(asked)]) == 0
        assert {p.name for p in (tmp_path / "reports").glob(f"{stem}.*")} == {f"{stem}.json", f"{stem}.md"}
    capsys.readouterr()
    err, _ = refused(
        ["import", str(path), "--out", str(tmp_path / "x.gpkg"), "--report", str(tmp_path / "none" / "r.json")],
        tmp_path,
        capsys,
    )
    assert "does not exist" in err
