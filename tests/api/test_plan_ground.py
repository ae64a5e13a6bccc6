"""A plan as the planner's desk reads it: the ground in one body, the plan on it, what lies beneath; on both stores."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
import shapely

from api.usecases.packed import MAGIC, pack, to_page
from api.usecases.plan_backdrop import MOST_FEATURES, Backdrop
from api.usecases.plan_desk import Desk, Place
from api.usecases.plan_ground import ground_pack, sheet_of_plan
from api.usecases.run_draw import run_draw
from data.store import SqlStore
from tests.plan_kit import drawn_town
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
_TYPES = {"i4": "<i4", "f4": "<f4", "u1": "<u1"}


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def unpacked(body: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Head and arrays of a packed body."""
    assert body[:4] == MAGIC
    n = int.from_bytes(body[4:8], "little")
    head = orjson.loads(body[8 : 8 + n])
    arrays = {
        name: np.frombuffer(body, _TYPES[kind], count, 8 + n + at)
        for name, (kind, at, count) in head.pop("arrays").items()
    }
    return head, arrays


def test_arrays_come_back_as_they_were_and_begin_where_a_browser_can_lay_them() -> None:
    given = {
        "a": np.arange(5, dtype=np.int32),
        "b": np.array([0.5, -1.25], np.float32),
        "c": np.array([1, 0, 1], np.uint8),
        "none": np.zeros(0, np.int32),
    }
    body = pack({"name": "溪口 🌾"}, given)
    head, arrays = unpacked(body)
    assert head == {"name": "溪口 🌾"}
    for name, array in given.items():
        np.testing.assert_array_equal(arrays[name], array)
    n = int.from_bytes(body[4:8], "little")
    assert (8 + n) % 8 == 0
    assert all(at % 8 == 0 for _, at, _ in orjson.loads(body[8 : 8 + n])["arrays"].values())


def test_borders_of_the_ground_are_as_long_as_what_touches(plans: PlanSite) -> None:
    town = plans.town
    place = Place(town.territory, town.rules, plans.ground)
    _, arrays = unpacked(ground_pack(place))
    xy = arrays["xy"].reshape(-1, 2) / 100
    metres: dict[tuple[int, int], float] = {}
    for first, n, a, b in zip(arrays["arc"], arrays["arc_n"], arrays["arc_a"], arrays["arc_b"]):
        if b >= 0 and arrays["community"][a] == arrays["community"][b]:
            key = (min(a, b), max(a, b))
            metres[key] = metres.get(key, 0.0) + float(np.hypot(*np.diff(xy[first : first + n], axis=0).T).sum())
    wanted = {
        (min(a, b), max(a, b)): float(m)
        for a, b, m in zip(arrays["touch_a"], arrays["touch_b"], arrays["touch_m"])
        if m > 0
    }
    assert len(wanted) > 50
    assert set(metres) == set(wanted)
    assert max(abs(metres[key] / wanted[key] - 1) for key in wanted if wanted[key] > 5) < 0.01


def test_rings_of_the_ground_are_its_outlines(plans: PlanSite) -> None:
    place = Place(plans.town.territory, plans.town.rules, plans.ground)
    head, arrays = unpacked(ground_pack(place))
    graph = plans.ground.graph
    assert head["atoms"] == list(graph.atom_ids)
    np.testing.assert_array_equal(arrays["households"], graph.households)
    xy, ring, atom_ring = arrays["xy"].reshape(-1, 2) / 100, arrays["ring"], arrays["atom_ring"]
    area = np.zeros(graph.n_atoms)
    for atom in range(graph.n_atoms):
        rings = [xy[ring[r] : ring[r + 1]] for r in range(atom_ring[atom], atom_ring[atom + 1])]
        assert all((one[0] == one[-1]).all() for one in rings)
        area[atom] = shapely.area(
            shapely.build_area(shapely.multilinestrings([shapely.linearrings(one) for one in rings]))
        )
    assert np.abs(area / graph.area_m2 - 1).max() < 0.02
    inside = shapely.contains_properly(
        plans.ground.lon_lat, shapely.points(_lon_lat(arrays["centre"].reshape(-1, 2), head["origin"]))
    )
    assert inside.all()


def _lon_lat(centimetres: np.ndarray, origin: list[float]) -> np.ndarray:
    shrink = np.cos(np.radians(origin[1]))
    return np.asarray(origin) + centimetres / 100 / np.array([111_320 * shrink, -111_320])


def test_centimetres_of_the_page_go_there_and_back() -> None:
    lon_lat = np.array([[112.9, 28.2], [112.95, 28.25]])
    origin = (112.92, 28.22)
    assert np.abs(_lon_lat(to_page(lon_lat, origin), list(origin)) - lon_lat).max() < 1e-7


