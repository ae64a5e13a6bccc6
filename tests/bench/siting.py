"""Siting of cameras on generated street scenes: worth against greedy and bound, CPU seconds a square kilometre.

    python -m tests.bench.siting [--side 1000] [--seed N] [--budgets 20,40,70] [--level detect] [--peers]

A scene is a square of streets about 90 m apart with 600 buildings a square kilometre, so that views end at walls.  One
JSON object per budget.  ``--peers`` solves the same numbers in the same run by an integer programme started cold
(HiGHS, no reduction) and, where spopt is installed, by its maximal covering model (poles without a limit of headings,
which spopt can not state: its problem has none, and ours is solved the same way beside it).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import shapely
from scipy.sparse import csr_array, diags_array, hstack, vstack

from gis.sight.walls import Walls
from gis.territory import Territory
from partition.coverage.cameras.survey import survey_cameras
from partition.coverage.settings import CameraSettings
from partition.coverage.siting import solve_siting
from partition.coverage.siting.pose import pose
from partition.coverage.siting.problem import SitingProblem
from partition.coverage.siting.site import TIE_PRICE
from tests.bench.output import json_lines, say
from tests.camera_land import box, land, territory

BLOCK_M = 90.0
COLD_S = 60.0
PEER_S = 300.0
MOST_CELLS = 10_000_000
ROOT = Path(__file__).resolve().parents[2]
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PEER = ROOT / "tests" / "bench" / "siting_spopt.py"


def scene(side_m: float, seed: int) -> Territory:
    """Streets, and buildings between them: about 600 a square kilometre, set back 8 to 14 m from the middle line."""
    rng = np.random.default_rng(seed)
    n = round(side_m / BLOCK_M) + 1
    east, north = (np.arange(n) * BLOCK_M + rng.uniform(-12, 12, n) for _ in range(2))
    end = float(max(east[-1], north[-1]))
    streets = [{"class": "residential", "geometry": shapely.LineString([(x, 0), (x, end)])} for x in east]
    streets += [{"class": "residential", "geometry": shapely.LineString([(0, y), (end, y)])} for y in north]
    houses = []
    for a, b in pairwise(east):
        for c, d in pairwise(north):
            back = rng.uniform(8, 14, 4)
            x0, x1, y0, y1 = a + back[0], b - back[1], c + back[2], d - back[3]
            split_x, split_y = (x0 + x1) / 2 + rng.uniform(-6, 6), (y0 + y1) / 2 + rng.uniform(-6, 6)
            parts = [(x0, y0, split_x - 3, split_y - 3), (split_x + 3, y0, x1, split_y - 3)]
            parts += [(x0, split_y + 3, split_x - 3, y1), (split_x + 3, split_y + 3, x1, y1)]
            parts += [(x0, split_y - 2, x0 + 4, split_y + 2)]
            houses += [{"households": int(rng.integers(0, 30)), "geometry": box(*part)} for part in parts]
    places = [{"kind": "学校", "geometry": shapely.Point(*rng.uniform(0, end, 2))} for _ in range(20)]
    whole = box(-20, -20, end + 20, end + 20)
    return territory([{"code": "C", "geometry": whole}], streets=streets, buildings=houses, key_places=places)


def numbers(town: Territory, settings: CameraSettings) -> tuple[SitingProblem, dict[str, Any]]:
    """The scene as a problem, and what making it took."""
    x0, y0, x1, y1 = town["communities"].total_bounds
    grids = land(town, G=box(0, 0, x1 - x0, y1 - y0))
    grids.geometry[0] = town["communities"].geometry.iloc[0]
    began = time.process_time()
    walls = Walls.of(town)
    survey = survey_cameras(town, grids, settings, walls=walls)
    sampled = time.process_time()
    posed = pose(town, grids, survey, settings, asked=np.ones(1, dtype=bool), walls=walls)
    looked = time.process_time()
    n = len(posed.cameras)
    problem = SitingProblem(
        weight=posed.weight,
        is_seen=posed.is_seen,
        start=posed.start,
        point=posed.point,
        pole=posed.pole,
        room=posed.room,
        cost=np.ones(n),
        price=TIE_PRICE * posed.private_m,
        private_m=posed.private_m,
        budget=0.0,
        grid=posed.grid,
        floor=np.zeros(1, dtype=np.int32),
    )
    return problem, {
        "km2": float((x1 - x0) * (y1 - y0) / 1e6),
        "buildings": len(town["buildings"]),
        "points": int((posed.weight > 0).sum()),
        "poses": n,
        "entries": len(posed.point),
        "sample_s": round(sampled - began, 3),
        "look_s": round(looked - sampled, 3),
        "street_m": round(float(posed.weight[survey.samples.kind == 0].sum())),
    }


def cold(problem: SitingProblem) -> dict[str, Any]:
    """The plain integer programme: every pose, every point, no start, so many seconds."""
    n, m = problem.n_poses, problem.n_points
    sees = csr_array((np.ones(len(problem.point)), problem.point, problem.start), shape=(n, m))
    poles = csr_array((np.ones(n), (problem.pole, np.arange(n))), shape=(len(problem.room), n))
    top = hstack([sees.T, -diags_array(np.ones(m))])
    rest = vstack([poles, csr_array(np.ones((1, n)))])
    matrix = vstack([top, hstack([rest, csr_array((rest.shape[0], m))])]).tocsc()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n + m, matrix.shape[0]
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.concatenate([-problem.price, np.where(problem.is_seen, 0.0, problem.weight)])
    lp.col_lower_, lp.col_upper_ = np.zeros(n + m), np.ones(n + m)
    lp.row_lower_ = np.concatenate([np.zeros(m), np.full(matrix.shape[0] - m, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([np.full(m, highspy.kHighsInf), problem.room, [problem.budget]])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * n + [highspy.HighsVarType.kContinuous] * m
    model = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("time_limit", COLD_S)):
        model.setOptionValue(option, value)
    model.passModel(lp)
    began = time.process_time()
    model.run()
    info = model.getInfo()
    return {
        "worth": round(float(info.objective_function_value), 3),
        "bound": round(float(info.mip_dual_bound), 3),
        "cpu_s": round(time.process_time() - began, 2),
    }


def by_spopt(problem: SitingProblem, python: Path) -> dict[str, Any]:
    """spopt's maximal covering model on the same matrix, and ours without a limit at poles beside it."""
    n, m = problem.n_poses, problem.n_points
    useful = np.flatnonzero((problem.weight > 0) & ~problem.is_seen)
    if n * len(useful) > MOST_CELLS:
        return {"refused": f"its full table would have {n * len(useful):,} cells"}
    sees = csr_array((np.ones(len(problem.point)), problem.point, problem.start), shape=(n, m))[:, useful]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        np.savez(path, sees=sees.toarray().T > 0, weight=problem.weight[useful])
        command = [str(python), str(PEER), str(path), str(int(problem.budget)), str(PEER_S)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=3 * PEER_S, check=False, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as error:
            return {"refused": str(error)[:200]}
    if done.returncode:
        return {"refused": (done.stderr.strip().splitlines() or ["no word"])[-1][:200]}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    free = replace(problem, room=np.full_like(problem.room, n), price=np.zeros(n))
    began = time.process_time()
    ours = solve_siting(free)
    seconds = round(time.process_time() - began, 2)
    return answer | {"ours_worth": round(ours.worth, 3), "ours_bound": round(ours.bound, 3), "ours_seconds": seconds}


def main() -> None:
    """Run the budgets one after another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=float, default=1_000.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budgets", default="20,40,70")
    parser.add_argument("--level", default="detect")
    parser.add_argument("--focal-mm", type=float, default=6.0)
    parser.add_argument("--pole-every-m", type=float, default=40.0)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="Python of the environment with spopt")
    asked = parser.parse_args()
    out = json_lines()
    base = CameraSettings()
    model = replace(base.model, focal_mm=asked.focal_mm, tilt_deg=15.0)
    settings = replace(base, level=asked.level, model=model, pole_every_m=asked.pole_every_m)
    solve_siting(numbers(scene(300.0, 0), settings)[0])  # compile
    town = scene(asked.side, asked.seed)
    problem, made = numbers(town, settings)
    solve_siting(replace(problem, budget=1.0))
    for budget in map(int, asked.budgets.split(",")):
        began = time.process_time()
        found = solve_siting(replace(problem, budget=float(budget)))
        solved = time.process_time() - began
        row = {"instance": f"scene-{asked.side:g}-{asked.seed}", "level": asked.level, "cameras": budget, **made}
        row |= {
            "worth": round(found.worth, 3),
            "greedy": round(found.greedy_worth, 3),
            "bound": round(found.bound, 3),
            "worth_of_bound": round(found.bound_frac, 6),
            "proved": found.is_proved,
            "seen_frac": round(found.worth / made["street_m"], 4),
            "solve_s": round(solved, 2),
            "cpu_s_per_km2": round((made["sample_s"] + made["look_s"] + solved) / made["km2"], 2),
        }
        if asked.peers:
            row["cold_programme"] = cold(replace(problem, budget=float(budget)))
            row["spopt"] = by_spopt(replace(problem, budget=float(budget)), asked.python)
        say(out, row)


if __name__ == "__main__":
    main()
