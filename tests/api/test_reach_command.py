"""``gridwright reach`` from files to a folder: promises, doors, rings, and posts that are proposed."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.cli import main
from gis.readers.territory_file import read_territory
from tests.coverage_runs import Run, drawn_town, notes_of, reach, spots_of  # noqa: F401
from tests.drawn_town import DrawnTown
from tests.patrol_runs import codes, grids_of, redone


@pytest.fixture(scope="module")
def folder(drawn_town: DrawnTown, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of promises on the town, surveyed once."""
    out = tmp_path_factory.mktemp("reach") / "out"
    files = [str(drawn_town.territory), str(drawn_town.plan)]
    assert main(["reach", *files, "--out", str(out), "--lang", "en"]) in (0, 1)
    return out


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_every_promise_is_told_by_day_and_by_night(folder: Path) -> None:
    content = summary(folder)
    told = {(row["rule"], row["band"]) for row in content["rules"]}
    assert told == {(rule, band) for rule in ("1", "3", "5", "30", "circle15") for band in ("day", "night")}
    for row in content["rules"]:
        shares = row["shares"]
        assert 0 <= shares["households_in"] <= shares["households"]
        assert shares["buildings_in"] <= shares["buildings"]
        inside = [ring["households_in"] for ring in row["ring"]]
        assert inside == sorted(inside)
        assert [ring["minutes"] for ring in row["ring"]] == sorted({1.0, 3.0, 5.0, row["minutes"]})


def test_households_of_the_promises_are_those_of_the_land(folder: Path, drawn_town: DrawnTown) -> None:
    households = int(read_territory(drawn_town.territory)["buildings"]["households"].sum())
    content = summary(folder)
    for row in content["rules"]:
        assert row["shares"]["households"] == households
        grids = [g for g in content["grids"] if (g["rule"], g["band"]) == (row["rule"], row["band"])]
        assert sum(g["households"] for g in grids) <= households + 1e-6
        assert sum(g["households_in"] for g in grids) <= row["shares"]["households_in"] + 1e-6


def test_a_promise_is_kept_when_its_share_is_reached_and_the_worst_door_is_named(folder: Path) -> None:
    for row in summary(folder)["rules"]:
        if row["n_posts"] == 0:
            assert row["is_kept"] in (None, False)
            continue
        if row["target_frac"] >= 1 and row["is_kept"] is not None:
            late = row["unreachable"] > 0 or row["worst_s"] > row["minutes"] * 60
            assert row["is_kept"] == (not late)
        reached = [door["seconds"] for door in row["worst"] if door["seconds"] is not None]
        assert reached == sorted(reached, reverse=True)
        assert bool(reached) == (row["worst_s"] is not None)
        if reached:
            assert reached[0] == pytest.approx(row["worst_s"], abs=0.01)
        assert all(door["post"] for door in row["worst"] if door["seconds"] is not None)


def test_no_door_is_reached_sooner_than_a_bird_flies(folder: Path, drawn_town: DrawnTown) -> None:
    territory = read_territory(drawn_town.territory)
    posts = territory["posts"].set_index("id")
    speed = {"foot": 4.5, "ebike": 18.0, "car": 40.0}
    shapes = {name: territory[name].set_index("id").geometry for name in ("buildings", "key_places")}
    for row in summary(folder)["rules"]:
        factor = 1.2 if row["band"] == "night" else 1.0
        for door in row["worst"]:
            if door["seconds"] is not None:
                metres = posts.geometry[door["post"]].distance(shapes[door["layer"]][door["id"]])
                assert door["seconds"] >= metres / (speed[row["mode"]] * factor / 3.6) - 0.5


def test_rings_hold_each_other_and_the_shares_of_street(folder: Path, drawn_town: DrawnTown) -> None:
    crs = read_territory(drawn_town.territory).crs
    rings = gpd.read_file(folder / "rings-3-day.geojson").to_crs(crs)
    streets = rings[rings["part"] == "streets"].sort_values("minutes")
    metres = streets.geometry.length.tolist()
    assert metres == sorted(metres)
    polygons = rings[rings["part"] == "ring"].sort_values("minutes").geometry
    for inner, outer in pairwise(polygons):
        assert inner.difference(outer.buffer(5.0)).area < 0.02 * inner.area


