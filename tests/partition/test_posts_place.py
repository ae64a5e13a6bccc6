"""Posts proposed on the sample town: counted door by door, against every choice of a few sites."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from data.sample.town import make_town
from gis.errors import InputError
from gis.streets import Mode
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.posts.place import site_posts
from partition.coverage.posts.spots import find_sites, nearest_nodes
from partition.coverage.posts.types import Goal, PostsAnswer
from partition.coverage.reach.arrival import SAME_S, arrive
from partition.coverage.reach.doors import door_seconds
from partition.coverage.reach.survey import start_seconds, survey_reach
from partition.coverage.reach.types import ReachSurvey
from partition.coverage.settings import Band, ReachRule, ReachSettings

RULES = (
    ReachRule("homes", 1.0, frozenset({"police"}), frozenset(), Mode.EBIKE),
    ReachRule("schools", 1.0, frozenset({"police"}), frozenset({"学校", "银行"}), Mode.CAR),
    ReachRule("nobody", 2.0, frozenset({"no such kind"}), frozenset(), Mode.CAR),
    ReachRule("nothing", 2.0, frozenset(), frozenset({"no such place"}), Mode.CAR),
)
SETTINGS = ReachSettings(rules=RULES, bands=(Band("day", 0.8),), turn_out_s=20.0)
HOMES, SCHOOLS, NOBODY, NOTHING = range(4)


@pytest.fixture(scope="module")
def territory() -> Territory:
    return make_town(3000, seed=4).territory


@pytest.fixture(scope="module")
def land(territory: Territory) -> Land:
    table = territory["communities"].sort_values("code")
    codes, n = tuple(table["code"].astype(str)), len(table)
    shapes = np.asarray(table.geometry.array, dtype=object)
    area = table.geometry.area.to_numpy()
    return Land(codes, codes, ("",) * n, ("",) * n, ("urban",) * n, shapes, area, np.zeros(n))


@pytest.fixture(scope="module")
def survey(territory: Territory, land: Land) -> ReachSurvey:
    return survey_reach(territory, land, SETTINGS)


@pytest.fixture(scope="module")
def spots(territory: Territory) -> np.ndarray:
    x0, y0, x1, y1 = territory["communities"].total_bounds
    return np.random.default_rng(0).uniform((x0, y0), (x1, y1), (7, 2))


def seconds_from(survey: ReachSurvey, rule: int, nodes: list[int]) -> np.ndarray:
    """To every door, from the posts of the survey and from these nodes."""
    reach = survey.rules[rule]
    network = survey.networks[reach.rule.mode.value]
    doors = survey.doors[reach.rule.mode.value, "key_places" if reach.rule.places else "buildings"]
    best = reach.door_s.copy()
    for node in nodes:
        arrival = arrive(network, [node], [0], start_s=survey.settings.turn_out_s, speed_factor=0.8)
        best = np.minimum(best, door_seconds(network, arrival, doors, survey.settings.off_street_kmh, 0.8)[0])
    return best


def objective(survey: ReachSurvey, rule: int, goal: Goal, seconds: np.ndarray) -> float:
    reach = survey.rules[rule]
    doors = survey.doors[reach.rule.mode.value, "key_places" if reach.rule.places else "buildings"]
    weight = np.ones(len(seconds)) if reach.rule.places else doors.households
    on = reach.promised & (doors.link >= 0)
    if goal is Goal.CENTER:
        return float(seconds[on].max())
    if goal is Goal.MEDIAN:
        return float(weight[on & (weight > 0)] @ seconds[on & (weight > 0)])
    return -float(weight[on & (seconds <= 60 * reach.rule.minutes + SAME_S)].sum())


def proposed(survey: ReachSurvey, rule: int, answer: PostsAnswer) -> list[int]:
    network = survey.networks[survey.rules[rule].rule.mode.value]
    nodes = [int(np.hypot(network.node_x - p.x, network.node_y - p.y).argmin()) for p in answer.proposals]
    assert all(
        (network.node_x[node], network.node_y[node]) == (p.x, p.y)
        for node, p in zip(nodes, answer.proposals, strict=True)
    )
    return nodes


@pytest.mark.parametrize("rule", [HOMES, SCHOOLS, NOBODY])
@pytest.mark.parametrize("goal", [Goal.CENTER, Goal.MEDIAN, Goal.MOST])
def test_two_posts_are_the_best_two_of_the_spots(
    territory: Territory, land: Land, survey: ReachSurvey, spots: np.ndarray, rule: int, goal: Goal
) -> None:
    answer = site_posts(territory, land, survey, rule=rule, goal=goal, add=2, candidates=spots)
    nodes = nearest_nodes(survey.networks[survey.rules[rule].rule.mode.value], spots).tolist()
    best = min(objective(survey, rule, goal, seconds_from(survey, rule, list(pair))) for pair in combinations(nodes, 2))
    mine = objective(survey, rule, goal, seconds_from(survey, rule, proposed(survey, rule, answer)))
    assert mine == pytest.approx(best, rel=1e-9)
    sign = -1.0 if goal is Goal.MOST else 1.0
    assert answer.after == pytest.approx(sign * mine, rel=1e-9)
    assert answer.before == pytest.approx(sign * objective(survey, rule, goal, survey.rules[rule].door_s), rel=1e-9)
    assert answer.is_proved
    assert answer.bound == answer.after


def test_gains_add_up_from_before_to_after(
    territory: Territory, land: Land, survey: ReachSurvey, spots: np.ndarray
) -> None:
    answer = site_posts(territory, land, survey, rule=HOMES, goal=Goal.MOST, add=4, candidates=spots)
    assert [p.rank for p in answer.proposals] == list(range(1, len(answer.proposals) + 1))
    assert all(p.gain > 0 for p in answer.proposals)
    assert answer.proposals[-1].total == pytest.approx(answer.after - answer.before)
    assert answer.after == pytest.approx(answer.households_in_after)
    assert answer.households_in_before == pytest.approx(survey.rules[HOMES].shares.households_in)
    assert answer.households == pytest.approx(survey.rules[HOMES].shares.households)


def test_as_few_as_it_takes_cover_every_door_that_can_be(territory: Territory, land: Land, survey: ReachSurvey) -> None:
    answer = site_posts(territory, land, survey, rule=HOMES, goal=Goal.COVER, add=0)
    seconds = seconds_from(survey, HOMES, proposed(survey, HOMES, answer))
    late = survey.rules[HOMES].promised & (seconds > 60 * RULES[HOMES].minutes + SAME_S)
    assert int(late.sum()) == answer.unreachable
    assert answer.after == survey.rules[HOMES].n_posts + len(answer.proposals)
    assert answer.bound <= answer.after


def test_times_run_from_the_post_to_the_door_along_one_way_streets(
    territory: Territory, land: Land, survey: ReachSurvey, spots: np.ndarray
) -> None:
    """Where every street is one-way, a post serves what lies ahead of it."""
    reach = survey.rules[SCHOOLS]
    network = survey.networks["car"]
    passing = network.passing_s.copy()
    passing[:, 1] = math.inf
    ahead = replace(network, passing_s=passing)
    posts = survey.post_node["car"]
    row = np.flatnonzero((posts >= 0) & (territory["posts"]["kind"] == "police").to_numpy())
    start = start_seconds(SETTINGS, Mode.CAR, survey.post_off_m["car"][row])
    arrival = arrive(ahead, posts[row], row, start_s=start, speed_factor=0.8)
    doors = survey.doors["car", "key_places"]
    door_s = door_seconds(ahead, arrival, doors, SETTINGS.off_street_kmh, 0.8)[0]
    changed = replace(
        survey,
        networks={**survey.networks, "car": ahead},
        rules=tuple(replace(reach, arrival=arrival, door_s=door_s) if r is reach else r for r in survey.rules),
    )
    answer = site_posts(territory, land, changed, rule=SCHOOLS, goal=Goal.MOST, add=1, candidates=spots)
    nodes = nearest_nodes(ahead, spots).tolist()
    best = max(-objective(changed, SCHOOLS, Goal.MOST, seconds_from(changed, SCHOOLS, [node])) for node in nodes)
    assert answer.after == pytest.approx(max(best, answer.before))


def test_the_same_question_has_the_same_answer(territory: Territory, land: Land, survey: ReachSurvey) -> None:
    one, two = (site_posts(territory, land, survey, rule=HOMES, goal=Goal.MEDIAN, add=2, seed=3) for _ in range(2))
    assert one == two
    assert all(p.grid in land.codes for p in one.proposals)
    assert any(p.near for p in one.proposals)


def test_what_was_refused_is_not_proposed_again(territory: Territory, land: Land, survey: ReachSurvey) -> None:
    first = site_posts(territory, land, survey, rule=HOMES, goal=Goal.MEDIAN, add=1)
    again = site_posts(
        territory, land, survey, rule=HOMES, goal=Goal.MEDIAN, add=1, refused={p.id for p in first.proposals}
    )
    assert again.proposals[0].id != first.proposals[0].id
    assert again.after >= first.after


def test_nothing_to_add_is_an_answer(territory: Territory, land: Land, survey: ReachSurvey) -> None:
    answer = site_posts(territory, land, survey, rule=HOMES, goal=Goal.CENTER, add=0)
    assert (answer.proposals, answer.before) == ((), answer.after)
    nobody = site_posts(territory, land, survey, rule=NOBODY, goal=Goal.CENTER, add=0)
    assert (nobody.proposals, nobody.after, nobody.households_in_after) == ((), math.inf, 0.0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rule": 9}, "posts_no_rule"),
        ({"add": -1}, "posts_add_negative"),
        ({"rule": NOTHING}, "posts_no_doors"),
        ({"candidates": np.zeros((0, 2))}, "posts_no_sites"),
        ({"candidates": np.zeros((1, 2)), "add": 2}, "posts_too_many"),
    ],
)
def test_questions_without_an_answer_are_refused(
    territory: Territory, land: Land, survey: ReachSurvey, change: dict[str, object], code: str
) -> None:
    asked: dict[str, object] = {"rule": HOMES, "goal": Goal.CENTER, "add": 1} | change
    with pytest.raises(InputError) as caught:
        site_posts(territory, land, survey, **asked)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_possible_sites_are_all_over_the_plan_and_not_too_many(
    territory: Territory, land: Land, survey: ReachSurvey
) -> None:
    network, doors = survey.networks["car"], survey.doors["car", "buildings"]
    few = find_sites(territory, land, network, doors, most=20)
    every = find_sites(territory, land, network, doors, most=10**6)
    assert 8 <= len(few) <= 20 < len(every)
    assert set(few.tolist()) <= set(every.tolist())
    spread = np.ptp(np.column_stack([network.node_x, network.node_y])[few], axis=0)
    assert (spread > 0.5 * np.ptp(np.column_stack([network.node_x, network.node_y])[every], axis=0)).all()


def test_streets_with_late_doors_get_the_finer_squares(territory: Territory, land: Land, survey: ReachSurvey) -> None:
    network, doors = survey.networks["car"], survey.doors["car", "buildings"]
    every = find_sites(territory, land, network, doors, most=10**6)
    corner = every[np.argsort(network.node_x[every] + network.node_y[every])[:40]]
    late = np.flatnonzero(np.isin(network.tail, corner) & np.isin(network.head, corner))
    without = find_sites(territory, land, network, doors, most=60)
    with_late = find_sites(territory, land, network, doors, late=late, most=60)
    assert len(with_late) <= 60
    assert np.isin(corner, with_late).sum() > 1.4 * np.isin(corner, without).sum()
