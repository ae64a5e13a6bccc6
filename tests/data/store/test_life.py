"""The life of plans on both stores: every step from every state, who may, one plan in force, dates, revisions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from data.sample import make_town
from data.store import SqlStore
from data.store.rooms.life import EDITABLE, NEXT, Stale
from data.store.tables.plans import PLAN_STATES
from gis.errors import Conflict, GridwrightError, NotFound
from tests.plan_kit import NOW, draw_town, drawn_town, keep_plan, keep_territory, put_in_force, step
from tests.stores import act

ROAD = {
    "draft": (),
    "submitted": ("submitted",),
    "returned": ("submitted", "returned"),
    "approved": ("submitted", "approved"),
    "filed": ("submitted", "approved", "filed"),
    "in_force": ("submitted", "approved", "filed", "in_force"),
    "withdrawn": ("withdrawn",),
}


_SECONDS = count(1)


def _later() -> datetime:
    return NOW + timedelta(seconds=next(_SECONDS))


def _bring(store: SqlStore, id: str, state: str) -> None:
    if state == "superseded":
        _bring(store, id, "in_force")
        other = keep_plan(store, name="other")
        _bring(store, other, "in_force")
        return
    for to in ROAD[state]:
        step(store, id, to, at=_later())


@pytest.mark.parametrize("state", PLAN_STATES)
def test_from_every_state_only_the_steps_of_the_table_are_possible(store: SqlStore, state: str) -> None:
    for to in PLAN_STATES:
        id = keep_plan(store)
        _bring(store, id, state)
        with store.read() as tx:
            before = tx.plans.card(id)
        assert before.state == state
        if to in NEXT[state]:
            assert step(store, id, to, at=_later()).state == to
            with store.read() as tx:
                after = tx.plans.card(id)
                states = tx.life.history.states(id)
                last = tx.audit.entries(after=0, limit=10_000)[-1]
            assert after.revision == before.revision + 1
            assert (states[-1].state, states[-1].revision) == (to, after.revision)
            if to != "in_force":
                assert (last.subject, last.after["to"]) == (id, to)
        else:
            with pytest.raises(Conflict, match="plan_step_illegal") as refused:
                step(store, id, to, at=_later())
            named = str(refused.value.facts["allowed"])
            assert named == (", ".join(NEXT[state]) or "-")
            with store.read() as tx:
                assert tx.plans.card(id) == before


def test_who_submitted_may_not_approve_but_alone_one_may_and_the_log_says_so(store: SqlStore) -> None:
    id = keep_plan(store)
    step(store, id, "submitted", who="wang")
    with pytest.raises(Conflict, match="plan_own_submission"):
        step(store, id, "approved", who="wang")
    with store.write(act("wang", at=NOW)) as tx:
        card = tx.life.change_state(id, "approved", may_approve_own=True)
    assert (card.state, card.approved_by) == ("approved", "wang")
    with store.read() as tx:
        assert tx.audit.entries(limit=1000)[-1].after["four_eyes"] is False
        assert tx.audit.first_broken() is None


def test_a_step_is_whole_with_its_audit_row_and_its_event_or_not_at_all(store: SqlStore) -> None:
    id = keep_plan(store)
    with store.read() as tx:
        rows, events = tx.audit.head()[0], tx.outbox.last()

    def half_a_step() -> None:
        with store.write(act("wang", at=NOW)) as tx:
            assert tx.life.change_state(id, "submitted").state == "submitted"
            tx.plans.card("no such plan")

    with pytest.raises(NotFound):
        half_a_step()
    with store.read() as tx:
        assert (tx.audit.head()[0], tx.outbox.last(), tx.plans.card(id).state) == (rows, events, "draft")
    step(store, id, "submitted")
    with store.read() as tx:
        assert tx.audit.head()[0] == rows + 1
        assert [event.kind for event in tx.outbox.since(events)] == ["plan.changed", "plan.submitted"]


def test_a_step_for_another_revision_is_stale(store: SqlStore) -> None:
    id = keep_plan(store)
    with store.write(act(at=NOW)) as tx:
        tx.life.rename(id, "a better name", 1)
    with pytest.raises(Stale) as stale, store.write(act(at=NOW)) as tx:
        tx.life.change_state(id, "submitted", revision=1)
    assert (stale.value.card.revision, stale.value.revision) == (2, 1)


def test_a_plan_takes_its_communities_over_and_the_one_before_is_superseded(store: SqlStore) -> None:
    first, second = keep_plan(store), keep_plan(store)
    put_in_force(store, first, at=NOW)
    later = NOW + timedelta(days=30)
    put_in_force(store, second, at=later)
    with store.read() as tx:
        cards = {id: tx.plans.card(id) for id in (first, second)}
        assert set(tx.life.in_force("", NOW).values()) == {first}
        assert set(tx.life.in_force("", later - timedelta(microseconds=1)).values()) == {first}
        assert set(tx.life.in_force("", later).values()) == {second}
        assert tx.life.in_force("", NOW - timedelta(seconds=1)) == {}
        assert tx.plans.in_force("", later) == [second]
    assert (cards[first].state, cards[second].state) == ("superseded", "in_force")
    assert cards[first].effective_to == later


def test_a_plan_of_some_communities_takes_over_only_those(store: SqlStore) -> None:
    whole = keep_plan(store)
    put_in_force(store, whole, at=NOW)
    some = sorted(drawn_town().filed.communities["code"])[:2]
    part = keep_plan(store, communities=some)
    put_in_force(store, part, at=NOW + timedelta(days=1))
    with store.read() as tx:
        now = tx.life.in_force("", NOW + timedelta(days=2))
        assert tx.plans.card(whole).state == "in_force"
    assert {community for community, plan in now.items() if plan == part} == set(some)
    assert set(now.values()) == {whole, part}


def test_a_day_to_come_is_noted_and_comes_true_by_itself(store: SqlStore) -> None:
    first, second = keep_plan(store), keep_plan(store)
    put_in_force(store, first, at=NOW)
    day = NOW + timedelta(days=10)
    put_in_force(store, second, at=NOW, effective_from=day)
    with store.read() as tx:
        card = tx.plans.card(second)
        assert (card.state, card.effective_from) == ("filed", day)
        assert tx.plans.card(first).state == "in_force"
        assert not tx.life.is_due(day - timedelta(seconds=1))
        assert tx.life.is_due(day)
        # Nobody has to write anything down for the answer to be right.
        assert set(tx.life.in_force("", day).values()) == {second}
    with store.write(act("system", at=day)) as tx:
        assert set(tx.life.settle()) == {first, second}
    with store.write(act("system", at=day)) as tx:
        assert tx.life.settle() == ()
        assert not tx.life.is_due(day)
        assert tx.plans.card(second).state == "in_force"
        assert (tx.plans.card(first).state, tx.plans.card(first).effective_to) == ("superseded", day)
        kinds = [event.kind for event in tx.outbox.since(0)]
    assert kinds.count("plan.in_force") == 2
    assert kinds.count("plan.scheduled") == 1


def test_a_day_to_come_can_be_moved_and_the_days_between_fall_to_the_one_before(store: SqlStore) -> None:
    first, second = keep_plan(store), keep_plan(store)
    put_in_force(store, first, at=NOW)
    put_in_force(store, second, at=NOW, effective_from=NOW + timedelta(days=10))
    step(store, second, "in_force", at=NOW + timedelta(days=1), effective_from=NOW + timedelta(days=20))
    with store.read() as tx:
        for days, plan in ((0, first), (10, first), (19, first), (20, second), (99, second)):
            assert set(tx.life.in_force("", NOW + timedelta(days=days)).values()) == {plan}, days


def test_a_plan_before_one_that_is_already_known_reigns_until_then(store: SqlStore) -> None:
    first, second, third = keep_plan(store), keep_plan(store), keep_plan(store)
    put_in_force(store, first, at=NOW)
    put_in_force(store, second, at=NOW, effective_from=NOW + timedelta(days=20))
    put_in_force(store, third, at=NOW, effective_from=NOW + timedelta(days=10))
    with pytest.raises(Conflict, match="effective_taken"):
        put_in_force(store, keep_plan(store), at=NOW, effective_from=NOW + timedelta(days=20))
    with store.read() as tx:
        for days, plan in ((9, first), (10, third), (19, third), (20, second)):
            assert set(tx.life.in_force("", NOW + timedelta(days=days)).values()) == {plan}, days


def test_only_who_may_puts_a_plan_in_force_for_the_past(store: SqlStore) -> None:
    id = keep_plan(store)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(Conflict, match="effective_in_past"):
        put_in_force(store, id, at=NOW, effective_from=past)
    step(store, id, "in_force", effective_from=past, may_backdate=True)
    with store.read() as tx:
        assert set(tx.life.in_force("", datetime(2021, 1, 1, tzinfo=UTC)).values()) == {id}


def test_a_child_of_a_plan_that_is_no_longer_in_force_does_not_undo_what_came_since(store: SqlStore) -> None:
    base = keep_plan(store)
    put_in_force(store, base, at=NOW)
    mine, yours = keep_plan(store, parent=base), keep_plan(store, parent=base)
    put_in_force(store, yours, at=NOW + timedelta(days=1))
    with pytest.raises(Conflict, match="plan_base_outdated"):
        put_in_force(store, mine, at=NOW + timedelta(days=2))
    assert step(store, mine, "in_force", at=NOW + timedelta(days=2), over_others=True).state == "in_force"


def test_many_who_put_plans_in_force_at_once_leave_one_per_community(store: SqlStore) -> None:
    ids = [keep_plan(store) for _ in range(6)]
    for id in ids:
        for to in ("submitted", "approved", "filed"):
            step(store, id, to)
    gate = threading.Barrier(len(ids))
    failed: list[str] = []

    def run(number: int, id: str) -> None:
        gate.wait(60)
        try:
            step(store, id, "in_force", at=NOW + timedelta(seconds=number))
        except GridwrightError as error:
            failed.append(error.code)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(failed) <= {"plan_in_force_already", "effective_taken", "store_busy"}
    end = NOW + timedelta(days=1)
    with store.write(act("system", at=end)) as tx:
        tx.life.settle()
        states = [tx.plans.card(id).state for id in ids]
        assert len(set(tx.life.in_force("", end).values())) == 1
        assert tx.audit.first_broken() is None
    assert states.count("in_force") == 1
    assert len(failed) < len(ids)


def test_outside_the_jurisdiction_there_is_no_plan(store: SqlStore) -> None:
    id = keep_plan(store)
    with store.read() as tx:
        place = tx.plans.card(id).place
    other = "88" + place[2:]
    for change in (
        lambda tx: tx.life.change_state(id, "submitted"),
        lambda tx: tx.life.rename(id, "mine now"),
        lambda tx: tx.life.add_locks(id, ["all"]),
        lambda tx: tx.life.remove_locks(id, None),
        lambda tx: tx.life.locks(id),
        lambda tx: tx.life.history.states(id),
        lambda tx: tx.life.history.changes(id),
        lambda tx: tx.life.edits.steps(id),
    ):
        with pytest.raises(NotFound, match="plan_unknown"), store.write(act(jurisdiction=other, at=NOW)) as tx:
            change(tx)
    with store.write(act(jurisdiction=place, at=NOW)) as tx:
        assert tx.life.change_state(id, "submitted").state == "submitted"
    with store.read(other) as tx:
        assert tx.life.in_force("", NOW) == {}


def test_only_a_draft_or_a_returned_plan_is_edited(store: SqlStore) -> None:
    for state in PLAN_STATES:
        id = keep_plan(store)
        _bring(store, id, state)
        with store.write(act(at=NOW)) as tx:
            if state in EDITABLE:
                assert tx.life.hold_editable(id).id == id
            else:
                with pytest.raises(Conflict, match="plan_not_editable"):
                    tx.life.hold_editable(id)


def test_locks_are_kept_and_taken_away_again(store: SqlStore) -> None:
    id = keep_plan(store)
    with store.write(act("wang", at=NOW)) as tx:
        card = tx.life.add_locks(id, ["all", "community:1"])
        assert card.revision == 2
        assert tx.life.add_locks(id, ["all"]).revision == 2
    with store.write(act("li", at=NOW)) as tx:
        assert tx.life.locks(id) == ("all", "community:1")
        assert tx.life.remove_locks(id, ["all"]).revision == 3
        with pytest.raises(NotFound, match="lock_not_set") as refused:
            tx.life.remove_locks(id, ["all", "community:1", "estate:1"])
        assert [fault.facts["measured"] for fault in refused.value.faults] == ["all", "estate:1"]
        assert tx.life.locks(id) == ("community:1",)
        assert [change.kind for change in tx.life.history.changes(id)] == ["lock", "unlock"]


def test_all_locks_are_taken_away_in_one_step(store: SqlStore) -> None:
    id = keep_plan(store)
    with store.write(act("wang", at=NOW)) as tx:
        tx.life.add_locks(id, ["all", "community:1", "estate:E1"])
        card = tx.life.remove_locks(id, None)
        assert (card.revision, tx.life.locks(id)) == (3, ())
        assert tx.life.remove_locks(id, None).revision == 3
        last = tx.life.history.changes(id)[-1]
        assert (last.kind, last.change["locks"]) == ("unlock", ["all", "community:1", "estate:E1"])


def test_the_territory_is_kept_once(store: SqlStore) -> None:
    assert keep_territory(store) == keep_territory(store)


def test_a_community_that_was_merged_away_is_no_longer_in_force_under_its_old_code(store: SqlStore) -> None:
    town = make_town(6_000, seed=1)
    old, new = draw_town(town.territory), draw_town(town.later)
    gone = sorted(set(old.filed.communities["code"]) - set(new.filed.communities["code"]))
    assert gone
    base = keep_plan(store, town=old)
    put_in_force(store, base, at=NOW)
    child = keep_plan(store, town=new, parent=base)
    day = NOW + timedelta(days=10)
    put_in_force(store, child, at=NOW, effective_from=day)
    later = NOW + timedelta(days=20)
    step(store, child, "in_force", at=NOW + timedelta(seconds=1), effective_from=later)
    with store.read() as tx:
        between, after = tx.life.in_force("", day), tx.life.in_force("", later)
    assert set(between) == set(old.filed.communities["code"])
    assert set(between.values()) == {base}
    assert set(after) == set(new.filed.communities["code"])
    assert set(after.values()) == {child}
    with store.write(act("system", at=later)) as tx:
        assert set(tx.life.settle()) == {base, child}
        assert tx.plans.card(base).state == "superseded"