def test_the_folder_holds_what_its_index_lists(folder: Path) -> None:
    content = summary(folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([*content["files"], "summary.json"])
    assert {"reach.html", "reach.xlsx", "rings-30-night.geojson"} <= set(names)
    assert content["form"] == "gridwright reach"
    assert content["faults"] == []
    assert content["checked"]["doors"] > 1_000


def test_same_input_same_bytes(folder: Path, drawn_town: DrawnTown, tmp_path: Path) -> None:
    out = tmp_path / "again"
    files = [str(drawn_town.territory), str(drawn_town.plan)]
    main(["reach", *files, "--out", str(out), "--lang", "en"])
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in folder.iterdir())
    for path in sorted(out.iterdir()):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_minutes_and_posts_of_the_command_line_make_promises_of_their_own(reach: Run) -> None:
    status, answer = reach("--posts", "patrol", "--minutes", "1,3,5", "--mode", "foot", "--band", "day", "--no-pages")
    assert [(row["rule"], row["minutes"], row["posts"], row["mode"]) for row in answer["rules"]] == [
        (str(minutes), float(minutes), ["patrol"], "foot") for minutes in (1, 3, 5)
    ]
    fracs = [row["frac"] for row in answer["rules"]]
    assert fracs == sorted(fracs)
    assert fracs[0] < 1.0
    assert status == 1


@pytest.mark.parametrize("goal", ["center", "median", "most", "cover"])
def test_posts_are_proposed_with_their_bound(reach: Run, goal: str) -> None:
    words = ("--posts", "patrol", "--minutes", "3", "--mode", "foot", "--band", "day", "--no-pages")
    _, answer = reach(*words, "--add", "2", "--goal", goal)
    (siting,) = answer["siting"]
    assert siting["goal"] == goal
    assert [p["rank"] for p in siting["proposals"]] == list(range(1, siting["n"] + 1))
    assert siting["households_in_after"] >= siting["households_in_before"]
    if goal == "cover":
        assert siting["after"] == siting["before"] + siting["n"]
        assert siting["after"] >= siting["bound"]
        return
    assert siting["n"] <= 2
    if goal == "most":
        assert siting["before"] < siting["after"] <= siting["bound"] + 1e-6
    else:
        assert siting["before"] > siting["after"] >= siting["bound"] - 1e-6


