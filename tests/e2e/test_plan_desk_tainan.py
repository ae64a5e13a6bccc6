"""The walk through Tainan (`tests.bench.tainan_walk`), on two of its towns."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from data.store import open_store
from tests.bench.tainan_walk import LOCKED, VILLAGES, make_store, walk_through
from tests.plan_desk_kit import browser

__all__ = ["browser"]


def test_two_villages_of_tainan_are_merged_from_the_plan_in_force_to_the_next(
    browser: Browser, shared_data: Path, tmp_path: Path
) -> None:
    make_store(shared_data / "tainan", tmp_path / "tainan.db", (VILLAGES[0][:8], LOCKED))
    store = open_store(f"sqlite:///{tmp_path / 'tainan.db'}")
    try:
        steps = walk_through(browser, store, tmp_path / "pictures", "zh")
        with store.read() as tx:
            now = tx.plans.cards(state="in_force")
            assert [card.name for card in now] == ["興安、興業合併"]
            base = tx.plans.card(str(tx.plans.card(str(now[0].parent)).parent))
            assert base.state == "superseded"
            old, new = (tx.plans.load(card.id) for card in (base, now[0]))
    finally:
        store.close()
    assert {step["step"] for step in steps} >= {"lock-a-town", "weigh", "compare", "submit", "file", "papers"}
    assert len(list((tmp_path / "pictures").glob("tainan-*.png"))) == sum("picture" in step for step in steps)
    # What was locked stands as it was; the villages are one; every code that went has its line.
    locked = [plan.grids[plan.grids["community"].str.startswith(LOCKED)] for plan in (old, new)]
    assert locked[0].set_index("code").geometry.geom_equals(locked[1].set_index("code").geometry).all()
    assert not set(VILLAGES) <= set(new.communities["code"])
    assert new.crosswalk is not None
    assert set(old.grids["code"]) <= set(new.crosswalk["old"].dropna())
