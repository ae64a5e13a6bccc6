"""gridwright beside its peers on the same graphs, in one run: ``python -m tests.bench.peers [--quick]``.

Prints one JSON object per (instance, method) with the solution in it.  The peers live in an environment of their own
(``make bench-peers``); each method runs in a process of its own with a wall limit, so that a hang or a crash costs
one row.  ``--table FILE`` turns such output into the Markdown of docs/benchmarks.md and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.peers_adapters import METHODS
from tests.bench.peers_instances import Instance, meshes, villages
from tests.bench.peers_score import score, total

ROOT = Path(__file__).resolve().parents[2]
OURS = "gridwright"
"""By border alone, as its peers count; the other row is what users get without a word: border, balance and spread."""
OURS_DEFAULT = "gridwright, default rules"
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
VILLAGES = ROOT.parent / "shared" / "data" / "tainan" / "tainan-2021.gpkg"
_IMPORT_LIMIT_S = 180.0


class Worker:
    """One process of one method; started again after a hang or a crash."""

    def __init__(self, method: str, python: Path) -> None:
        self.command = [sys.executable, "-m", "tests.bench.peers_ours", *(["--default"] * (method == OURS_DEFAULT))]
        if method not in (OURS, OURS_DEFAULT):
            self.command = [str(python), str(ROOT / "tests" / "bench" / "peers_adapters.py"), method]
        self.process: subprocess.Popen[bytes] | None = None
        self.version: str | None = None

    def start(self) -> str | None:
        """Start and import; why that is not possible, or ``None``."""
        try:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            return f"not installed: {error}"
        answer = self._read(_IMPORT_LIMIT_S)
        if "ready" not in answer:
            self.stop()
            return "not installed: " + str(answer.get("missing") or answer.get("failed"))
        self.version = answer["ready"]
        return None

    def ask(self, job: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """The answer to one job; the process is ended where it does not answer in time."""
        if self.process is None:
            said = self.start()
            if said is not None:
                return {"failed": said}
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            self.stop()
            return {"failed": "crashed"}
        answer = self._read(limit_s)
        if answer.get("is_over"):
            self.stop()
        return answer

    def _read(self, limit_s: float) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdout is not None
        handle, text, end = self.process.stdout.fileno(), b"", time.monotonic() + limit_s
        while not text.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                return {"failed": f"no answer in {limit_s:g} s", "is_over": True}
            more = os.read(handle, 1 << 20)
            if not more:
                return {"failed": "crashed", "is_over": True}
            text += more
        answer: dict[str, Any] = json.loads(text)
        return answer

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()
            self.process = None


def run(instance: Instance, method: str, python: Path) -> dict[str, Any]:
    """One method on one instance."""
    worker = Worker(method, python)
    head = {"instance": instance.name, "peer": method}
    said = worker.start()
    if said is not None:
        return {**head, "status": "missing" if "not installed" in said else "failed", "why": said}
    parts: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    seconds, began = 0.0, time.monotonic()
    for job in instance.jobs:
        left = instance.total_s - (time.monotonic() - began)
        if left <= 0:
            failures[job["name"]] = f"not reached in {instance.total_s:g} s"
            continue
        answer = worker.ask(job, min(instance.limit_s, left))
        if "part" not in answer:
            failures[job["name"]] = answer["failed"]
            continue
        seconds += answer["seconds"]
        scores[job["name"]] = score(job, answer["part"])
        parts[job["name"]] = dict(zip(job["ids"], answer["part"]))
    worker.stop()
    row = {**head, "version": worker.version, "status": "answered" if scores else "failed"}
    row |= {"communities": len(instance.jobs), "answered": len(scores), "seconds": round(seconds, 2)}
    row["wall_s"] = round(time.monotonic() - began, 1)
    if scores:
        row |= total(list(scores.values()))
    if failures:
        row["why"] = max(sorted(failures.values()), key=list(failures.values()).count)
    lawful = {name: s["cut_km"] for name, s in scores.items() if s["is_lawful"]}
    return {**row, "lawful_cut_km": lawful, "failures": failures, "assignment": parts}


def machine() -> dict[str, Any]:
    """Where and when the run was made."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": None if load is None else round(load, 1),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


