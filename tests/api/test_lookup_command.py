"""``gridwright lookup``: one address, one point, one code, from two files and an index beside them, or from a store."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.cli import main
from data.files.address_file import read_arrays, write_arrays
from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from data.store import SqlStore
from tests.address_town import address_plan, address_territory, put_address_town
from tests.lookup_files import COLUMNS, MANY, codes, found, here, originals, rows_of, run
from tests.service_town import FIRST, SECOND, lon_lat, middle
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "here", "migrated_file", "originals"]


# -- one address


def test_an_address_is_answered_with_its_grid_in_both_languages(here, capsys) -> None:
    assert run("望月小区3栋", "--lang", "en") == 0
    told = capsys.readouterr().out
    assert f"Grid {FIRST}A" in told
    assert "望城街道望月社区麓山路65号望月小区3栋" in told
    assert run("望月小区3栋", "--lang", "zh") == 0
    assert f"网格 {FIRST}A" in capsys.readouterr().out


def test_the_summary_has_the_columns_of_the_contract(here, capsys) -> None:
    summary = found(capsys, "望月小区3栋")
    assert set(COLUMNS) <= summary.keys()
    assert (summary["status"], summary["grid"], summary["building"]) == ("exact", f"{FIRST}A", "b01-00")
    assert (summary["plan"], summary["grids"], summary["reasons"]) == ("P-1", [f"{FIRST}A"], [])
    assert (summary["lon"], summary["lat"]) == pytest.approx(lon_lat(0.5, 1.5), abs=1e-6)
    assert summary["remarks"] == []


def test_a_mistyped_name_is_found_and_a_wrong_number_is_not(here, capsys) -> None:
    assert found(capsys, "忘月小区三号楼")["building"] == "b01-00"
    summary = found(capsys, "望月小区9栋")
    assert (summary["status"], summary["building"], summary["grid"]) == ("street", None, f"{FIRST}A")
    assert {"building_absent", "grid_by_candidates"} <= set(codes(summary))


def test_without_a_certain_grid_the_exit_status_is_1_and_what_may_be_meant_is_shown(here, capsys) -> None:
    assert run("银盆苑9栋", "--lang", "en") == 1
    told = capsys.readouterr().out
    assert "not certain" in told
    assert "2 grids" in told


@pytest.mark.parametrize(
    "text", ["", " ", "望", "\x01", "😀", "x" * 10_000, "'; drop table", "=1+1", "NaN", "\udcff\udcfe望"]
)
def test_any_text_is_answered_without_an_error(here, capsys, text) -> None:
    assert run(text, "--lang", "en") == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert len(said.out.splitlines()) >= 2
    assert "\x01" not in said.out
    said.out.encode()
    assert found(capsys, text)["grid"] is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "lookup_one_way"),
        (("x", "--point", "1,2"), "lookup_one_way"),
        (("x", "--out", "o.csv"), "lookup_only_with"),
        (("--point", "1;2"), "lookup_point_wrong"),
        (("--point", "east,north"), "lookup_point_wrong"),
        (("--batch", "in.csv"), "lookup_batch_out"),
        (("--batch", "none.csv", "--out", "o.csv"), "file_not_found"),
        (("--batch", ".", "--out", "o.csv"), "file_not_regular"),
    ],
)
def test_what_can_not_be_asked_is_bad_input(here, capsys, words, code) -> None:
    assert run(*words, "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["faults"][0]["code"] == code


# -- codes and points


def test_the_code_of_a_grid_is_answered_and_a_retired_one_with_its_successors(here, capsys) -> None:
    assert found(capsys, f"{SECOND}D")["grid"] == f"{SECOND}D"
    walk = [(f"{FIRST}X", f"{FIRST}A", 0.25), (f"{FIRST}X", f"{FIRST}B", 0.75)]
    rows = [
        {"old": old, "new": new, "households": 9, "buildings": 1, "share_of_old": share, "share_of_new": 0.1}
        for old, new, share in walk
    ]
    crosswalk = pd.DataFrame(rows).assign(relation="split")
    filed = replace(address_plan(), crosswalk=crosswalk)
    write_plan(replace(filed, meta={**filed.meta, "retired_codes": f"{FIRST}X {FIRST}Y"}), here / "plan.gpkg")
    summary = found(capsys, f"{FIRST}X")
    assert (summary["status"], summary["grid"], codes(summary)) == ("ambiguous", None, ["several_successors"])
    assert [(one["grid"], one["score_frac"]) for one in summary["candidates"]] == [
        (f"{FIRST}B", 0.75),
        (f"{FIRST}A", 0.25),
    ]
    assert codes(found(capsys, f"{FIRST}Y")) == ["code_retired_before"]


def test_points_inside_outside_swapped_and_west_of_greenwich(here, capsys) -> None:
    lon, lat = middle("B")
    assert run("--point", f"{lon},{lat}") == 0
    capsys.readouterr()
    summary = found(capsys, "--point", f"{lon},{lat}")
    assert (summary["grid"], summary["lon"], summary["lat"]) == (f"{FIRST}B", lon, lat)
    assert codes(found(capsys, "--point", f"{lat},{lon}")) == ["lon_lat_swapped"]
    away = found(capsys, "--point", "{},{}".format(*lon_lat(6.0, 1.0)))
    assert codes(away) == ["outside"]
    assert f"{FIRST}B, 200 m" in away["reasons"][0]["message"]
    assert codes(found(capsys, "--point", "-71.2,-33.4")) == ["outside"]
    assert codes(found(capsys, "--point", "nan,30")) == ["point_unreadable"]
    assert run("--point", f"{lat},{lon}") == 1


def test_points_need_no_addresses_and_no_index(here, capsys) -> None:
    land = address_territory()
    write_territory(land.with_layers(addresses=land["addresses"].iloc[:0]), here / "town.gpkg")
    assert run("--point", "{},{}".format(*middle("C"))) == 0
    assert not (here / "town.gpkg.addresses").exists()
    capsys.readouterr()
    assert run("望月小区3栋", "--lang", "en") == 2
    assert "gridwright import" in capsys.readouterr().err


# -- the index beside the territory


def state_of(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns


@pytest.fixture
def built(monkeypatch) -> list[int]:
    """Grows by the rows that were kept whenever an index is built."""
    import gis.address

    calls: list[int] = []
    build = gis.address.build_index

    def watched(addresses: Any, **options: Any) -> Any:
        calls.append(0 if options.get("previous") is None else len(options["previous"]))
        return build(addresses, **options)

    monkeypatch.setattr(gis.address, "build_index", watched)
    return calls


def test_the_index_is_kept_beside_the_territory_and_used_the_next_time(here, capsys, built) -> None:
    first = found(capsys, "忘月小区3栋")
    kept = here / "town.gpkg.addresses"
    before = state_of(kept)
    assert built == [0]
    assert found(capsys, "忘月小区3栋") == first
    assert (built, state_of(kept)) == ([0], before)


def test_a_fresh_index_needs_nothing_of_the_territory_read(here, capsys, monkeypatch) -> None:
    first = found(capsys, "忘月小区3栋")

    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("the territory was read")

    monkeypatch.setattr("gis.readers.address_layer.read_address_layer", fail)
    monkeypatch.setattr("gis.readers.vector.read_layers", fail)
    monkeypatch.setattr("api.usecases.look_up_file.layer_digest", fail)
    assert found(capsys, "忘月小区3栋") == first


def test_a_territory_that_was_copied_or_touched_keeps_its_index(here, capsys, built) -> None:
    first = found(capsys, "忘月小区3栋")
    content = (here / "town.gpkg").read_bytes()
    (here / "town.gpkg").unlink()
    (here / "town.gpkg").write_bytes(content)
    assert found(capsys, "忘月小区3栋") == first
    assert built == [0]


def test_an_address_that_changed_is_found_under_its_new_text_and_the_others_are_kept(here, capsys, built) -> None:
    found(capsys, "望月小区3栋")
    with closing(sqlite3.connect(here / "town.gpkg")) as file, file:
        for (name,) in file.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            file.execute(f'drop trigger "{name}"')
        file.execute("update addresses set text = replace(text, '望月小区3栋', '望月小区33栋')")
    n_rows = len(address_territory()["addresses"])
    assert found(capsys, "望月小区33栋")["building"] == "b01-00"
    assert built == [0, n_rows]
    assert found(capsys, "望月小区3栋")["building"] is None
    assert built == [0, n_rows]


def test_a_change_that_another_program_has_not_yet_written_into_the_file_is_seen(here, capsys, built) -> None:
    found(capsys, "望月小区3栋")
    with closing(sqlite3.connect(here / "town.gpkg")) as file:
        file.execute("pragma journal_mode = wal")
        for (name,) in file.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            file.execute(f'drop trigger "{name}"')
        file.execute("update addresses set text = replace(text, '望月小区3栋', '望月小区33栋')")
        file.commit()
        assert (here / "town.gpkg-wal").stat().st_size > 0
        assert found(capsys, "望月小区33栋")["building"] == "b01-00"
    assert found(capsys, "望月小区33栋")["building"] == "b01-00"
    assert len(built) == 2


def test_another_region_is_another_index(here, capsys, built) -> None:
    assert found(capsys, "湖南省长沙市望月小区3栋", "--region", "湖南省长沙市")["building"] == "b01-00"
    other = found(capsys, "浙江省杭州市望月小区3栋", "--region", "湖南省长沙市")
    assert (other["status"], codes(other)) == ("not_found", ["region_differs"])
    assert built == [0]
    found(capsys, "望月小区3栋")
    assert built == [0, 0]


@pytest.mark.parametrize("damage", ["cut", "spoilt", "foreign", "empty", "other"])
def test_a_damaged_or_foreign_index_is_made_anew(here, capsys, built, damage) -> None:
    first = found(capsys, "忘月小区3栋")
    kept = here / "town.gpkg.addresses"
    sound = kept.read_bytes()
    if damage == "other":
        write_arrays(kept, {"row": np.arange(3)}, dict(read_arrays(kept).meta))  # type: ignore[union-attr]
    else:
        middle_of = len(sound) // 2
        spoilt = sound[:middle_of] + bytes([sound[middle_of] ^ 1]) + sound[middle_of + 1 :]
        kept.write_bytes({"cut": sound[:-100], "spoilt": spoilt, "foreign": b"SQLite format 3\0", "empty": b""}[damage])
    assert found(capsys, "忘月小区3栋") == first
    assert built == [0, 0]
    assert read_arrays(kept) is not None


def test_an_index_that_can_not_be_kept_serves_from_memory_and_says_so(here, capsys) -> None:
    secret = here / "secret"
    secret.write_text("mine")
    (here / "town.gpkg.addresses").symlink_to(secret)
    summary = found(capsys, "忘月小区3栋")
    assert (summary["building"], summary["remarks"][0]["code"]) == ("b01-00", "lookup_index_not_kept")
    assert "symbolic link" in found(capsys, "忘月小区3栋", "--lang", "en")["remarks"][0]["message"]
    assert secret.read_text() == "mine"
    assert (here / "town.gpkg.addresses").is_symlink()


def test_a_folder_that_may_not_be_written_to_is_no_hindrance(here, capsys, monkeypatch) -> None:
    def refused(*arguments: object, **options: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("data.files.atomic.os.replace", refused)
    summary = found(capsys, "忘月小区3栋", "--lang", "en")
    assert (summary["building"], summary["remarks"][0]["code"]) == ("b01-00", "lookup_index_not_kept")
    assert "can not be written to" in summary["remarks"][0]["message"]


def test_a_plan_of_other_buildings_is_said_and_its_grids_found_by_points(here, capsys) -> None:
    filed = address_plan()
    write_plan(replace(filed, members=filed.members[filed.members["kind"] == "unit"]), here / "plan.gpkg")
    assert found(capsys, "望月小区3栋")["remarks"] == []
    assert found(capsys, "望月小区3栋")["grid"] == f"{FIRST}A"
    strange = filed.members.assign(id=[f"x{one}" for one in filed.members["id"]])
    write_plan(replace(filed, members=strange), here / "plan.gpkg")
    summary = found(capsys, "望月小区3栋")
    assert [one["code"] for one in summary["remarks"]] == ["lookup_other_territory"]
    assert summary["grid"] == f"{FIRST}A"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (("plan.gpkg", "town.gpkg"), "plan_in_place_of_territory"),
        (("town.gpkg", "town.gpkg"), "territory_in_place_of_plan"),
        (("none.gpkg", "plan.gpkg"), "file_not_found"),
        (("town.gpkg", "none.gpkg"), "file_not_found"),
        (("table.csv", "plan.gpkg"), "not_a_territory_file"),
        (("town.gpkg", "table.csv"), "plan_not_geopackage"),
    ],
)
@pytest.mark.parametrize("way", [("望月小区3栋",), ("--point", "1,2")])
def test_files_that_are_not_what_they_should_be_are_bad_input(here, capsys, files, code, way) -> None:
    (here / "table.csv").write_text("address\nx\n")
    assert main(["lookup", *files, *way, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["faults"][0]["code"] == code


# -- a store in place of files


@pytest.fixture
def stored(embedded_store: SqlStore, tmp_path, monkeypatch) -> SqlStore:
    monkeypatch.chdir(tmp_path)
    put_address_town(embedded_store)
    return embedded_store


def of_store(capsys: pytest.CaptureFixture[str], store: SqlStore, *words: str) -> dict[str, Any]:
    url = store.url.render_as_string(hide_password=False)
    main(["lookup", *words, "--store", url, "--json"])
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def test_a_store_answers_as_its_files_do(stored, originals, capsys) -> None:
    for name in ("town.gpkg", "plan.gpkg"):
        shutil.copy(originals / name, name)
    differ = {"plan", "command"}
    lon, lat = middle("C")
    for words in (*((text,) for text in MANY), ("--point", f"{lon},{lat}"), ("--point", f"{lat},{lon}")):
        one, other = found(capsys, *words), of_store(capsys, stored, *words)
        same = {key for key in one if key not in differ and rounded(one[key]) == rounded(other[key])}
        assert same | differ == set(one), words


def rounded(value: Any) -> Any:
    """A store keeps degrees, a file metres: they agree to less than a metre."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return {key: rounded(one) for key, one in value.items()} if isinstance(value, dict) else value


