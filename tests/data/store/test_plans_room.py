"""Plans in the store: cards, pages, changed tables, what is in force."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import func, select

from data.store import SqlStore
from data.store.tables.plans import plan_grids, plan_members, plan_states, reigns
from gis.errors import NotFound
from partition.filed import FiledPlan
from tests.data.store.kit import plan, town
from tests.data.store.test_round_trips import assert_same_plan
from tests.stores import act

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def save(store: SqlStore, filed: FiledPlan, **options: object) -> str:
    with store.write(act(at=options.pop("at", NOON))) as tx:
        ground = tx.territories.save(town(), "town").id
        return tx.plans.save(filed, territory_id=ground, name="plan", **options).id


def fids(store: SqlStore, id: str) -> dict[str, int]:
    with store.read() as tx:
        wanted = select(plan_grids.c.code, plan_grids.c.fid).where(plan_grids.c.plan == id)
        return {row.code: row.fid for row in tx.connection.execute(wanted)}


def test_a_plan_has_a_card_a_first_state_and_an_entry_in_the_log(store: SqlStore) -> None:
    filed = plan(town())
    id = save(store, filed)
    with store.read() as tx:
        card = tx.plans.card(id)
        assert (card.state, card.revision, card.edit, card.place, card.county) == ("draft", 1, 0, "33040200", "330402")
        assert (card.created_at, card.created_by, card.content_id) == (NOON, "tester", "p1")
        assert tx.connection.execute(select(plan_states.c.state).where(plan_states.c.plan == id)).scalars().all() == [
            "draft"
        ]
        assert tx.audit.entries()[-1].action == "plan.create"
        assert tx.outbox.since(0)[-1].subject == id


def test_a_child_names_its_parent_and_a_stranger_is_refused(store: SqlStore) -> None:
    id = save(store, plan(town()))
    child = save(store, plan(town(), plan_id="p2"), parent=id)
    with store.read() as tx:
        assert tx.plans.card(child).parent == id
    with pytest.raises(NotFound, match="plan_unknown"):
        save(store, plan(town()), parent="p000000000000")
    with pytest.raises(NotFound, match="territory_unknown"), store.write(act()) as tx:
        tx.plans.save(plan(town()), territory_id="0" * 16, name="x")


def test_the_same_plan_may_be_kept_twice_under_two_ids(store: SqlStore) -> None:
    assert save(store, plan(town())) != save(store, plan(town()))


def test_pages_of_plans_show_each_once_the_newest_first(store: SqlStore) -> None:
    # Three at the same moment, so that the moment alone does not say where the next page begins.
    made = [save(store, plan(town()), at=NOON + timedelta(minutes=k // 3)) for k in range(8)]
    with store.read() as tx:
        shown, after = [], None
        while page := tx.plans.cards(after=after, limit=3):
            shown += page
            after = page[-1].id
    assert sorted(card.id for card in shown) == sorted(made)
    assert [card.created_at for card in shown] == sorted((card.created_at for card in shown), reverse=True)
    with store.read() as tx:
        assert tx.plans.cards(state="filed") == []
        assert len(tx.plans.cards(state="draft", county="330402")) == 8
        assert tx.plans.cards(county="330411") == []


def edited(filed: FiledPlan) -> FiledPlan:
    """The first two grids of the first community become one; a member goes along; one sum and one sentence change."""
    grids = filed.grids.copy()
    grids.loc[0, "geometry"] = shapely.union_all(grids.geometry.iloc[:2].to_numpy())
    grids.loc[0, "households"] = 600
    grids = grids.drop(index=1).reset_index(drop=True)
    communities = filed.communities.copy()
    communities.loc[0, "grids"] = 1
    return dataclasses.replace(
        filed,
        grids=grids,
        communities=communities,
        members=filed.members.assign(grid=grids["code"].iloc[[0, 2]].reset_index(drop=True)),
        violations=filed.violations.iloc[:0].reset_index(drop=True),
        meta={**filed.meta, "retired_codes": filed.grids["code"][1]},
    )


@pytest.mark.parametrize("communities", [None, ("330402001001", "330402002001")])
def test_changed_tables_equal_the_other_version_and_the_rest_keeps_its_numbers(
    store: SqlStore, communities: tuple[str, ...] | None
) -> None:
    filed = plan(town())
    id = save(store, filed)
    before = fids(store, id)
    other = edited(filed)
    with store.write(act()) as tx:
        tx.plans.replace_tables(id, other, communities=communities)
    with store.read() as tx:
        assert_same_plan(tx.plans.load(id), other)
    assert fids(store, id) == {code: fid for code, fid in before.items() if code != filed.grids["code"][1]}
    with store.write(act()) as tx:  # and back again
        tx.plans.replace_tables(id, filed, communities=communities)
    with store.read() as tx:
        assert_same_plan(tx.plans.load(id), filed)


def test_only_the_communities_named_are_compared(store: SqlStore) -> None:
    filed = plan(town())
    id = save(store, filed)
    with store.write(act()) as tx:
        tx.plans.replace_tables(id, edited(filed), communities=["330402002001"])
    with store.read() as tx:
        assert len(tx.plans.load(id).grids) == 4


def test_the_window_follows_a_changed_grid(embedded_store: SqlStore) -> None:
    filed = plan(town())
    id = save(embedded_store, filed)
    with embedded_store.write(act()) as tx:
        tx.plans.replace_tables(id, edited(filed))
    with embedded_store.read() as tx:
        rows = tx.connection.execute(select(plan_grids.c.fid, plan_grids.c.geom)).all()
        windows = tx.connection.exec_driver_sql("select id, x_min, x_max, y_min, y_max from window_plan_grids").all()
    assert {row.fid for row in rows} == {window[0] for window in windows}
    found = {window[0]: shapely.box(window[1], window[3], window[2], window[4]) for window in windows}
    for fid, geom in rows:
        assert found[fid].covers(geom)
        assert found[fid].area < 1.1 * shapely.box(*geom.bounds).area


def test_another_plan_is_left_as_it_is(store: SqlStore) -> None:
    filed = plan(town())
    first, second = save(store, filed), save(store, filed)
    with store.write(act()) as tx:
        tx.plans.replace_tables(first, edited(filed))
    with store.read() as tx:
        assert_same_plan(tx.plans.load(second), filed)
        count = select(func.count()).select_from(plan_members).where(plan_members.c.plan == second)
        assert tx.connection.execute(count).scalar_one() == 2


def test_what_is_in_force_depends_on_where_and_when(store: SqlStore) -> None:
    first, second = save(store, plan(town())), save(store, plan(town()))
    a, b = "330402001001", "330402002001"
    later = NOON + timedelta(days=1)
    with store.write(act()) as tx:
        for community, id, start, end in ((a, first, NOON, later), (a, second, later, None), (b, first, NOON, None)):
            row = {"community": community, "plan": id, "valid_from": start, "valid_to": end}
            tx.connection.execute(reigns.insert().values(row))
    with store.read() as tx:
        assert tx.plans.in_force(a, NOON - timedelta(seconds=1)) == []
        assert tx.plans.in_force(a, NOON) == [first]
        assert tx.plans.in_force(a, later) == [second]
        assert tx.plans.in_force(a) == [second]
        assert tx.plans.in_force("330402", later) == sorted([first, second])
        assert tx.plans.in_force("44") == []
