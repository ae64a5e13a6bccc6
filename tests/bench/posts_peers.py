"""Posts beside spopt, on the same times in one run: ``python -m tests.bench.posts_peers FILE... [--seconds S]``.

Prints a JSON line per published instance and question: objective, bound and seconds of the processor of ours, of spopt
(its model, solved by the CBC that pulp brings, with a wall limit), and the published optimum where the folder has
``best_known.tsv``.  spopt lives in an environment of its own (``make bench-peers``; ``--python`` names another), and
runs in a process of its own, so that a hang or a crash costs one cell.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
_GRACE_S = 60.0
PEER = ROOT / "tests" / "bench" / "posts_spopt.py"


def ask_peer(python: Path, cost: Any, kind: str, p: int, limit_s: float) -> dict[str, Any]:
    """What spopt finds, counted again from its sites; or why there is nothing."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cost.npy"
        np.save(path, cost)
        command = [str(python), str(PEER), str(path), kind, str(p), str(limit_s)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit_s + _GRACE_S, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired:
            return {"refused": f"over {limit_s + _GRACE_S:.0f} s"}
        except OSError as error:
            return {"refused": f"not installed: {error}"}
    if done.returncode:
        return {"refused": (done.stderr.strip().splitlines() or ["no word"])[-1][:200]}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def compare(path: Path, kind: str, python: Path, limit_s: float) -> dict[str, Any]:
    """One row: ours, theirs, and theirs over ours."""
    from tests.bench.pmed import GOALS, read_pmed, run

    ours = run(path, GOALS[kind])
    cost, p = read_pmed(path)
    peer = ask_peer(python, cost, kind, p, limit_s)
    row: dict[str, Any] = {"instance": path.stem, "problem": kind, "published": published(path, kind)}
    row |= {key: ours[key] for key in ("objective", "bound", "seconds")}
    row["spopt"] = peer
    if peer.get("objective"):
        row["objective_ratio"] = round(peer["objective"] / ours["objective"], 4)
        row["seconds_ratio"] = round(peer["seconds"] / max(ours["seconds"], 1e-3), 1)
    return row


def published(path: Path, kind: str) -> int | None:
    """Optimum of the table beside the file."""
    table = path.parent / "best_known.tsv"
    if not table.is_file():
        return None
    with table.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if Path(row["instance"]).stem == path.stem:
                return int(row[f"p_{kind}_opt"])
    return None


def main() -> None:
    """Print one line per file and question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall limit of spopt per question (default: 60)")
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="Python of the environment with spopt")
    asked = parser.parse_args()
    for path in asked.files:
        for kind in ("median", "center"):
            print(json.dumps(compare(path, kind, asked.python, asked.seconds)), flush=True)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
