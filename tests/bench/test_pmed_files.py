"""Published p-median and p-center files: read, solved, and the answer counted again from the file alone."""

from __future__ import annotations

import csv
import heapq
import json
import sys
from pathlib import Path

import pytest

from partition.coverage.posts.types import Goal
from tests.bench import pmed
from tests.bench.pmed import read_pmed, run

# Five nodes; the edge 1-2 is given twice, and the last cost counts; 4-5 comes as 5-4 the second time.
SMALL = " 5 7 2 \n 1 2 1 \n 2 3 4 \n 3 4 2 \n 4 5 9 \n 1 2 7 \n 5 4 3\n 1 5 20\n"
FEW = ("pmed2", "pmed5", "pmed8", "pmed10", "pmed12", "pmed15")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.txt"
    path.write_text(SMALL, encoding="ascii")
    return path


@pytest.fixture(scope="session")
def pmed_folder() -> Path:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "bench" / "pmed"
    if not folder.is_dir():
        pytest.skip(f"published instances not found: {folder}")
    return folder


def count_again(path: Path, sites: list[int]) -> tuple[int, int]:
    """Sum and maximum of the distances to the nearest of the sites, by a search of its own over the file."""
    numbers = [int(word) for word in path.read_text(encoding="ascii").split()]
    edges: dict[frozenset[int], int] = {}
    for k in range(3, 3 + 3 * numbers[1], 3):
        edges[frozenset(numbers[k : k + 2])] = numbers[k + 2]
    near: dict[int, list[tuple[int, int]]] = {node: [] for node in range(1, numbers[0] + 1)}
    for ends, cost in edges.items():
        u, v = min(ends), max(ends)
        near[u].append((v, cost))
        near[v].append((u, cost))
    far: dict[int, int] = {}
    queue = [(0, site) for site in sites]
    while queue:
        length, node = heapq.heappop(queue)
        if node not in far:
            far[node] = length
            for other, cost in near[node]:
                heapq.heappush(queue, (length + cost, other))
    return sum(far.values()), max(far.values())


def test_of_a_repeated_edge_the_last_cost_counts(small: Path) -> None:
    cost, p = read_pmed(small)
    assert p == 2
    assert cost[0].tolist() == [0, 7, 11, 13, 16]
    assert cost[4, 3] == 3


def test_a_small_file_is_solved_to_the_best_of_all_pairs(small: Path) -> None:
    median, center = run(small, Goal.MEDIAN), run(small, Goal.CENTER)
    # A chain 1 -7- 2 -4- 3 -2- 4 -3- 5 (1 to 5 is 20 by its edge, 16 along the chain): 1 and 3 leave 4, 2 and 5.
    assert (median["objective"], median["bound"], median["sites"]) == (11, 11, [1, 3])
    assert (center["objective"], center["bound"], center["sites"]) == (5, 5, [1, 3])
    assert count_again(small, [1, 3]) == (11, 5)
    assert median["instance"] == "small"


def test_a_file_that_is_cut_off_or_names_other_nodes_is_refused(small: Path) -> None:
    small.write_text(SMALL[:-8], encoding="ascii")
    with pytest.raises(ValueError, match="6 edges where 7"):
        read_pmed(small)
    small.write_text(SMALL.replace("1 5 20", "1 6 20"), encoding="ascii")
    with pytest.raises(ValueError, match="nodes outside"):
        read_pmed(small)


@pytest.mark.parametrize("kind", ["median", "center"])
@pytest.mark.parametrize("name", FEW)
def test_the_published_optimum_is_found_and_proved(pmed_folder: Path, name: str, kind: str) -> None:
    path = pmed_folder / f"{name}.txt"
    with (pmed_folder / "best_known.tsv").open(encoding="utf-8") as file:
        best = {row["instance"]: int(row[f"p_{kind}_opt"]) for row in csv.DictReader(file, delimiter="\t")}[path.name]
    found = run(path, pmed.GOALS[kind])
    assert found["objective"] == found["bound"] == best
    assert len(set(found["sites"])) == read_pmed(path)[1]
    assert count_again(path, found["sites"])[kind == "center"] == best


def test_each_file_is_one_line(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pmed", str(small), str(small), "--problem", "center", "--seed", "3"])
    pmed.main()
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(row) for row in rows] == [{"instance", "objective", "sites", "bound", "seconds"}] * 2
