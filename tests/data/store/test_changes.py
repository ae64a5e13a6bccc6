"""Changes that meet: nothing lost, nothing twice, nothing half, on both stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from data.store import SqlStore, open_store
from data.store.numbers import take_numbers
from data.store.rooms.repeats import Answer
from data.store.tables.layers import counters
from data.store.tables.plans import reigns
from data.store.tables.service import audit
from gis.errors import Conflict, StorageError
from tests.data.store.kit import plan, town
from tests.stores import act

N_WRITERS, N_CHANGES = 3, 40
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def by_many(store: SqlStore, change: Callable[[SqlStore, int, int], None]) -> None:
    """Every writer on connections of its own, all at once."""
    start = threading.Barrier(N_WRITERS)

    def work(writer: int) -> None:
        own = open_store(store.url.render_as_string(hide_password=False))
        try:
            start.wait(60)
            for k in range(N_CHANGES):
                change(own, writer, k)
        finally:
            own.close()

    with ThreadPoolExecutor(N_WRITERS) as pool:
        list(pool.map(work, range(N_WRITERS)))


def test_no_number_is_lost_or_given_twice(store: SqlStore) -> None:
    taken: list[int] = []

    def change(own: SqlStore, writer: int, k: int) -> None:
        with own.write(act()) as tx:
            taken.append(take_numbers(tx, "x", 2))

    by_many(store, change)
    assert sorted(taken) == list(range(1, 2 * N_WRITERS * N_CHANGES + 1, 2))


def test_a_value_that_is_read_and_written_back_loses_no_update(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.connection.execute(counters.insert().values(name="sum", next=0))

    def change(own: SqlStore, writer: int, k: int) -> None:
        with own.write(act()) as tx:
            wanted = select(counters.c.next).where(counters.c.name == "sum").with_for_update()
            found = tx.connection.execute(wanted).scalar_one()
            tx.connection.execute(update(counters).where(counters.c.name == "sum").values(next=found + 1))

    by_many(store, change)
    with store.read() as tx:
        found = tx.connection.execute(select(counters.c.next).where(counters.c.name == "sum")).scalar_one()
    assert found == N_WRITERS * N_CHANGES


def test_log_and_events_have_no_gaps_when_many_write_and_some_give_up(store: SqlStore) -> None:
    def change(own: SqlStore, writer: int, k: int) -> None:
        try:
            with own.write(act(f"writer {writer}")) as tx:
                tx.audit.record("x.y", str(k))
                tx.outbox.put("x.y", str(k), {"writer": writer})
                if k % 4 == 3:
                    raise Conflict("given_up")
        except Conflict:
            pass

    by_many(store, change)
    n = N_WRITERS * N_CHANGES * 3 // 4
    with store.read() as tx:
        assert [event.number for event in tx.outbox.since(0)] == list(range(1, n + 1))
        assert [entry.number for entry in tx.audit.entries(limit=1_000)] == list(range(1, n + 1))
        assert tx.audit.first_broken() is None
        for writer in range(N_WRITERS):
            own = [int(e.subject) for e in tx.outbox.since(0) if e.payload["writer"] == writer]
            assert own == [k for k in range(N_CHANGES) if k % 4 != 3]


def test_who_reads_up_to_a_number_misses_nothing_below_it(store: SqlStore) -> None:
    """A later number is never seen before an earlier one."""
    reader = open_store(store.url.render_as_string(hide_password=False))
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while True:
            last_round = done.is_set()
            with reader.read() as tx:
                seen.extend(e.number for e in tx.outbox.since(seen[-1] if seen else 0))
            if last_round:
                return

    def change(own: SqlStore, writer: int, k: int) -> None:
        with own.write(act()) as tx:
            tx.outbox.put("x", str(k), {})

    watcher = threading.Thread(target=read)
    watcher.start()
    try:
        by_many(store, change)
    finally:
        done.set()
        watcher.join()
        reader.close()
    assert seen == list(range(1, N_WRITERS * N_CHANGES + 1))


def test_two_that_load_the_same_territory_at_once_load_it_once(store: SqlStore) -> None:
    territory = town()
    found: list[str] = []

    def change(own: SqlStore, writer: int, k: int) -> None:
        if k:
            return
        with own.write(act(f"writer {writer}")) as tx:
            found.append(tx.territories.save(territory, "town").id)

    by_many(store, change)
    assert len(set(found)) == 1
    with store.read() as tx:
        assert len(tx.territories.cards()) == 1
        assert tx.territories.counts(found[0])["buildings"] == 3
        assert [entry.action for entry in tx.audit.entries()] == ["territory.load", "territory.show"]


def test_a_job_that_saves_twice_has_made_one_plan(store: SqlStore) -> None:
    territory = town()
    with store.write(act()) as tx:
        ground = tx.territories.save(territory, "town").id
    found: list[str] = []

    def change(own: SqlStore, writer: int, k: int) -> None:
        if k:
            return
        with own.write(act()) as tx:
            found.append(tx.plans.save(plan(territory), territory_id=ground, name="drawn", job="job-1").id)

    by_many(store, change)
    assert len(set(found)) == 1
    with store.read() as tx:
        assert [card.id for card in tx.plans.cards()] == found[:1]
        assert len(tx.plans.load(found[0]).grids) == 4


def test_a_change_that_fails_leaves_nothing(store: SqlStore) -> None:
    territory = town()

    def change() -> None:
        with store.write(act()) as tx:
            ground = tx.territories.save(territory, "town").id
            tx.plans.save(plan(territory), territory_id=ground, name="drawn")
            raise Conflict("given_up")

    with pytest.raises(Conflict, match="given_up"):
        change()
    with store.read() as tx:
        assert tx.territories.cards() == []
        assert tx.plans.cards() == []
        assert tx.audit.head()[0] == tx.outbox.last() == 0
    if store.kind == "embedded":
        with store.read() as tx:
            assert tx.connection.exec_driver_sql("select count(*) from window_layer_buildings").scalar() == 0


def reign(store: SqlStore, community: str, start: datetime, end: datetime | None) -> None:
    with store.write(act()) as tx:
        tx.connection.execute(reigns.insert().values(community=community, plan="p", valid_from=start, valid_to=end))


DAY = timedelta(days=1)


def test_one_plan_is_in_force_for_a_community_at_a_time(store: SqlStore) -> None:
    reign(store, "a", MONDAY, MONDAY + 7 * DAY)
    reign(store, "a", MONDAY + 7 * DAY, None)  # touches
    reign(store, "a", MONDAY - DAY, MONDAY)  # touches
    reign(store, "b", MONDAY + DAY, None)  # another community
    for start, end in (
        (MONDAY + DAY, MONDAY + 2 * DAY),  # within
        (MONDAY - 2 * DAY, MONDAY + 20 * DAY),  # around
        (MONDAY + 30 * DAY, None),  # both without an end
        (MONDAY - 5 * DAY, MONDAY - DAY + timedelta(microseconds=1)),  # by a hair
    ):
        with pytest.raises(Conflict, match="plan_in_force_already"):
            reign(store, "a", start, end)
    with pytest.raises(StorageError, match="store_refused"):
        reign(store, "a", MONDAY - 9 * DAY, MONDAY - 9 * DAY)
    with store.read() as tx:
        assert len(tx.connection.execute(select(reigns)).all()) == 4


def test_a_reign_cannot_be_stretched_over_another(store: SqlStore) -> None:
    reign(store, "a", MONDAY, MONDAY + DAY)
    reign(store, "a", MONDAY + DAY, MONDAY + 2 * DAY)
    longer = update(reigns).where(reigns.c.valid_from == MONDAY)
    with pytest.raises(Conflict, match="plan_in_force_already"), store.write(act()) as tx:
        tx.connection.execute(longer.values(valid_to=None))
    with store.write(act()) as tx:
        tx.connection.execute(longer.values(valid_to=MONDAY + DAY / 2))
        tx.connection.execute(update(reigns).where(reigns.c.valid_from > MONDAY).values(valid_to=None))


def test_rows_of_the_log_can_only_be_added(store: SqlStore) -> None:
    with store.write(act()) as tx:
        tx.audit.record("x.y", "1")
    for statement in (update(audit).values(who="somebody else"), audit.delete()):
        with pytest.raises(StorageError, match="rows of audit can only be added"), store.write(act()) as tx:
            tx.connection.execute(statement)
    with store.read() as tx:
        assert tx.audit.entries()[0].who == "tester"


def tamper(store: SqlStore, statement: str) -> None:
    """What somebody can do who owns the database and switches the guards off."""
    with store.write(act()) as tx:
        run = tx.connection.exec_driver_sql
        if store.kind == "embedded":
            for event in ("update", "delete"):
                run(f"drop trigger audit_{event}_append_only")
        else:
            run("alter table audit disable trigger user")
        run(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("update audit set who = 'somebody else' where number = 3", 3),
        ("update audit set reason = 'because' where number = 1", 1),
        ("delete from audit where number = 2", 2),
        ("delete from audit where number >= 4", 4),
        ("delete from audit", 1),
        ("update audit set hash = (select hash from audit where number = 1) where number = 2", 2),
        ("update audit set number = 9 where number = 5", 5),
    ],
)
def test_a_log_that_was_tampered_with_says_where(store: SqlStore, statement: str, broken: int) -> None:
    for k in range(5):
        with store.write(act(at=MONDAY + k * DAY, reason="原因")) as tx:
            tx.audit.record("plan.rename", f"p{k}", before={"name": "旧"}, after={"name": "新", "n": 1.5, "ok": True})
    with store.read() as tx:
        assert tx.audit.first_broken() is None
        assert tx.audit.head()[0] == 5
    tamper(store, statement)
    with store.read() as tx:
        assert tx.audit.first_broken() == broken


def test_the_answer_to_a_repeat_is_the_first_one(store: SqlStore) -> None:
    answer = Answer(201, {"ETag": '"p1-1"'}, b'{"id": "p1"}')
    with store.write(act("ann")) as tx:
        assert tx.repeats.find("ann", "k1", "hash") is None
        tx.repeats.keep("k1", "hash", answer)
    with store.write(act("ann")) as tx:
        assert tx.repeats.find("ann", "k1", "hash") == answer
        assert tx.repeats.find("ben", "k1", "hash") is None
        with pytest.raises(Conflict, match="idempotency_key_reused"):
            tx.repeats.find("ann", "k1", "another")
    with store.write(act("ann", at=MONDAY)) as tx:
        assert tx.repeats.forget_before(MONDAY) == 1
        assert tx.repeats.find("ann", "k1", "hash") is None


def test_events_keep_what_they_carry(store: SqlStore) -> None:
    with store.write(act(at=MONDAY)) as tx:
        tx.outbox.put("plan.in_force", "p1", {"社区": ["甲"], "n": 3, "none": None}, place="330402")
    with store.read("3304") as tx:
        (event,) = tx.outbox.since(0)
    assert (event.at, event.subject) == (MONDAY, "p1")
    assert event.payload == {"社区": ["甲"], "n": 3, "none": None}
