"""Figures of incidents over HTTP, on both stores: the papers' figures, rankings, hot spots, former grids, refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import pytest
import shapely
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from api.cli import main
from api.usecases.incident_statistics import Question, statistics_of
from data.store import SqlStore
from data.store.codec import insert_rows
from data.store.rooms.tracks import TrackFigures, TrackKey, track_id
from data.store.tables.plans import plan_crosswalk
from gis.territory import Territory
from partition.incidents.periods import read_period
from tests.cell_plans import cell_plan
from tests.http_kit import code
from tests.incident_facts import NOVEMBER, NOW, fact, put, put_flags
from tests.postgis import postgis_server
from tests.service_town import COMMUNITIES, FIRST, SECOND, lon_lat, put_in_force, put_town
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
A, B, C, D = f"{FIRST}A", f"{FIRST}B", f"{SECOND}C", f"{SECOND}D"
DAY = timedelta(days=1)


def served(store: SqlStore) -> TestClient:
    put_town(store)
    return TestClient(create_app(store, ServiceSettings(now=lambda: NOW)))


@pytest.fixture
def http(store: SqlStore) -> Iterator[TestClient]:
    """The service over the small town, early in December."""
    return served(store)


def ask(http: TestClient, path: str = "", **parameters: Any) -> dict[str, Any]:
    answer = http.get(f"/v1/statistics{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def percent(row: dict[str, Any], rate: str) -> str | None:
    return row["rates"][rate]["text"]


def test_the_papers_figures_print_to_the_digit(embedded_store: SqlStore) -> None:
    http = served(embedded_store)
    tianmen = [fact(handled_h=20, kind="天门") for _ in range(737)]
    tianmen += [fact(handled_h=60, kind="天门") for _ in range(911 - 737)] + [
        fact(kind="天门") for _ in range(972 - 911)
    ]
    october = NOVEMBER - 30 * DAY
    changsha = [fact("C", october, handled_h=30, kind="长沙") for _ in range(4232)]
    changsha += [fact("C", october, kind="长沙") for _ in range(4330 - 4232)]
    put(embedded_store, tianmen + changsha)
    told = ask(http, at="2026-11", by="kind")
    (found,) = [row for row in told["groups"] if row["key"] == "天门"]
    assert (found["due"], found["due_handled"], found["due_in_time"]) == (972, 911, 737)
    assert (percent(found, "handled_of_due"), percent(found, "in_time_of_due")) == ("93.72", "75.82")
    told = ask(http, at="2026-10", by="grid")
    assert (told["total"]["received"], told["total"]["received_handled"]) == (4330, 4232)
    assert percent(told["total"], "handled_of_received") == "97.74"
    assert [row["received"] for row in told["groups"]] == [0, 0, 4330, 0]


def test_the_command_prints_and_writes_the_same(embedded_store: SqlStore, tmp_path: Any, capsys: Any) -> None:
    put_town(embedded_store)
    october = datetime(2025, 10, 10, tzinfo=UTC)
    put(embedded_store, [fact(when, october, handled_h=20 if i else None) for i in range(4) for when in "AB"])
    url = str(embedded_store.engine.url)
    out = tmp_path / "october.csv"
    asked = ["statistics", "--store", url, "--period", "month", "--at", "2025-10", "--by", "grid", "--out", str(out)]
    assert main([*asked, "--compare", "year", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "6 of 8 = 75.00 %" in said
    assert f"{A} 第A网格" in said
    assert "new" in said
    rows = list(csv.reader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["key", A, B, C, D, "total"]
    assert dict(zip(rows[0], rows[1]))["in_time_of_due_percent"] == "75.00"
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["due_in_time"] == 6
    assert main(["statistics", "--store", url, "--at", "2025-13"]) == 2


def test_groups_add_up_to_the_whole_whatever_they_are_by(store: SqlStore, http: TestClient) -> None:
    put(
        store,
        [
            fact("A", handled_h=5, arrived_h=0.01, level=1, result="settled", source="video", priority=1),
            fact("A", handled_h=60, level=0, result="settled"),
            fact("B", handled_h=6, level=2, result="transferred", kind="噪声扰民"),
            fact("B", state="cancelled", duplicate_of="i1"),
            fact("D", NOVEMBER - 15 * DAY, due_h=24 * 20, handled_h=24 * 18),
            fact("C", state="cancelled"),
            fact("C", NOW + DAY),
        ],
    )
    for by in ("grid", "community", "town", "kind", "level", "source", "priority", "time"):
        told = ask(http, at="2026-11-22", period="month", by=by, compare="period")
        assert told["period"]["label"] == "2026-11"
        whole = told["total"]
        for name in ("received", "received_handled", "due", "due_handled", "due_in_time", "handled"):
            assert sum(row[name] for row in told["groups"]) == whole[name], (by, name)
        assert (whole["received"], whole["duplicates"], whole["cancelled"]) == (3, 1, 1)
        assert (whole["due"], whole["due_handled"], whole["due_in_time"], whole["handled"]) == (4, 4, 3, 4)
        assert (whole["before"]["received"], whole["change"]["received"]["text"]) == (1, "+200")
        assert whole["settled"]["grid"] == {"n": 2, "of": 3, "frac": 2 / 3, "text": "66.67"}
        assert whole["minutes"]["to_arrive"] == 0.6
    told = ask(http, at="2026-11", by="grid")
    assert [row["key"] for row in told["groups"]] == [A, B, C, D]
    assert told["groups"][2]["received"] == 0
    assert percent(told["groups"][2], "handled_of_due") is None
    assert sum(row["households"] for row in told["groups"]) == told["total"]["households"]
    assert told["groups"][0]["per_1000"] == round(2000 / told["groups"][0]["households"], 2)


def test_a_fall_to_nothing_is_100_percent_and_a_rise_from_nothing_is_new(store: SqlStore, http: TestClient) -> None:
    before = NOVEMBER.replace(year=2025)
    kinds = {"盗窃": (100, 83), "诈骗": (50, 31), "火灾": (3, 0), "噪声": (0, 2)}
    put(store, [fact("A", before, kind=kind) for kind, (n, _) in kinds.items() for _ in range(n)])
    put(store, [fact("B", kind=kind) for kind, (_, n) in kinds.items() for _ in range(n)])
    told = ask(http, at="2026-11", by="kind", compare="year")
    assert told["compared"]["label"] == "2025-11"
    changes = {row["key"]: row["change"]["received"] for row in told["groups"]}
    assert {kind: changes[kind]["text"] for kind in kinds} == {
        "盗窃": "-17",
        "诈骗": "-38",
        "火灾": "-100",
        "噪声": None,
    }
    assert changes["噪声"]["trend"] == "new"
    table = http.get("/v1/statistics?at=2026-11&by=kind&compare=year", headers={"Accept": "text/csv"})
    assert table.headers["content-disposition"] == 'attachment; filename="statistics-2026-11-kind.csv"'
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert {row["key"]: row["received_change_percent"] for row in rows}["火灾"] == "-100"


def test_an_incident_stays_in_its_grid_or_follows_the_ground_to_those_of_today(
    store: SqlStore, http: TestClient
) -> None:
    put(store, [fact("A", handled_h=1) for _ in range(4)])
    _redraw(store, ("EEBB", "AABB", "CCDD", "CCDD"), [(A, A, 0.25), (A, f"{FIRST}E", 0.75)])
    then = ask(http, at="2026-11", by="grid")
    assert {row["key"]: row["received"] for row in then["groups"] if row["received"]} == {A: 4}
    now = ask(http, at="2026-11", by="grid", as_of="now")
    assert {row["key"]: row["received"] for row in now["groups"] if row["received"]} == {A: 1, f"{FIRST}E": 3}
    assert now["total"] == {**then["total"], **{k: now["total"][k] for k in ("households", "population")}}
    assert then["plans"] != now["plans"]
    old, new = (ask(http, at="2026-11", by="grid", plan=one["plans"][0]) for one in (then, now))
    assert [old["total"]["received"], new["total"]["received"]] == [4, 0]
    spots = ask(http, "/hotspots", at="2026-11", as_of="now")
    assert {row["key"]: row["count"] for row in spots["grids"] if row["count"]} == {A: 1, f"{FIRST}E": 3}
    assert spots["outside"] == 0


def test_months_at_the_bottom_are_urged_summoned_and_held_to_account(store: SqlStore, http: TestClient) -> None:
    months = [NOVEMBER - n * 30 * DAY for n in (2, 1, 0)]  # September, October, November
    put(store, [fact(grid, month, handled_h=1) for month in months for grid in "ABCD" for _ in range(5)])
    put(store, [fact("B", month) for month in months for _ in range(3)])
    put(store, [fact("D", months[2]) for _ in range(8)])
    told = ask(http, "/ranking", at="2026-11", months=3, indicators="in_time:2,handled:1")
    assert told["months"] == ["2026-09", "2026-10", "2026-11"]
    assert {row["key"]: (row["months"], row["step"]) for row in told["streaks"]} == {
        A: ([0, 0, 0], None),
        B: ([1, 2, 0], None),
        C: ([0, 0, 0], None),
        D: ([0, 0, 1], "supervise"),
    }
    assert [(row["key"], row["rank"]) for row in told["ranking"]] == [(A, 1), (C, 1), (B, 3), (D, 4)]
    assert [(row["key"], row["from_below"]) for row in told["bottom_up"]] == [(D, 1), (B, 2), (A, 3), (C, 3)]
    lined = ask(http, "/ranking", at="2026-11", months=3, indicators="in_time", line=50)
    assert {row["key"]: row["step"] for row in lined["streaks"]} == {A: None, B: "account", C: None, D: "supervise"}
    cards = ask(http, "/scorecards", at="2026-11", months=3, unit=B)["cards"]
    assert [(line["month"], line["rank"], line["run"]) for line in cards[0]["months"]] == [
        ("2026-09", 4, 1),
        ("2026-10", 4, 2),
        ("2026-11", 3, 0),
    ]
    assert (cards[0]["whole"]["due"], cards[0]["stars"] in range(1, 6)) == (24, True)
    assert code(http.get(f"/v1/statistics/scorecards?unit={SECOND}X")) == (404, "unit_not_ranked")
    table = http.get("/v1/statistics/ranking?at=2026-11&months=3", headers={"Accept": "text/csv"}).content
    assert next(iter(csv.reader(io.StringIO(table.decode("utf-8-sig")))))[:4] == ["rank", "key", "name", "score"]


def test_a_month_that_still_goes_on_is_put_beside_as_much_of_the_other(store: SqlStore, http: TestClient) -> None:
    december = NOW - 3 * DAY  # the 2nd; it is the 5th, four in the afternoon
    last_year = december.replace(year=2025)
    many = ((december, 2), (last_year, 2), (last_year + 18 * DAY, 5))
    put(store, [fact("A", at) for at, n in many for _ in range(n)])
    for by in ("kind", "time"):
        told = ask(http, at="2026-12", by=by, compare="year")
        assert told["compared"]["label"] == "2025-12-01/2025-12-05"
        assert told["compared"]["counted_until"] == "2025-12-05T08:00:00.000Z"
        assert told["total"]["change"]["received"]["text"] == "0"
        assert sum(row["before"]["received"] for row in told["groups"]) == 2
    assert ask(http, at="2026-12", compare="period")["compared"]["label"] == "2026-11-01/2026-11-05"
    assert ask(http, at="2026", compare="year")["compared"]["label"] == "2025-01-01/2025-12-05"
    assert ask(http, at="2026-11", compare="year")["compared"]["label"] == "2025-11"
    assert ask(http, at="2026-12-05", compare="year")["compared"]["label"] == "2025-12-05"


def test_a_grid_where_nothing_was_to_be_done_is_neither_ranked_nor_urged(store: SqlStore, http: TestClient) -> None:
    put(store, [fact("A", handled_h=1), *(fact("B") for _ in range(3))])
    told = ask(http, "/ranking", at="2026-11", months=1)
    assert [(row["key"], row["rank"]) for row in told["ranking"]] == [(A, 1), (B, 2), (C, None), (D, None)]
    assert {row["key"]: row["step"] for row in told["streaks"]} == {A: None, B: "supervise", C: None, D: None}


def test_whoever_reads_one_community_counts_that_one(store: SqlStore, http: TestClient) -> None:
    put(store, [fact("A"), fact("B"), fact("D")])
    with store.read(FIRST) as tx:
        told = statistics_of(tx, Question(read_period("2026-11"), "grid"), NOW)
    assert [(group.key, group.tally.received) for group in told.groups] == [(A, 1), (B, 1)]
    assert told.total.tally.received == 2


def test_a_planted_hot_spot_comes_out_with_its_seed(embedded_store: SqlStore) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXY"  # five by five grids of four cells
    drawing = tuple("".join(2 * one for one in letters[5 * (r // 2) : 5 * (r // 2) + 5]) for r in range(10))
    filed = cell_plan(drawing, plan_id="P-9")
    cell = {one: (2 * (i % 5) + 1.0, 2 * (i // 5) + 1.0) for i, one in enumerate(letters)}
    with embedded_store.write(act()) as tx:
        square = gpd.GeoDataFrame(
            {"code": [FIRST], "name": ["社区"], "kind": ["urban"]},
            geometry=[shapely.union_all(filed.grids.geometry)],
            crs=filed.grids.crs,
        )
        territory = tx.territories.save(Territory.of({"communities": square}, meta={}), "测试镇")
        plan = tx.plans.save(filed, territory_id=territory.id, name="方案", state="filed").id
        put_in_force(tx, plan, datetime(2020, 1, 1, tzinfo=UTC))
    hot = "ABFG"
    put(
        embedded_store,
        [fact() | {"spot": lon_lat(*cell[one])} for one in letters for _ in range(40 if one in hot else 4)],
    )
    http = TestClient(create_app(embedded_store, ServiceSettings(now=lambda: NOW)))
    told = ask(http, "/hotspots", at="2026-11", seed=5, value="raw")
    found = {row["key"][-1]: row["found"] for row in told["grids"]}
    assert {found[one] for one in hot} <= {"hot_99", "hot_95"}
    assert found["Y"] is None
    assert told == ask(http, "/hotspots", at="2026-11", seed=5, value="raw")
    assert told["grids"] != ask(http, "/hotspots", at="2026-11", seed=6, value="raw")["grids"]


def test_all_of_181_red_flags_are_gone(store: SqlStore, http: TestClient) -> None:
    put_flags(store, [(NOVEMBER - (20 + i) * DAY, NOVEMBER) for i in range(181)])
    told = ask(http, "/flags", at="2026-11")
    assert {name: told["total"][name] for name in ("before", "raised", "cleared", "open")} == {
        "before": 181,
        "raised": 0,
        "cleared": 181,
        "open": 0,
    }
    assert told["total"]["change"]["text"] == "-100"
    earlier = ask(http, "/flags", at="2026-10-31", period="day")["total"]
    assert (earlier["open"], sum(earlier["ages"])) == (181, 181)


def test_patrols_stand_beside_and_few_grids_have_no_hot_spots(store: SqlStore, http: TestClient) -> None:
    plan = http.get("/v1/statistics").json()["plans"][0]
    key = TrackKey(plan, 1, A, f"{A}-1", "foot", "2026-11-09", "am")
    with store.write(act(at=NOW)) as tx:
        figures = TrackFigures(10, 10, 2.0, 6.0, 100.0, 80.0)
        tx.tracks.add(track_id(key, b"x"), key, figures, {}, county="330402", community=FIRST)
    told = ask(http, at="2026-11", by="community")
    assert told["groups"][0]["patrol"] == {
        "tracks": 1,
        "hours": 2.0,
        "km": 6.0,
        "planned_m": 100.0,
        "covered_m": 80.0,
        "kmh": 3.0,
    }
    assert told["total"]["patrol"]["km"] == 6
    assert ask(http, at="2026-10", by="community")["total"]["patrol"]["tracks"] == 0
    put(store, [fact("A"), fact("B")])
    spots = ask(http, "/hotspots", at="2026-11", seed=3)
    assert [(row["key"], row["count"], row["found"], row["is_small"]) for row in spots["grids"]] == [
        *((A, 1, None, True), (B, 1, None, True), (C, 0, None, True), (D, 0, None, True))
    ]
    assert (spots["seed"], spots["permutations"]) == (3, 999)


def test_totals_that_were_counted_elsewhere_are_rated_in_the_same_way(store: SqlStore, http: TestClient) -> None:
    told = http.post(
        "/v1/statistics/rates",
        json={
            "totals": [
                {"name": "长沙", "received": 4330, "received_handled": 4232},
                {"name": "天门", "due": 972, "due_handled": 911, "due_in_time": 737},
                {"name": "石景山", "due": 6026, "due_handled": 5912},
            ],
            "changes": [{"name": "火灾", "now": 0, "before": 7}, {"name": "噪声", "now": 3, "before": 0}],
            "patrol": {"hours": 28577, "km": 85732, "people": 41959},
            "sweep": {"sweeps": 14, "buildings": 1987, "problems": 558},
        },
    ).json()
    changsha, tianmen, shijingshan = told["totals"]
    assert percent(changsha, "handled_of_received") == "97.74"
    assert percent(changsha, "handled_of_due") is None
    assert (percent(tianmen, "handled_of_due"), percent(tianmen, "in_time_of_due")) == ("93.72", "75.82")
    assert percent(shijingshan, "handled_of_due") == "98.11"
    assert [(row["text"], row["trend"]) for row in told["changes"]] == [("-100", "fell"), (None, "new")]
    assert (told["patrol"]["kmh"], told["patrol"]["km_each"], told["patrol"]["hours_each"]) == ("3.00", "2.04", "0.68")
    assert (told["sweep"]["buildings_per_sweep"], told["sweep"]["problems_per_building"]) == ("142", "0.28")
    wrong = http.post("/v1/statistics/rates", json={"totals": [{"name": "x", "due": 1, "due_handled": 2}]})
    assert code(wrong) == (422, "totals_inconsistent")


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("at=2026-13", 400, "period_malformed"),
        ("at=2026-11&period=day", 400, "period_malformed"),
        ("from=2026-11-02&to=2026-11-01", 400, "period_backwards"),
        ("from=2026-11-02", 400, "period_half"),
        ("from=2026-11-02&to=2026-11-03&at=2026", 400, "period_two_ways"),
        ("by=kind&as_of=now", 400, "as_of_needs_grid"),
        ("plan=nothing", 404, "plan_unknown"),
        ("by=person", 400, ""),
    ],
)
def test_questions_that_make_no_sense_are_refused(embedded_store: SqlStore, asked: str, status: int, said: str) -> None:
    answer = served(embedded_store).get(f"/v1/statistics?{asked}")
    assert answer.status_code == status, answer.text
    assert code(answer)[1] == said or not said


@pytest.mark.parametrize("indicators", ["theft", "in_time:0", "in_time:x", "in_time,in_time", "in_time:nan"])
def test_indicators_that_are_none_are_refused(embedded_store: SqlStore, indicators: str) -> None:
    answer = served(embedded_store).get("/v1/statistics/ranking", params={"indicators": indicators})
    assert code(answer)[1].startswith("indicator_")


def _redraw(store: SqlStore, drawing: tuple[str, ...], led: list[tuple[str, str, float]]) -> None:
    """Another plan in force from December on, and where the households of its former grids went."""
    with store.write(act(at=NOW)) as tx:
        territory = tx.territories.cards()[0].id
        filed = cell_plan(drawing, plan_id="P-2", communities={**COMMUNITIES, "E": FIRST})
        plan = tx.plans.save(filed, territory_id=territory, name="重划", state="filed").id
        county = tx.plans.card(plan).county
        put_in_force(tx, plan, datetime(2026, 12, 2, tzinfo=UTC))
        n = len(led)
        columns = {name: [row[i] for row in led] for i, name in enumerate(("old", "new", "share_of_old"))}
        columns |= {"fid": list(range(9_000, 9_000 + n)), "plan": [plan] * n, "share_of_new": [1.0] * n}
        columns |= {"households": [1] * n, "buildings": [0] * n, "relation": ["split"] * n}
        insert_rows(tx, plan_crosswalk, county, columns)
