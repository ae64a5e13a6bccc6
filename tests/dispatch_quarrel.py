"""Two dispatchers who send at the same moment, and what must hold afterwards."""

from __future__ import annotations

import threading
from collections import Counter

from sqlalchemy import func, select

from api.usecases.dispatch_unit import Order, send
from data.store import SqlStore
from data.store.tables.incidents import assignments, incidents, units
from gis.errors import Conflict
from tests.incident_kit import NOW, a_place, many_incidents, put_unit
from tests.stores import act


def quarrels(store: SqlStore, rounds: int) -> Counter[tuple[str, tuple[str, ...]]]:
    """How often what came of two orders for one incident, and of two for one unit; checked after every round."""
    ids = many_incidents(store, 3 * rounds, states=("received",))
    for name in ("car-1", "car-2"):
        put_unit(store, name, a_place(store), mode="car")
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for i in range(rounds):
        found["one incident", both(store, [Order(ids[i], unit=name) for name in ("car-1", "car-2")])] += 1
        mine = ids[rounds + 2 * i : rounds + 2 * i + 2]
        found["one unit", both(store, [Order(id, unit="car-1") for id in mine])] += 1
    return found


def both(store: SqlStore, orders: list[Order]) -> tuple[str, ...]:
    """Orders sent at the same moment, and what came of each; then whoever was sent is free again."""
    gate = threading.Barrier(len(orders))
    answers: list[str] = []

    def dispatcher(wanted: Order) -> None:
        gate.wait()
        try:
            with store.write(act(at=NOW)) as tx:
                send(tx, wanted, "dispatcher")
            answers.append("sent")
        except Conflict as error:
            answers.append(error.code)

    threads = [threading.Thread(target=dispatcher, args=(wanted,)) for wanted in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_held(store)
    with store.write(act(at=NOW)) as tx:
        for card in tx.incidents.cards(incidents.c.state == "dispatched"):
            tx.incidents.step(card.id, "verified", "dispatcher", happened_at=NOW)
    return tuple(sorted(answers))


def assert_held(store: SqlStore) -> None:
    """One open assignment for every incident that somebody has, and a unit is busy exactly while it has one."""
    with store.read() as tx:
        run = tx.connection.execute
        is_open = assignments.c.ended_at.is_(None)
        held = dict(run(select(incidents.c.id, incidents.c.unit).where(incidents.c.unit.is_not(None))).all())
        named = run(select(assignments.c.incident, assignments.c.unit).where(is_open)).all()
        busy = set(run(select(units.c.id).where(units.c.status == "busy")).scalars())
        most = run(select(func.count()).where(is_open).group_by(assignments.c.incident)).scalars()
        assert set(most) <= {1}
    assert {incident: unit for incident, unit in named if unit} == held
    assert sorted(held.values()) == sorted(busy)
