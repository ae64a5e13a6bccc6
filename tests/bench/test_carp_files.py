"""Published arc-routing files: read, solved, and the answer counted again from the file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.carp import best_known, read_instance, solve, verify

SMALL = """4 5
0 1 4 2
1 2 3 2
2 0 5 0
2 3 6 3
1 0 9 1
2
5
0
0
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Four nodes, a parallel edge, one edge that need not be served."""
    path = tmp_path / "small.dat"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_a_small_file_is_solved_to_the_best_of_all_answers(small):
    instance = read_instance(small)
    assert (instance.n_nodes, instance.capacity, len(instance.required)) == (4, 5, 4)
    found = solve(instance, 0.05, 1)
    # One route over 0, 1, 2, 3 and back (4 + 3 + 6 + 6 + 5), one there and back over the two parallel edges (4 + 9).
    assert found["cost"] == verify(instance, found["routes"]) == 37
    assert found["instance"] == "small"


def test_answers_that_miss_repeat_or_overload_are_told(small):
    instance = read_instance(small)
    with pytest.raises(ValueError, match="3 edges are not served"):
        verify(instance, [[[0, 1]]])
    with pytest.raises(ValueError, match="not left to serve"):
        verify(instance, [[[2, 0]]])
    with pytest.raises(ValueError, match="allowed 5"):
        verify(instance, [[[0, 1], [1, 2], [2, 3]], [[1, 0]]])


def test_published_files_are_solved_to_the_optimum(shared_data):
    folder = shared_data.parent / "bench"
    for name in ("carp-kshs/kshs3.dat", "carp-gdb/gdb1.dat"):
        path = folder / name
        assert solve(read_instance(path), 1.0, 1)["cost"] == best_known(path)
