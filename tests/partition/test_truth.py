"""What is said about feasibility is true, and nothing that comes in makes the core hang, lie or die."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gis.atoms import build_atoms
from gis.errors import Conflict, InputError
from gis.graph import AtomGraph, EdgeClass
from gis.report import QualityReport
from partition.checks import verify
from partition.executor import Pool
from partition.file_plan import file_plan
from partition.rules import Rules
from partition.stop import Stop
from partition.zoning import spread
from partition.zoning.articulation import refusal
from partition.zoning.divide import Lock, divide
from partition.zoning.draw import draw
from partition.zoning.feasible import assess
from partition.zoning.near import near_misses, told
from partition.zoning.pieces import make_problems
from partition.zoning.problem import edge_costs
from partition.zoning.tolls import solve_task
from tests.partition.brute import best_plan
from tests.towns import mesh, territory, town

SMALL = Rules(min_households=5, max_households=8, target_households=6, weight_street=1.0, join_small_parts=False)


def random_town(rng: np.random.Generator) -> AtomGraph | None:
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    letters = np.array(list("abcdefghi"))
    cells = np.where(rng.random(rows * columns) < 0.1, ".", rng.choice(letters, rows * columns))
    text = "\n".join(" ".join(cells[r * columns : (r + 1) * columns]) for r in range(rows))
    names = sorted(set(cells) - {"."})
    if not names:
        return None
    graph = town(text, {name: int(rng.integers(0, 8)) for name in names})
    return graph if graph.households.sum() else None


def many_communities(n: int = 6, rows: int = 12, columns: int = 12) -> AtomGraph:
    blocks = "abcdefghijkl"[:n]
    text = "\n".join(" ".join(f"{b}{r:02d}{c:02d}" for b in blocks for c in range(columns)) for r in range(rows))
    names = sorted(set(text.split()))
    w = np.random.default_rng(5).integers(5, 60, len(names)).tolist()
    return town(text, dict(zip(names, w)), communities={b: [n for n in names if n[0] == b] for b in blocks})


def test_on_two_hundred_random_towns_every_answer_agrees_with_brute_force():
    rng = np.random.default_rng(20)
    towns = []
    while len(towns) < 200:
        graph = random_town(rng)
        if graph is not None:
            towns.append(graph)
    n_no = n_proved = n_refused = 0
    for graph in towns:
        best = best_plan(graph, SMALL)
        truth = "no" if best is None else "yes"
        (said,) = assess(graph, SMALL)
        assert said.feasible in (truth, "unknown")
        (answer,) = draw(graph, SMALL).communities
        assert answer.feasible == truth
        n_no += truth == "no"
        n_refused += answer.reason in ("pendant_over_band", "hemmed_in")
        if best is None:
            assert answer.proof != "none"
            assert answer.near_misses
        elif answer.gap_frac == 0.0:
            n_proved += 1
            assert answer.objective == pytest.approx(best, abs=1e-4)
        else:
            assert answer.objective >= best - 1e-4
            assert not answer.bound > best + 1e-4
    # The towns are worth their time: all kinds of answers occur.
    assert n_no > 20
    assert n_proved > 20
    assert n_refused > 3


def test_a_cut_piece_refuses_only_where_no_lawful_plan_exists():
    rng = np.random.default_rng(4)
    n_refused = 0
    for _ in range(600):
        graph = random_town(rng)
        if graph is None:
            continue
        cost = edge_costs(graph, SMALL)
        (division,) = divide(graph, SMALL)
        lands = [make_problems(graph, region, division.edges, cost, SMALL)[0].land for region in division.regions]
        if any(refusal(land) is not None for land in lands):
            n_refused += 1
            assert best_plan(graph, SMALL) is None
    assert n_refused > 50


def test_pendant_land_names_its_atoms_and_both_ways_out():
    # p hangs on b alone: too few for a grid, and with b too many.
    graph = town("pbcd\n..ef", {"p": 120, "b": 420, "c": 200, "d": 200, "e": 150, "f": 150})
    (said,) = assess(graph, Rules())
    assert (said.feasible, said.reason) == ("no", "pendant_over_band")
    result = draw(graph, Rules())
    (answer,) = result.communities
    assert (answer.feasible, answer.reason, answer.proof) == ("no", "pendant_over_band", "arithmetic")
    assert answer.near_misses == said.near_misses
    assert {(miss.sizes, miss.distances, miss.atoms) for miss in answer.near_misses} == {
        ((540,), (40,), ("b", "p")),
        ((120,), (-180,), ("p",)),
    }
    facts = [v.facts for v in result.violations if v.code == "pendant_over_band"]
    assert facts
    assert facts[0]["atoms"] == "b"
    assert facts[0]["land"] == "p"
    assert facts[0]["together"] == 540


def test_a_piece_that_fits_with_no_neighbour_says_so():
    graph = town("aab\nccb", {"a": 250, "b": 260, "c": 270}, classes={})
    (said,) = assess(graph, Rules(max_households=500))
    assert (said.feasible, said.reason) == ("no", "hemmed_in")
    assert said.near_misses[0].sizes == (510,)


def test_near_misses_stand_in_results_and_violations():
    result = draw(town("ab", {"a": 275, "b": 275}), Rules())
    (answer,) = result.communities
    assert {miss.n_grids for miss in answer.near_misses} == {1, 2}
    assert result.violations[0].facts["near"] == told(answer.near_misses)
    assert told(answer.near_misses) == "1: 550 (+50); 2: 275 (-25), 275 (-25)"
    lumpy = draw(mesh(8, 5, 130, 1.0, 480), Rules())
    assert lumpy.communities[0].near_misses[0].distances
    assert all(v.facts["near"] for v in lumpy.violations)


def test_near_misses_of_huge_counts_take_no_time():
    rules = Rules(min_households=200, max_households=200, target_households=200)
    one, two = near_misses(10**12 + 1, rules)
    assert one.n_grids + 1 == two.n_grids or two.n_grids + 1 == one.n_grids
    assert len(one.sizes) <= 2


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("households", -1, "graph_count_negative"),
        ("households", 2**60, "graph_count_huge"),
        ("population", -5, "graph_count_negative"),
        ("largest_building", -5, "graph_count_negative"),
        ("area_m2", np.nan, "graph_not_finite"),
        ("x_m", np.inf, "graph_not_finite"),
        ("inertia_m2", np.nan, "graph_not_finite"),
        ("community_index", 7, "graph_community_wrong"),
        ("estate_index", 7, "graph_estate_wrong"),
    ],
)
def test_a_graph_that_makes_no_sense_is_refused_with_the_piece_named(column, value, code):
    graph = town("abc", 200)
    values = getattr(graph, column).copy()
    values[1] = value
    for ask in (draw, assess):
        with pytest.raises(InputError) as caught:
            ask(replace(graph, **{column: values}), Rules())
        assert [fault.code for fault in caught.value.faults] == [code]
        assert caught.value.facts["id"] == "b"


def test_households_that_are_no_numbers_are_refused():
    graph = town("abc", 200)
    with pytest.raises(InputError, match="graph_not_finite"):
        draw(replace(graph, households=np.array([1.0, np.nan, 3.0])), Rules())


def test_contacts_that_can_not_be_are_refused():
    graph = town("abc", 200)
    with pytest.raises(InputError, match="graph_contact_wrong"):
        draw(replace(graph, edge_b=np.array([1, 9], np.int32)), Rules())
    with pytest.raises(InputError, match="graph_not_finite"):
        draw(replace(graph, edge_length_m=np.array([50.0, -1.0])), Rules())
    two = town("ab", 200, communities={"X": "a", "Y": "b"})
    joined = replace(
        two,
        edge_a=np.array([0], np.int32),
        edge_b=np.array([1], np.int32),
        edge_length_m=np.array([50.0]),
        edge_class=np.array([1], np.int32),
        edge_passable=np.array([True]),
    )
    with pytest.raises(InputError, match="graph_contact_crosses"):
        draw(joined, Rules())


def test_a_band_upside_down_is_refused():
    with pytest.raises(InputError, match="rules_band_empty"):
        Rules(min_households=500, max_households=300)


@pytest.mark.parametrize(
    ("text", "households", "options"),
    [
        ("a.b\n...\nc.d", 200, {}),  # four islands
        ("ab..\ncd..\n..ef\n..gh", 150, {}),  # two halves that touch in a corner
        ("a.\n.b", 300, {}),  # a corner and nothing else
        ("azb\nzzz\nczd", {"a": 300, "b": 300, "c": 299, "d": 1}, {}),
        ("aabb\nccdd", {"a": 10**9, "b": 0, "c": 1, "d": 400}, {}),
        ("abcd", {"a": 0, "b": 0, "c": 0, "d": 0}, {}),
        ("aabb\naabb", {"a": 250, "b": 250}, {"estates": {"E": "ab"}}),
        ("abcd\nefgh", 100, {"communities": {"X": "abef", "Y": "cdgh"}, "estates": {"E": "bc"}}),
        ("a.bc\nd.ef", 120, {"estates": {"E": "ab"}}),  # an estate on two islands
        ("abcdefgh", 100, {"estates": {"E": "ah"}}),  # an estate in two places
        ("abcd\nefgh", dict.fromkeys("abcdefgh", 130), {"estates": {"E": "abcd"}, "estate_kinds": {"E": "park"}}),
        ("abcd\nefgh", 40, {"rural": ["C"], "estates": {"E": "bc"}, "estate_kinds": {"E": "park"}}),
    ],
)
@pytest.mark.parametrize("mode", ["village", "villager_group", "banded"])
@pytest.mark.parametrize("joins", [True, False])
def test_awkward_land_gives_a_plan_that_the_check_accepts(text, households, options, mode, joins):
    rules = Rules(rural_mode=mode, join_small_parts=joins, estate_cap=600)
    land = territory(text, households, **options)
    atoms = build_atoms(land, max_households=rules.max_households, estate_cap=rules.estate_cap, report=QualityReport())
    result = draw(atoms.graph, rules)
    filed = file_plan(land, atoms, result)
    report = verify(filed, land, rules)
    assert report.faults == ()
    for grid in result.plan.grids:
        if grid.kind == "standard" and not grid.within_band:
            assert grid.reason is not None


def test_a_lock_that_cuts_an_estate_is_refused():
    graph = town("abcd", 120, estates={"E": "ab"})
    with pytest.raises(Conflict, match="lock_cuts_estate"):
        draw(graph, Rules(), locks=[Lock("1", ("b", "c"))])
    whole = draw(graph, Rules(), locks=[Lock("1", ("a", "b", "c"))])
    assert len(whole.plan.grids) == 2


def test_a_dead_worker_changes_no_byte():
    graph = many_communities(4, 8, 8)
    quiet = draw(graph, Rules(), seed=2, workers=1)
    pool = Pool(2)
    killed = []

    class Killer:
        """At the first answer one worker dies: it works on something, or is just being given it."""

        def stage(self, name: str, total: int | None = None) -> None:
            pass

        def advance(self, steps: int = 1) -> None:
            if not killed:
                killed.append(pool.pids()[0])
                os.kill(killed[0], signal.SIGKILL)

    try:
        rough = draw(graph, Rules(), seed=2, executor=pool, progress=Killer())
    finally:
        pool.close()
    assert killed
    assert rough.plan.atom_grid.tobytes() == quiet.plan.atom_grid.tobytes()
    assert rough.plan.grids == quiet.plan.grids


@pytest.mark.parametrize("workers", [1, 2])
def test_called_off_in_the_middle_the_best_plan_so_far_covers_everything(workers):
    graph = many_communities(8, 14, 14)
    over = threading.Event()
    finished = []

    class Watch:
        def stage(self, name: str, total: int | None = None) -> None:
            pass

        def advance(self, steps: int = 1) -> None:
            finished.append(steps)
            over.set()

    result = draw(graph, Rules(), workers=workers, is_called_off=over.is_set, progress=Watch())
    assert (result.plan.atom_grid >= 0).all()
    stopped = {community.stopped_by for community in result.communities}
    assert "cancel" in stopped
    assert "clock" not in stopped
    assert sum(finished) == 8


def test_the_seconds_hold_and_every_community_gets_its_share(monkeypatch):
    # By a clock of its own, on which every look costs a hundredth of a second: the same on any machine.
    now = 0.0

    def look() -> float:
        nonlocal now
        now += 0.01
        return now

    shares = {}

    def solve(task, is_called_off):
        shares[task.number] = task.deadline - now
        return solve_task(task, is_called_off)

    monkeypatch.setattr(time, "monotonic", look)
    monkeypatch.setattr(spread, "solve_task", solve)
    graph = many_communities(4, 14, 14)
    result = draw(graph, Rules(), stop=Stop(seconds=3.0, effort=100.0))
    assert 2.5 < now < 3.5
    assert len(shares) == 4
    assert min(shares.values()) > 0.5 * 3.0 / 4
    assert (result.plan.atom_grid >= 0).all()
    assert {community.stopped_by for community in result.communities} == {"clock"}
    assert all(community.feasible == "yes" for community in result.communities)


def test_workers_leave_off_when_the_time_is_up():
    # A hundred times the usual work would last for minutes: only the clock can have ended it.
    graph = many_communities(8, 14, 14)
    result = draw(graph, Rules(), workers=2, stop=Stop(seconds=10.0, effort=100.0))
    assert (result.plan.atom_grid >= 0).all()
    assert "clock" in {community.stopped_by for community in result.communities}


def test_enough_time_changes_no_byte():
    graph = many_communities(3, 8, 8)
    free = draw(graph, Rules(), seed=1)
    timed = draw(graph, Rules(), seed=1, stop=Stop(seconds=600.0))
    assert free.plan.atom_grid.tobytes() == timed.plan.atom_grid.tobytes()
    assert {community.stopped_by for community in timed.communities} <= {"done", "work"}


def test_a_river_and_an_estate_over_it_stay_lawful():
    graph = town(
        "ab\ncd",
        {"a": 200, "b": 150, "c": 200, "d": 150},
        barriers={"ac": EdgeClass.WATER, "bd": EdgeClass.WATER},
        estates={"E": "ac"},
        estate_dedicated={"E": False},
    )
    result = draw(graph, Rules())
    grids = {name: int(g) for name, g in zip(graph.atom_ids, result.plan.atom_grid)}
    assert grids["a"] == grids["c"]
