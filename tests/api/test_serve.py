"""The pages of the service over a store: the list of plans and their maps, in either language."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from api.app import ServiceSettings, create_app
from data.store import SqlStore
from tests.service_town import put_town, town_plan
from tests.stores import act, embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def plan(store: SqlStore) -> str:
    return put_town(store)


@pytest.fixture
def client(store: SqlStore, plan: str) -> TestClient:
    settings = ServiceSettings(now=lambda: datetime(2026, 11, 22, 9, tzinfo=UTC))
    return TestClient(create_app(store, settings), headers=PAGE)


def test_the_first_page_lists_plans_with_their_figures_in_either_language(client, store, plan) -> None:
    page = client.get("/?lang=en").text
    assert f'href="/map/{plan}?lang=en"' in page
    assert "全域方案" in page
    assert "Open the map" in page
    households = sum(town_plan().grids["households"])
    assert re.search(rf"<dd>{households:,}</dd>|<dd>{households}</dd>", page)
    assert "100.0 %" in page
    assert "打开地图" in client.get("/?lang=zh").text
    assert "打开地图" in client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert "Open the map" in client.get("/?lang=en", headers={"Accept-Language": "zh-CN"}).text


def test_plans_in_force_come_before_all_others(client, store, plan) -> None:
    with store.write(act(at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC))) as tx:
        territory = tx.territories.cards()[0].id
        draft = tx.plans.save(town_plan("P-9"), territory_id=territory, name="一份草案").id
    page = client.get("/?lang=zh").text
    assert page.index("现行方案") < page.index(plan) < page.index("其他方案") < page.index(draft)


def test_a_store_without_plans_says_what_to_do(embedded_store: SqlStore) -> None:
    page = TestClient(create_app(embedded_store), headers=PAGE).get("/?lang=en").text
    assert "gridwright load" in page


def test_programs_get_links_and_browsers_the_page(client) -> None:
    assert "links" in client.get("/", headers={"Accept": "application/json"}).json()
    assert "links" in client.get("/?f=json").json()
    assert client.get("/").headers["content-type"].startswith("text/html")
    assert "Accept" in client.get("/").headers["vary"]


def test_the_map_of_a_plan_is_drawn_from_the_store(client, plan) -> None:
    answer = client.get(f"/map/{plan}?lang=en")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "第A网格" in answer.text
    assert "<title>全域方案</title>" in answer.text
    assert '"language":"en"' in answer.text
    assert client.head(f"/map/{plan}").status_code == 200


def test_a_map_is_drawn_once_a_revision(client, plan, monkeypatch) -> None:
    from maps import plan_map

    drawn = []
    draw = plan_map.render_plan_map
    monkeypatch.setattr(plan_map, "render_plan_map", lambda *a, **k: drawn.append(1) or draw(*a, **k))
    first, second = (client.get(f"/map/{plan}?lang=zh") for _ in range(2))
    assert first.content == second.content
    assert len(drawn) == 1
    unchanged = client.get(f"/map/{plan}?lang=zh", headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.get(f"/map/{plan}?lang=en").headers["etag"] != first.headers["etag"]


def test_maps_are_kept_on_disk_between_runs(embedded_store: SqlStore, tmp_path, monkeypatch) -> None:
    plan = put_town(embedded_store)
    settings = ServiceSettings(cache_folder=tmp_path / "maps")
    first = TestClient(create_app(embedded_store, settings)).get(f"/map/{plan}")
    monkeypatch.setattr("maps.plan_map.render_plan_map", lambda *a, **k: pytest.fail("drawn again"))
    second = TestClient(create_app(embedded_store, settings)).get(f"/map/{plan}", headers={"Accept-Encoding": ""})
    assert second.text == first.text
    assert "content-encoding" not in second.headers


@pytest.mark.parametrize("path", ["/", "/map/{plan}"])
def test_pages_allow_no_inline_script_or_style_but_their_own_and_no_frame(client, plan, path) -> None:
    policy = client.get(path.format(plan=plan)).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "style-src 'sha256-" in policy


@pytest.mark.parametrize("name", ["p000000000000", "plan.html", "%3Cimg%20src=x%3E", "..%2F..%2Fetc%2Fpasswd"])
def test_an_unknown_map_is_a_problem_with_a_way_out(client, name) -> None:
    answer = client.get(f"/map/{name}", headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("plan_unknown", "http_404")


def test_the_list_and_the_map_lead_to_the_desk(client, plan) -> None:
    assert f'href="/desk/plan?plan={plan}&amp;lang=en"' in client.get("/?lang=en", headers={"Accept": "text/html"}).text
    assert f'"desk":"/desk/plan?plan={plan}"' in client.get(f"/map/{plan}?lang=en").text
    assert client.get(f"/desk/plan?plan={plan}").status_code == 200
