"""Varied routes: other starts and directions, the same streets and places, no second more."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from partition.patrol.problem import PatrolProblem, Route
from partition.patrol.schedule import passes_of, shift_key, vary
from partition.patrol.schedule.vary import Draws


def problem_of(
    links: list[tuple[int, int]], *, back_s: list[float] | None = None, posts: tuple[int, ...] = (), n_nodes: int = 9
) -> PatrolProblem:
    n = len(links)
    passing = np.full((n, 2), 10.0)
    if back_s is not None:
        passing[:, 1] = back_s
    return PatrolProblem(
        n_nodes=n_nodes,
        tail=np.array([u for u, _ in links], dtype=np.int32),
        head=np.array([v for _, v in links], dtype=np.int32),
        length_m=np.full(n, 100.0),
        passing_s=passing,
        inspecting_s=passing * 2,
        required=np.ones(n, dtype=bool),
        stop_node=np.array([1, 2], dtype=np.int32),
        stop_s=np.array([60.0, 30.0]),
        posts=np.array(posts, dtype=np.int32),
    )


def route_of(
    problem: PatrolProblem, steps: list[tuple[int, bool]], stops: list[tuple[int, int]] | None = None
) -> Route:
    """A route along links (position, passed from head to tail); the first pass of a link inspects it."""
    link = np.array([e for e, _ in steps], dtype=np.int32)
    back = np.array([b for _, b in steps], dtype=bool)
    inspects = np.array([e not in link[:i] for i, e in enumerate(link)], dtype=bool)
    first = problem.head[link[0]] if back[0] else problem.tail[link[0]]
    last = problem.tail[link[-1]] if back[-1] else problem.head[link[-1]]
    stops = stops or []
    route = Route(
        link=link,
        is_back=back,
        inspects=inspects,
        stop=np.array([s for s, _ in stops], dtype=np.int32),
        stop_step=np.array([k for _, k in stops], dtype=np.int32),
        start_node=int(first),
        end_node=int(last),
        seconds=0.0,
        length_m=float(problem.length_m[link].sum()),
        required_m=float(problem.length_m[link[inspects]].sum()),
    )
    return replace(route, seconds=seconds_of(problem, route))


def seconds_of(problem: PatrolProblem, route: Route) -> float:
    total = float(problem.stop_s[route.stop].sum())
    for e, back, inspects in zip(route.link.tolist(), route.is_back.tolist(), route.inspects.tolist()):
        total += float((problem.inspecting_s if inspects else problem.passing_s)[e, int(back)])
    return total


def nodes_of(problem: PatrolProblem, route: Route) -> list[int]:
    """Nodes that a route comes by; fails where two steps do not meet."""
    nodes = [route.start_node]
    for e, back in zip(route.link.tolist(), route.is_back.tolist()):
        begin, end = int(problem.tail[e]), int(problem.head[e])
        begin, end = (end, begin) if back else (begin, end)
        assert nodes[-1] == begin, "two steps do not meet"
        nodes.append(end)
    assert nodes[-1] == route.end_node
    return nodes


def check(problem: PatrolProblem, before: Route, after: Route) -> None:
    nodes = nodes_of(problem, after)
    assert Counter(before.link.tolist()) == Counter(after.link.tolist())
    assert Counter(before.link[before.inspects].tolist()) == Counter(after.link[after.inspects].tolist())
    assert Counter(before.stop.tolist()) == Counter(after.stop.tolist())
    assert np.all(np.diff(after.stop_step) >= 0)
    for stop, step in zip(after.stop.tolist(), after.stop_step.tolist()):
        assert nodes[step] == problem.stop_node[stop], "a stop is visited where it is not"
    assert after.seconds == pytest.approx(seconds_of(problem, after))
    assert after.seconds <= before.seconds + 1e-6
    assert after.length_m == before.length_m
    assert after.required_m == before.required_m
    if len(problem.posts):
        assert after.start_node in problem.posts
    assert (before.start_node == before.end_node) == (after.start_node == after.end_node)


# A square 0-1-2-3 with a dead end 2-4 and a second ring 2-5-6-2.
SQUARE = [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (2, 5), (5, 6), (6, 2)]
WALK = [(0, False), (1, False), (4, False), (4, True), (5, False), (6, False), (7, False), (2, False), (3, False)]
STOPS = [(0, 1), (1, 4)]


def test_a_closed_route_begins_elsewhere_and_goes_the_other_way_at_no_cost() -> None:
    problem = problem_of(SQUARE)
    route = route_of(problem, WALK, STOPS)
    walks = set()
    for day in range(60):
        varied = vary(problem, route, shift_key("plan", "001", f"2024-03-{day}", "am"))
        check(problem, route, varied)
        assert varied.seconds == pytest.approx(route.seconds)
        walks.add((tuple(varied.link.tolist()), tuple(varied.is_back.tolist())))
    assert len({w[0][0] for w in walks}) >= 6, "it always begins alike"
    assert len(walks) >= 25


def test_from_a_post_with_one_way_out_the_rings_behind_it_still_vary() -> None:
    problem = problem_of(SQUARE, posts=(0,))
    route = route_of(problem, WALK, STOPS)
    walks = set()
    for day in range(60):
        varied = vary(problem, route, shift_key("plan", "001", f"2024-03-{day}", "am"))
        check(problem, route, varied)
        walks.add((tuple(varied.link.tolist()), tuple(varied.is_back.tolist())))
    assert len(walks) >= 6


def test_two_halves_of_a_day_differ_and_the_same_half_does_not() -> None:
    problem = problem_of(SQUARE)
    route = route_of(problem, WALK, STOPS)
    am = vary(problem, route, shift_key("plan", "001", "2024-03-04", "am"))
    pm = vary(problem, route, shift_key("plan", "001", "2024-03-04", "pm"))
    again = vary(problem, route, shift_key("plan", "001", "2024-03-04", "am"))
    assert am.link.tolist() == again.link.tolist()
    assert am.is_back.tolist() == again.is_back.tolist()
    assert (am.link.tolist(), am.is_back.tolist()) != (pm.link.tolist(), pm.is_back.tolist())


def test_what_is_drawn_is_the_same_on_every_machine() -> None:
    draws = Draws("plan\n001\n2024-03-04\nam\n1")
    assert [draws.below(1000) for _ in range(4)] == [600, 681, 210, 311]
    assert sorted(draws.shuffled(9)) == list(range(9))


def test_a_one_way_ring_is_never_walked_against_its_direction() -> None:
    problem = problem_of(SQUARE[:4], back_s=[np.inf] * 4)
    route = route_of(problem, [(0, False), (1, False), (2, False), (3, False)])
    for day in range(20):
        varied = vary(problem, route, str(day + 1))
        check(problem, route, varied)
        assert not varied.is_back.any()


def test_the_slower_way_round_is_not_taken() -> None:
    problem = problem_of(SQUARE[:4], back_s=[11.0] * 4)
    route = route_of(problem, [(0, False), (1, False), (2, False), (3, False)])
    for day in range(20):
        assert not vary(problem, route, str(day + 1)).is_back.any()


def test_an_open_route_is_turned_round_only_where_its_end_is_a_post() -> None:
    path = [(0, 1), (1, 2), (2, 3)]
    steps = [(0, False), (1, False), (2, False)]
    ends = {}
    for posts in ((0,), (0, 3), ()):
        problem = replace(problem_of(path, posts=posts), is_open=True)
        route = route_of(problem, steps)
        ends[posts] = {vary(problem, route, str(day + 1)).start_node for day in range(20)}
    assert ends == {(0,): {0}, (0, 3): {0, 3}, (): {0, 3}}


def test_no_key_and_no_step_leave_a_route_as_it_is() -> None:
    problem = problem_of(SQUARE)
    route = route_of(problem, WALK, STOPS)
    assert vary(problem, route, "") is route
    nothing = np.zeros(0, dtype=np.int32)
    still = replace(route, link=nothing, is_back=nothing.astype(bool), inspects=nothing.astype(bool))
    assert vary(problem, still, "key") is still


def test_passes_tell_when_a_street_is_passed_and_wait_for_stops() -> None:
    problem = problem_of(SQUARE)
    passes = passes_of(problem, route_of(problem, WALK, STOPS))
    assert passes.street.tolist() == [e for e, _ in WALK]
    assert passes.from_s[0] == 0
    assert passes.to_s[0] == 20
    assert passes.from_s[1] == 80  # a minute at the first stop
    assert passes.from_s[4] == pytest.approx(80 + 20 + 20 + 10 + 30)


@st.composite
def walks(draw: st.DrawFn) -> tuple[PatrolProblem, Route, str]:
    """Random walks on a random graph with loops, parallel links and one-ways."""
    n_nodes = draw(st.integers(2, 6))
    node = st.integers(0, n_nodes - 1)
    links = draw(st.lists(st.tuples(node, node), min_size=2, max_size=12))
    back_s = draw(st.lists(st.sampled_from([10.0, 5.0, 14.0, np.inf]), min_size=len(links), max_size=len(links)))
    at = start = links[0][0]
    steps: list[tuple[int, bool]] = []
    for _ in range(draw(st.integers(1, 25))):
        ways = [(e, False) for e, (u, _) in enumerate(links) if u == at]
        ways += [(e, True) for e, (_, v) in enumerate(links) if v == at and np.isfinite(back_s[e])]
        if not ways:
            break
        steps.append(draw(st.sampled_from(ways)))
        e, back = steps[-1]
        at = links[e][0] if back else links[e][1]
    assume(steps)
    posts = draw(st.sampled_from([(), (start,), (start, at)]))
    problem = problem_of(links, back_s=back_s, posts=posts, n_nodes=n_nodes)
    nodes = nodes_of(problem, route_of(problem, steps))
    stops = []
    for stop in range(2):
        if problem.stop_node[stop] in nodes:
            stops.append(
                (stop, draw(st.sampled_from([k for k, n in enumerate(nodes) if n == problem.stop_node[stop]])))
            )
    stops.sort(key=lambda pair: pair[1])
    return problem, route_of(problem, steps, stops), draw(st.text(min_size=1, max_size=4))


@given(walks())
def test_any_variation_is_the_same_work(walk: tuple[PatrolProblem, Route, str]) -> None:
    problem, route, key = walk
    check(problem, route, vary(problem, route, key))