def rows(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every instance with every method."""
    limit_s = 10.0 if asked.quick else 75.0
    instances = meshes(limit_s)
    if asked.villages.exists():
        instances.append(villages(asked.villages, 2.0 if asked.quick else 20.0, 30.0 if asked.quick else 300.0))
    else:
        print(f"no {asked.villages}: the villages are left out", file=sys.stderr)
    for instance in instances:
        if not any(word in instance.name for word in asked.instances):
            continue
        for method in [OURS, OURS_DEFAULT, *METHODS]:
            if any(word in method for word in asked.peers):
                yield {**run(instance, method, asked.python), **machine()}


def table(found: list[dict[str, Any]]) -> str:
    """The rows as Markdown, one table an instance."""
    out = []
    versions = sorted(
        {f"{METHODS[r['peer']][0]} {r['version']}" for r in found if r.get("version") and r["peer"] in METHODS}
    )
    machines = sorted({f"{r['date']}, {r['machine']}, Python {r['python']}" for r in found})
    loads = [r["load"] for r in found if r["load"] is not None]
    out += [
        f"{'; '.join(machines)}; load average {min(loads):g} to {max(loads):g} while it ran. {', '.join(versions)}.",
        "",
    ]
    for instance in dict.fromkeys(r["instance"] for r in found):
        mine = [r for r in found if r["instance"] == instance]
        several = any(r.get("communities", 1) > 1 for r in mine)
        ours = next((r for r in mine if r["peer"] == OURS and r["status"] == "answered"), None)
        head = ["method", "s", "grids", "in band", "min-max", "contiguous", "cut km", "PP"]
        head += ["villages answered", "villages lawful", "cut beside ours"] if several else []
        out += [f"**{instance}**", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for r in mine:
            name = f"**{r['peer']}**" if r["peer"] == OURS else r["peer"]
            if r["status"] != "answered":
                out.append(
                    f"| {name} | {'missing' if r['status'] == 'missing' else r['why']} |" + " |" * (len(head) - 2)
                )
                continue
            extra = r["extra_pieces"]
            cells = [name, f"{r['seconds']:.2f}", str(r["grids"]), f"{100 * r['in_band_frac']:.1f} %"]
            cells += [f"{r['households_min']}-{r['households_max']}", "yes" if extra == 0 else f"NO, {extra} loose"]
            cells += [f"{r['cut_km']:.2f}", f"{r['polsby_popper']:.3f}"]
            if several:
                cells += [f"{r['answered']} of {r['communities']}", str(r["lawful"]), _beside(r, ours)]
            out.append("| " + " | ".join(cells) + " |")
        out.append("")
    return "\n".join(out)


def _beside(row: dict[str, Any], ours: dict[str, Any] | None) -> str:
    """Border on the villages that both cut lawfully, the peer's by ours."""
    both = sorted(row["lawful_cut_km"].keys() & (ours or {"lawful_cut_km": {}})["lawful_cut_km"].keys())
    if ours is None or row is ours or not both:
        return "-"
    theirs, mine = (sum(r["lawful_cut_km"][name] for name in both) for r in (row, ours))
    return f"{100 * (theirs / mine - 1):+.1f} % on {len(both)}"


def main() -> None:
    """Run, or make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 s a run instead of 75, 30 s for the villages")
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="interpreter of the peers' environment")
    parser.add_argument("--villages", type=Path, default=VILLAGES, help="territory file whose communities are cut")
    parser.add_argument("--instances", nargs="+", default=[""], help="only instances whose name holds one of these")
    parser.add_argument("--peers", nargs="+", default=[""], help="only methods whose name holds one of these")
    parser.add_argument("--table", type=Path, help="print the table of this output and stop")
    asked = parser.parse_args()
    if asked.table is not None:
        print(table([json.loads(line) for line in asked.table.read_text(encoding="utf-8").splitlines()]))
        return
    for row in rows(asked):
        print(json.dumps(row, ensure_ascii=False), flush=True)
        what = row.get("why") or ""
        if "cut_km" in row:
            what = f"{row['in_band_frac']:.1%} {row['cut_km']} km {row['seconds']} s {what}"
        print(f"{row['instance']}: {row['peer']}: {row['status']} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
