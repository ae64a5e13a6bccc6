"""The incident map as a file, and opened in a real Chromium: every incident of the store, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from playwright.sync_api import Browser

from gis.errors import InputError
from gis.territory import Territory
from maps.incident_map import render_incident_map, write_incident_map
from maps.incidents.page import LOOKS, MappedIncidents, MapPeriod, look_of
from maps.incidents.words import incident_words
from maps.patrol.datum import clean
from partition.filed import FiledPlan
from partition.incidents.flow import STATES
from tests.axe_kit import grave_faults
from tests.e2e import test_plan_map_in_browser as plan_page
from tests.maps.plans import make_plan
from tests.maps.test_plan_map import HOSTILE, data_of

Plan = tuple[FiledPlan, Territory]
PERIOD = MapPeriod("2026-11-01", "2026-11-30", "Asia/Shanghai", "2026-12-01 08:00", 900)


def incidents_on(filed: FiledPlan, n: int = 900, seed: int = 1) -> MappedIncidents:
    rng = np.random.default_rng(seed)
    grids = filed.grids.to_crs(4326)
    x0, y0, x1, y1 = grids.total_bounds
    lon, lat = rng.uniform(x0, x1, n), rng.uniform(y0, y1, n)
    spot, grid = shapely.STRtree(grids.geometry.values).query(shapely.points(lon, lat), predicate="intersects")
    codes = np.full(n, "", dtype=object)
    codes[spot] = grids["code"].to_numpy()[grid]
    kinds = ("路面破损", "噪音扰民", HOSTILE, *plan_page.HOSTILE)
    return MappedIncidents(
        id=[f"i{k + 1}" for k in range(n)],
        kind=[kinds[k] for k in rng.integers(0, len(kinds), n)],
        state=[STATES[k] for k in rng.integers(0, len(STATES), n)],
        priority=rng.integers(1, 4, n).tolist(),
        lon=lon,
        lat=lat,
        received_at=(1_793_462_400 + rng.integers(0, 30 * 86_400, n)).astype(np.int64),
        grid=codes.tolist(),
        title=[plan_page.HOSTILE[k % len(plan_page.HOSTILE)] for k in range(n)],
        address=[f"解放路{k % 90}号" for k in range(n)],
        level=rng.integers(0, 4, n).tolist(),
        is_late=rng.random(n) < 0.1,
        called={"路面破损": {"zh": "路面破损", "en": "Broken road"}},
    )


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(24, 3)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from plan_page.browser.__wrapped__()


def test_the_page_holds_every_incident_once_and_its_place_to_a_decimetre(plan: Plan) -> None:
    incidents = incidents_on(plan[0])
    data = data_of(render_incident_map(incidents, PERIOD, *plan))
    told = data["incidents"]
    assert {len(column) for column in told.values()} == {len(incidents)} == {data["period"]["n_in_store"]}
    assert [data["kinds"][k] for k in told["kind"]] == [clean(one) for one in incidents.kind]
    assert [data["states"][k] for k in told["state"]] == list(incidents.state)
    assert [data["grid_codes"][k] for k in told["grid"]] == list(incidents.grid)
    at = np.array(told["spot"]) / 1e6 + data["origin"]
    assert np.abs(at - np.column_stack([incidents.lon, incidents.lat])).max() < 1e-6


def test_the_same_incidents_give_the_same_bytes_and_a_policy_that_forbids_every_request(plan: Plan) -> None:
    page = render_incident_map(incidents_on(plan[0]), PERIOD, *plan)
    assert page == render_incident_map(incidents_on(plan[0]), PERIOD, *plan)
    assert "default-src 'none'" in page
    assert all(text not in page for text in (HOSTILE, *plan_page.HOSTILE) if "<" in text)


def test_what_is_late_and_what_is_done_look_different() -> None:
    assert {look_of(state, late) for state in STATES for late in (False, True)} == set(LOOKS)
    assert look_of("received", True) == "late"
    assert look_of("closed", True) == "closed"


def test_both_languages_have_the_same_words() -> None:
    assert incident_words("zh").keys() == incident_words("en").keys()


def test_an_unknown_language_and_a_plan_without_grids_are_refused(plan: Plan) -> None:
    incidents = incidents_on(plan[0], 3)
    with pytest.raises(InputError, match="map_language_unknown"):
        render_incident_map(incidents, PERIOD, *plan, language="fr")


def test_in_a_browser_all_are_counted_filtered_and_only_text(plan: Plan, browser: Browser, tmp_path: Path) -> None:
    incidents = incidents_on(plan[0])
    path = tmp_path / "incidents.html"
    write_incident_map(incidents, PERIOD, *plan, path, language="en")
    drawn = "gridwright.incidentClusters().reduce((sum, one) => sum + one.ids.length, 0)"
    with plan_page.opened(browser, path, {"width": 1280, "height": 800}) as page:
        assert "900" in page.locator("#gw-total").inner_text()
        assert page.evaluate(drawn) == 900
        page.keyboard.press("+")
        assert page.evaluate(drawn) == 900
        most = max(set(incidents.kind), key=lambda kind: (list(incidents.kind).count(kind), kind))
        page.get_by_role("button", name="Show only:").first.click()
        assert page.evaluate(drawn) == list(incidents.kind).count(most)
        assert f"{list(incidents.kind).count(most)} of 900 shown" in page.locator("#gw-shown").inner_text()
        page.locator("#gw-kind-all").click()
        kinds = page.locator("#gw-panel, body").first.inner_text()
        assert ("Broken road" in kinds, "路面破损" in kinds, "噪音扰民" in kinds) == (True, False, True)
        page.keyboard.press("4")
        page.locator("[data-incident]").first.click()
        assert "Received" in page.locator("#gw-card").inner_text()
        assert page.evaluate("window.__t") is None
        page.keyboard.press("3")
        page.locator("[data-grid]").first.click()
        first = incidents.grid.count(sorted(plan[0].grids["code"])[0])
        assert str(first) in page.locator("#gw-card .gw-rows div").first.inner_text()
        page.keyboard.press("g")
        assert page.title() == "事件分布图"
        assert grave_faults(page) == []


def test_a_map_that_lost_incidents_says_so(plan: Plan, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "incidents.html"
    write_incident_map(incidents_on(plan[0], 30), PERIOD, *plan, path, language="en")
    with plan_page.opened(browser, path) as page:
        assert "30 incidents, the store has 900" in page.locator(".gw-warn").inner_text()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_tablet_the_legend_hides_nothing_and_words_stay_whole(
    plan: Plan, browser: Browser, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "incidents.html"
    write_incident_map(incidents_on(plan[0], 60), PERIOD, *plan, path, language=language)
    with plan_page.opened(browser, path, {"width": 768, "height": 1024}) as page:
        legend = page.locator("#gw-legend").bounding_box()
        assert legend["height"] < 60, "folded"
        page.locator("#gw-legend summary").click()
        assert page.locator("#gw-legend").bounding_box()["height"] > 200
        name = page.locator(".gw-incident-choices label").first.locator("> :nth-child(2)")
        assert name.bounding_box()["width"] > 100
    with plan_page.opened(browser, path, {"width": 1280, "height": 800}) as page:
        assert page.locator("#gw-legend").bounding_box()["height"] > 200