def test_the_ground_is_asked_for_once_and_the_plan_on_it_after_every_edit(plans: PlanSite) -> None:
    ground, sheet = plans.get("ground"), plans.get("sheet")
    assert ground.status_code == sheet.status_code == 200, sheet.text
    tag = ground.headers["etag"]
    assert sheet.json()["ground"] == tag.strip('"')
    again = {"If-None-Match": tag}
    known = {"If-None-Match": sheet.headers["etag"]}
    client, path = plans.clients["li"], f"/v1/plans/{plans.plan}"
    assert client.get(f"{path}/ground", headers=again).status_code == 304
    assert client.get(f"{path}/sheet", headers=known).status_code == 304

    rng = np.random.default_rng(3)
    before = sheet.json()
    for body in plans.border_moves(plans.sheet(), rng):
        made = plans.post("wang", "moves", body)
        if made.status_code == 201:
            break
    assert client.get(f"{path}/ground", headers=again).status_code == 304
    after = client.get(f"{path}/sheet", headers=known)
    assert after.status_code == 200
    codes = {side: [row["code"] for row in told["grids"]] for side, told in (("b", before), ("a", after.json()))}
    ids = unpacked(ground.content)[0]["atoms"]
    moved = [
        [ids[i], codes["b"][one], codes["a"][two]]
        for i, (one, two) in enumerate(zip(before["atom_grid"], after.json()["atom_grid"]))
        if codes["b"][one] != codes["a"][two]
    ]
    assert moved
    assert sorted(map(list, made.json()["pieces"])) == sorted(moved)


def test_the_ground_is_the_same_to_readers_that_take_no_gzip(plans: PlanSite) -> None:
    path = f"/v1/plans/{plans.plan}/ground"
    plain = plans.clients["li"].get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with plans.clients["li"].stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        raw = b"".join(packed.iter_raw())
    assert gzip.decompress(raw) == plain.content


def test_the_sheet_names_the_ground_under_a_locked_building(plans: PlanSite) -> None:
    atom, names = next((at, names) for at, names in plans.ground.members.items() if names[0][0] == "building")
    lock = f"building:{names[0][1]}"
    assert plans.post("wang", "locks", {"locks": [lock]}).status_code == 200
    told = plans.get("sheet").json()
    assert told["locks"] == [lock]
    assert told["lock_atoms"] == {lock: atom}


def test_broken_rules_are_told_in_the_language_asked_for(plans: PlanSite) -> None:
    for body in plans.border_moves(plans.sheet(), np.random.default_rng(5)):
        made = plans.post("wang", "moves", body)
        if made.status_code == 201 and any(rule["code"] == "edited" for rule in made.json()["broken_rules"]):
            break
    told = {}
    for language in ("zh", "en"):
        answer = plans.clients["li"].get(f"/v1/plans/{plans.plan}/sheet", headers={"Accept-Language": language})
        told[language] = {
            row["grid"]: row["detail"] for row in answer.json()["broken_rules"] if row["code"] == "edited"
        }
    assert set(told["zh"]) == set(told["en"])
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in told["zh"].values())
    assert not any("\u4e00" <= sign <= "\u9fff" for text in told["en"].values() for sign in text)


@pytest.mark.parametrize("layer", ["buildings", "streets"])
def test_the_backdrop_of_a_window_is_what_lies_there(plans: PlanSite, layer: str) -> None:
    whole = plans.get(f"backdrop/{layer}")
    assert whole.status_code == 200
    head, arrays = unpacked(whole.content)
    table = plans.town.territory[layer]
    assert head["n_all"] == len(head["names"]) == len(table)
    assert arrays["line"][-1] == len(arrays["xy"]) // 2
    west, south, east, north = table.to_crs(4326).total_bounds
    window = f"{west},{south},{(west + east) / 2},{(south + north) / 2}"
    part, _ = unpacked(plans.get(f"backdrop/{layer}", bbox=window).content)
    near = table.to_crs(4326).intersects(shapely.box(west, south, (west + east) / 2, (south + north) / 2))
    assert 0 < part["n_all"] < head["n_all"]
    assert abs(part["n_all"] - int(near.sum())) <= 0.05 * head["n_all"] + 3  # by boxes


@pytest.mark.parametrize("window", ["", "1,2,3", "a,b,c,d", "3,2,1,4", "1,5,2,4", "-181,0,1,1", "nan,0,1,1"])
def test_a_window_that_is_none_is_refused(plans: PlanSite, window: str) -> None:
    answer = plans.get("backdrop/streets", bbox=window)
    assert answer.status_code in (400, 422)
    assert {row["code"] for row in answer.json()["faults"]} == {"bbox_wrong"}


def test_of_too_many_buildings_those_with_most_households_are_shown(plans: PlanSite, monkeypatch: Any) -> None:
    monkeypatch.setattr("api.usecases.plan_backdrop.MOST_FEATURES", 10)
    assert MOST_FEATURES > 10
    table = plans.town.territory["buildings"]
    head, arrays = unpacked(Backdrop(plans.town.territory, "buildings").window(None))
    assert head["n_all"] == len(table)
    assert sorted(arrays["weight"].tolist()) == sorted(table["households"].nlargest(10).tolist())


@pytest.mark.parametrize(("said", "is_estimate"), [(None, False), ("false", False), ("true", True)])
def test_the_sheet_says_whether_households_were_modelled(store: SqlStore, said: str | None, is_estimate: bool) -> None:
    town = drawn_town(6_000)
    meta = {key: value for key, value in town.territory.meta.items() if key != "households_modelled"}
    land = replace(town.territory, meta=meta if said is None else {**meta, "households_modelled": said})
    filed = run_draw(land, town.rules, seed=1).filed
    with store.write(act("li")) as tx:
        kept = tx.territories.save(land, f"town {said}")
        plan = tx.plans.save(filed, territory_id=kept.id, name="plan").id
    desk = Desk(store)
    place = desk.place(plan, "")
    with store.read() as tx:
        assert sheet_of_plan(desk, tx, tx.plans.card(plan), place, "en")["is_estimate"] is is_estimate