def test_no_post_to_add_is_an_answer(reach: Run) -> None:
    status, answer = reach("--posts", "patrol", "--minutes", "1", "--mode", "foot", "--add", "0", "--no-pages")
    assert status == 1
    assert all(siting["proposals"] == [] for siting in answer["siting"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--minutes", "soon"), ["coverage_minutes_wrong"]),
        (("--minutes", "0"), ["coverage_settings_out_of_range"]),
        (("--posts", "castle", "--minutes", "5"), ["coverage_settings_not_one_of"]),
        (("--band", "dusk", "dawn"), ["coverage_band_unknown", "coverage_band_unknown"]),
        (("--add", "-1"), ["option_out_of_range"]),
        (("--add", "1", "--rule", "99"), ["coverage_rule_unknown"]),
        (("--goal", "best"), ["usage_choice"]),
        (("--mode", "horse"), ["usage_choice"]),
        (("--settings", "no-such.toml"), ["coverage_settings_missing"]),
        (("--seconds", "nan"), ["option_out_of_range"]),
    ],
)
def test_wishes_that_can_not_be_met_are_refused_with_a_remedy(
    reach: Run, tmp_path: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    status, answer = reach(*words)
    assert (status, codes(answer)) == (2, expected)
    assert all("?" not in fault["message"] for fault in answer["error"]["faults"])
    assert not (tmp_path / "reach").exists()


def test_a_post_off_the_streets_is_told_and_the_rest_goes_on(
    reach: Run, folder: Path, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    territory = read_territory(drawn_town.territory)
    posts = territory["posts"].copy()
    x0, y0, *_ = territory["streets"].total_bounds
    posts.loc[0, "geometry"] = shapely.Point(x0 - 2_000, y0)
    moved, plan = redone(territory.with_layers(posts=posts), drawn_town, tmp_path)
    _, answer = reach("--no-pages", territory=moved, plan=plan)
    off = {row["post"]: row["off_m"] for row in answer["posts_off"]}
    assert set(off) == {posts["id"].iloc[0]}
    assert off[posts["id"].iloc[0]] > 1_500
    assert "warn_reach_post_off" in notes_of(answer)
    kind = posts["kind"].iloc[0]
    before = {(row["rule"], row["band"]): row["n_posts"] for row in summary(folder)["rules"]}
    for row in answer["rules"]:
        fewer = int(not row["posts"] or kind in row["posts"]) * (row["n_posts"] > 0)
        assert row["n_posts"] >= before[row["rule"], row["band"]] - fewer


def test_doors_that_nobody_reaches_are_listed_and_count_as_not_reached(
    reach: Run, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    territory = read_territory(drawn_town.territory)
    streets = territory["streets"]
    homes = territory["buildings"]
    x0, y0, x1, y1 = territory["communities"].total_bounds
    # No street within a quarter of the land: what stands there is off the network.
    corner = shapely.box(x0, y0, (x0 + x1) / 2, (y0 + y1) / 2)
    kept = streets[~streets.intersects(corner)]
    cut, plan = redone(territory.with_layers(streets=kept), drawn_town, tmp_path)
    _, answer = reach("--minutes", "30", "--no-pages", territory=cut, plan=plan)
    row = answer["rules"][0]
    far = homes.geometry.distance(kept.union_all()) > 200.0
    assert far.any()
    assert row["unreachable"] >= int(far.sum())
    assert row["is_kept"] is False
    assert row["shares"]["households"] == int(homes["households"].sum())
    assert row["shares"]["households_in"] <= int(homes["households"][~far].sum())
    assert row["worst"][0]["seconds"] is None
    assert "warn_reach_doors_off" in notes_of(answer)


def test_a_town_without_posts_keeps_no_promise_and_one_without_streets_is_refused(
    reach: Run, drawn_town: DrawnTown, tmp_path: Path
) -> None:
    territory = read_territory(drawn_town.territory)
    nobody, plan = redone(territory.with_layers(posts=territory["posts"].iloc[:0]), drawn_town, tmp_path)
    status, answer = reach("--minutes", "5", "--no-pages", territory=nobody, plan=plan)
    assert status == 1
    assert {(row["n_posts"], row["is_kept"]) for row in answer["rules"]} == {(0, False)}
    assert all(row["shares"]["households_in"] == 0 for row in answer["rules"])
    bare, plan = redone(territory.with_layers(streets=territory["streets"].iloc[:0]), drawn_town, tmp_path)
    assert codes(reach(territory=bare, plan=plan)[1]) == ["reach_streets_none"]


def test_posts_without_a_vehicle_do_not_come_by_car(reach: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    territory = read_territory(drawn_town.territory)
    posts = territory["posts"].copy()
    posts["vehicles"] = 0
    parked, plan = redone(territory.with_layers(posts=posts), drawn_town, tmp_path)
    _, answer = reach("--minutes", "5", "--no-pages", territory=parked, plan=plan)
    assert {row["n_posts"] for row in answer["rules"]} == {0}
    _, answer = reach("--minutes", "5", "--mode", "foot", "--band", "day", "--no-pages", territory=parked, plan=plan)
    assert {row["n_posts"] for row in answer["rules"]} == {len(posts)}


def test_the_ring_minutes_of_a_town_at_forty_kmh(reach: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    """No street in a ring is farther along the streets, so none is farther as the crow flies, than 667 m a minute."""
    territory = read_territory(drawn_town.territory)
    post = territory["posts"][territory["posts"]["kind"] == "police"].iloc[:1]
    alone, plan = redone(territory.with_layers(posts=post), drawn_town, tmp_path)
    _, answer = reach("--posts", "police", "--minutes", "1", "--band", "day", "--no-pages", territory=alone, plan=plan)
    if not answer["rules"][0]["n_posts"]:
        _, answer = reach(
            *("--posts", "police", "--minutes", "1", "--band", "day", "--mode", "ebike", "--no-pages"),
            territory=alone,
            plan=plan,
        )
    rings = gpd.read_file(Path(answer["folder"]) / "rings-1-day.geojson").to_crs(territory.crs)
    one = rings[(rings["part"] == "streets") & (rings["minutes"] == 1)].geometry.iloc[0]
    far = np.hypot(*(shapely.get_coordinates(one) - shapely.get_coordinates(post.geometry.iloc[0])[0]).T)
    assert 0 < far.max() <= 40 / 3.6 * 60 + 1.0


def test_worst_doors_lie_where_they_are_said_to(folder: Path, drawn_town: DrawnTown) -> None:
    territory = read_territory(drawn_town.territory)
    grids = grids_of(drawn_town).set_index("code")
    for row in summary(folder)["rules"]:
        for door, spot in zip(row["worst"], spots_of(row["worst"], territory.crs)):
            shape = territory[door["layer"]].set_index("id").geometry[door["id"]]
            assert shape.distance(spot) < 5.0
            if door["grid"]:
                assert grids.geometry[door["grid"]].distance(spot) < 5.0
