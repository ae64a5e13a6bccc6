"""What the command line tells about proofs, near misses and where a search may run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import main
from data.files.territory_file import write_territory
from tests.towns import territory


@pytest.fixture
def town(tmp_path: Path) -> Path:
    path = tmp_path / "town.gpkg"
    drawn = territory("abcd\nefgh", {"a": 275, "b": 275, "c": 400, "d": 400}, communities={"X": "abef", "Y": "cdgh"})
    write_territory(drawn, path)
    return path


def test_every_community_is_told_with_proof_bound_gap_and_near_misses(town, tmp_path, capsys):
    plan = tmp_path / "plan.gpkg"
    assert main(["draw", str(town), "--out", str(plan), "--workers", "1", "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    hole, fine = drawn["community_results"]
    assert (hole["code"], hole["feasible"], hole["reason"], hole["proof"]) == ("X", "no", "band_hole", "arithmetic")
    assert {tuple(miss["distances"]) for miss in hole["near_misses"]} == {(50,), (-25, -25)}
    assert (fine["feasible"], fine["gap_frac"], fine["stopped_by"]) == ("yes", 0.0, "done")
    assert fine["bound"] == pytest.approx(fine["objective"])
    assert drawn["stopped_by_clock"] == drawn["stopped_by_cancel"] == drawn["stopped_by_worker"] == 0
    assert main(["feasible", str(town), "--json"]) == 1
    assessed = json.loads(capsys.readouterr().out)["communities"]
    assert assessed[0]["near_misses"] == hole["near_misses"]


def test_a_scheduler_beside_workers_or_without_an_address_is_bad_input(town, tmp_path, capsys):
    out = ["draw", str(town), "--out", str(tmp_path / "plan.gpkg"), "--lang", "en"]
    assert main([*out, "--scheduler", "tcp://127.0.0.1:8786", "--workers", "2"]) == 2
    assert "can not be given together" in capsys.readouterr().err
    assert main([*out, "--scheduler", "127.0.0.1"]) == 2
    assert "tcp://192.168.1.5:8786" in capsys.readouterr().err
    assert not (tmp_path / "plan.gpkg").exists()
