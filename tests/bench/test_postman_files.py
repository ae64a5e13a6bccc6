"""Instances as they come in the wild, in small; and a walk judged by the file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.postman_files import Link, make_problem, read_links, retrace
from tests.bench.windy_rpp import optimum_of, solve

WINDY = """ NOMBRE : A12
COMENTARIO : 3 componentes
VERTICES :4
RISTAS_REQ :2
RISTAS_NOREQ : 3
LISTA_ARISTAS_REQ :
(  1,  2)   coste    5     9
( 3, 4 ) coste 7   99999999
LISTA_ARISTAS_NOREQ :
(  2,  3)   coste    1     1
(  4,  1)   coste    2     3
(  1,  3)   coste   9999     1
"""
FLAGGED = '3," File ",3,3\n1,2,5,,0,0\n2,3,8,,1,0\n3,1,4,,0,0\n0,0,,\n1,1,,\n2,2,,\n'
ARCS = "  3\n  3\n  4\n  2\n  2,\n 1\n  1   ,2  ,14   ,1\n  2   ,3 ,2 ,0\n 3 ,1 ,6,1\n 1,2,3,0\n\x1a"


def write(folder: Path, text: str, name: str = "instance") -> Path:
    path = folder / name
    path.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    return path


def test_windy_links_are_read_by_digits(tmp_path: Path) -> None:
    links = read_links(write(tmp_path, WINDY))
    assert links[0] == Link(1, 2, 5, 9, True)
    assert links[1] == Link(3, 4, 7, None, True)
    assert links[4] == Link(1, 3, None, 1, False)


def test_a_windy_file_that_lacks_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="5 are announced"):
        read_links(write(tmp_path, WINDY.replace("(  2,  3)   coste    1     1\n", "")))


def test_flagged_links_are_one_way_where_the_flag_says_so(tmp_path: Path) -> None:
    assert read_links(write(tmp_path, FLAGGED)) == [
        Link(1, 2, 5, 5, True),
        Link(2, 3, 8, None, True),
        Link(3, 1, 4, 4, True),
    ]


def test_arcs_are_read_past_sizes_in_two_lines_and_the_last_byte(tmp_path: Path) -> None:
    links = read_links(write(tmp_path, ARCS))
    assert links[0] == Link(1, 2, 14, None, True)
    assert [link.is_required for link in links] == [True, False, True, False]


@pytest.mark.parametrize(("text", "cost"), [(WINDY, 15), (FLAGGED, 17), (ARCS, 22)])
def test_the_printed_walk_costs_what_is_said_and_is_shortest(tmp_path: Path, text: str, cost: int) -> None:
    path = write(tmp_path, text, "P1.DAT")
    row = solve(path, seconds=5.0, seed=1)
    assert (row["instance"], row["cost"], row["bound"]) == ("P1", cost, cost)
    assert retrace(read_links(path), row["walk"]) == cost


def test_a_walk_that_misses_a_street_or_jumps_is_no_solution(tmp_path: Path) -> None:
    links = read_links(write(tmp_path, FLAGGED))
    assert make_problem(links).n_links == 3
    with pytest.raises(AssertionError, match="never passed"):
        retrace(links, [1, 2, 1])
    with pytest.raises(KeyError):
        retrace(links, [1, 3, 2, 1])  # against the one-way street


def test_optima_come_from_the_table_beside_the_file(tmp_path: Path) -> None:
    rows = ["instance vertices required pieces optimal bound by", "P1 4 2 2 15 15.0 us", "P2 4 2 2  9.0 -"]
    (tmp_path / "best_known.tsv").write_text("\n".join(rows).replace(" ", "\t") + "\n", encoding="utf-8")
    assert optimum_of(tmp_path / "P1.DAT") == 15
    assert optimum_of(tmp_path / "P2") is None