def test_a_table_and_a_day_are_asked_of_a_store_too(stored, capsys, monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_STORE", stored.url.render_as_string(hide_password=False))
    Path("in.csv").write_text("address\n望月小区3栋\n", encoding="utf-8")
    assert main(["lookup", "--batch", "in.csv", "--out", "out.csv"]) == 0
    assert rows_of(Path("out.csv"))[0]["grid"] == f"{FIRST}A"
    assert main(["lookup", "望月小区3栋"]) == 0
    assert main(["lookup", "望月小区3栋", "--as-of", "2019-01-01"]) == 1
    assert main(["lookup", "--point", "{},{}".format(*middle("A")), "--as-of", "2026-01-01"]) == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("a.gpkg", "望月小区3栋"), "lookup_one_way"),
        (("望月小区3栋", "--region", "x"), "lookup_only_with"),
        (("a.gpkg", "b.gpkg", "望月小区3栋", "--as-of", "2026-01-01"), "lookup_only_with"),
        (("a.gpkg", "b.gpkg", "望月小区3栋", "--store", "sqlite:///x"), "lookup_only_with"),
        (("望月小区3栋", "--store", "sqlite:///none.sqlite"), "store_missing"),
        (("望月小区3栋", "--as-of", "yesterday"), "moment_malformed"),
    ],
)
def test_files_and_store_are_not_mixed(stored, capsys, words, code) -> None:
    assert main(["lookup", *words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["faults"][0]["code"] == code
