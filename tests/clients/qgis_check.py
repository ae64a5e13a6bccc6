"""QGIS reads the service: `make test-clients` (it takes some 900 MB, so `make test` does without it).

QGIS has a Python of its own; `qgis_reads.py` runs under that one and tells what it saw.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from tests.served import Served, Town

SCRIPT = Path(__file__).with_name("qgis_reads.py")
PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="session")
def seen(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What QGIS saw of the service, and on PostGIS of the table itself."""
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", "import qgis.core"], check=False).returncode:
        pytest.fail("QGIS for Python is not installed: run `make test-clients`", pytrace=False)
    picture = tmp_path_factory.mktemp("qgis") / served.kind
    given = [served.url, str(picture), *_database(served)]
    done = subprocess.run([PYTHON, str(SCRIPT), *given], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    kept = Path(__file__).parents[2] / "qgis-pictures"
    kept.mkdir(exist_ok=True)
    for file in picture.parent.glob("*.png"):
        shutil.copy2(file, kept / file.name)
    return json.loads(done.stdout.splitlines()[-1])


def _database(served: Served) -> list[str]:
    """Address of the database and the plan, for QGIS to read the table of grids past the service."""
    if served.kind != "postgis":
        return []
    at = served.store.url
    with served.store.engine.begin() as connection:
        # Whoever reads past the service is confined like everybody else, and sees nothing without a jurisdiction.
        connection.execute(text(f"alter role {at.username} set gw.jurisdiction = '990101'"))
    return [
        f"dbname='{at.database}' host={at.host} port={at.port} user='{at.username}' password='{at.password}'",
        served.plan,
    ]


def test_qgis_reads_the_grids_of_the_plan(seen: dict, drawn_town: Town) -> None:
    agree(seen["grids"], drawn_town)
    assert seen["grids"]["fields"]["households"] == "Integer"
    assert seen["grids"]["fields"]["valid_from"] == "DateTime"


@pytest.mark.parametrize("layer", ["buildings", "streets", "cameras"])
def test_qgis_reads_every_feature_of_a_layer(seen: dict, drawn_town: Town, layer: str) -> None:
    known = drawn_town.territory[layer]
    assert sorted(feature["code"] for feature in seen[layer]["features"]) == sorted(known["id"])
    assert seen[layer]["crs"] == "EPSG:4326"


def test_qgis_reads_the_incidents(seen: dict, drawn_town: Town) -> None:
    codes = [feature["code"] for feature in seen["incidents"]["features"]]
    assert len(set(codes)) == len(codes) == len(drawn_town.territory["incidents"])
    assert seen["incidents"]["crs"] == "EPSG:4326"


def test_qgis_asks_for_a_window(seen: dict, drawn_town: Town) -> None:
    buildings = drawn_town.territory["buildings"].to_crs(4326).geometry.array
    expected = int(shapely.intersects(buildings, shapely.box(*seen["window"]["box"])).sum())
    assert seen["window"]["n"] == expected > 0


def test_qgis_paints_features_and_tiles(seen: dict) -> None:
    # The town fills some six tenths of the picture; white would be nothing.
    assert 0.5 < seen["painted"] < 0.8
    assert 0.5 < seen["painted_tiles"] < 0.8


def test_qgis_reads_the_table_of_grids_in_postgis(served: Served, seen: dict, drawn_town: Town) -> None:
    if served.kind == "postgis":
        agree(seen["table"], drawn_town)
    else:
        assert "table" not in seen


def agree(seen: dict, town: Town) -> None:
    grids = town.filed.grids.to_crs(4326).set_index("code")
    assert sorted(feature["code"] for feature in seen["features"]) == sorted(grids.index)
    for feature in seen["features"]:
        grid = grids.loc[feature["code"]]
        assert feature["households"] == grid["households"]
        assert feature["is_valid"]
        assert feature["area"] == pytest.approx(grid.geometry.area, rel=1e-9)
        middle = grid.geometry.centroid
        assert feature["middle"] == pytest.approx([middle.x, middle.y], abs=1e-9)
