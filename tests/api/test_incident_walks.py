"""Random walks through the states of incidents, against a model that is a dictionary.

What may be is done and what may not is refused, in the store as in the model; one assignment at a time, times only
grow, events have no gap, and what is counted is what a recount of the histories gives.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from api.usecases.incident_ground import IncidentGround
from api.usecases.incidents import Step, Told, change_incident, receive, step_incident
from data.store import SqlStore, Tx, open_store
from data.store.rooms.incident_cards import IncidentCard
from data.store.tables.incidents import assignments, incident_events, incidents, units
from gis.errors import Conflict
from partition.incidents.flow import HANDLED, HELD, MAY, NEEDS_REASON, NEXT, OPEN, RESULTS, STATES
from tests.incident_kit import NOW, put_unit
from tests.service_town import middle, put_town
from tests.stores import act, migrated_file

__all__ = ["migrated_file"]
WALKS = int(os.environ.get("GRIDWRIGHT_WALKS", "300"))
"""10,000 take a quarter of an hour; docs/benchmarks.md says when that was last done."""
STEPS = 16
UNITS = ("car-1", "car-2", "foot-1")
ROLES = ("dispatcher", "patrol", "reviewer", "admin")


@dataclass
class Known:
    """What the model knows of an incident."""

    state: str = "received"
    unit: str | None = None
    body: str | None = None
    times: list[datetime] = field(default_factory=list)
    is_handled: bool = False


class Walk(RuleBasedStateMachine):
    """One walk."""

    store: SqlStore
    ground: IncidentGround

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.known: dict[str, Known] = {}
        with self.store.write(act(at=self.now)) as tx:
            # What the walk before left open is closed by other means: its units are free again.
            tx.connection.execute(assignments.delete())
            tx.connection.execute(incident_events.delete())
            tx.connection.execute(incidents.delete())
            tx.connection.execute(units.update().values(status="available", n_taken=0))
            self.first = tx.stream.last()

    @rule(where=st.sampled_from("ABCD"), priority=st.integers(1, 3), ago_min=st.integers(0, 90))
    def it_comes_in(self, where: str, priority: int, ago_min: int) -> None:
        at = self.now - timedelta(minutes=ago_min)
        lon, lat = middle(where)
        with self.store.write(act(at=self.now)) as tx:
            card, is_new = receive(tx, self.ground, Told(lon, lat, "道路积水", priority, received_at=at), "dispatcher")
        assert is_new
        self.known[card.id] = Known(times=[at])

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(),
        role=st.sampled_from(ROLES),
        to=st.sampled_from(STATES[1:]),
        has_reason=st.booleans(),
        wait_s=st.integers(0, 900),
        late_s=st.integers(-600, 0),
    )
    def a_step_is_tried(
        self, data: st.DataObject, role: str, to: str, has_reason: bool, wait_s: int, late_s: int
    ) -> None:
        id = self._one_of_them(data)
        known = self.known[id]
        if data.draw(st.integers(0, 3)):  # mostly one that may be
            to = data.draw(st.sampled_from(NEXT[known.state]))
        unit = data.draw(st.sampled_from((None, *UNITS))) if to in ("assigned", "dispatched") else None
        body = "城管中队" if to == "assigned" and unit is None and has_reason else None
        result = data.draw(st.sampled_from((None, *RESULTS))) if to == "closed" else None
        self.now += timedelta(seconds=wait_s)
        at = self.now + timedelta(seconds=late_s)
        step = Step(to, "说明" if has_reason else "", at, result, unit=unit, body=body)
        may = self._may(known, to, role, has_reason, unit, body, result)
        card, refusal = self._done(lambda tx: step_incident(tx, id, step, role))
        assert may == (card is not None), refusal
        if card is None:
            return
        known.times.append(max(at, known.times[-1]))
        self._moved(known, to, unit, body)
        assert (card.state, card.unit, card.body) == (known.state, known.unit, known.body)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), priority=st.integers(1, 3), level=st.integers(0, 3))
    def it_is_put_right(self, data: st.DataObject, priority: int, level: int) -> None:
        id = self._one_of_them(data)
        changes = {"priority": priority, "level": level}
        card, refusal = self._done(lambda tx: change_incident(tx, self.ground, id, "dispatcher", changes))
        assert refusal == ("" if self.known[id].state in OPEN else "incident_over")
        assert card is None or (card.priority, card.level) == (priority, level)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        if not self.__dict__.get("known"):
            return
        with self.store.read() as tx:
            cards = {card.id: card for card in tx.incidents.cards()}
            held = tx.connection.execute(select(assignments).where(assignments.c.ended_at.is_(None))).all()
            status = {unit.id: unit.status for unit in tx.units.cards()}
            numbers = list(tx.connection.execute(select(incident_events.c.number)).scalars())
            handled = tx.incidents.count(incidents.c.handled_at.is_not(None))
            counted = select(incidents.c.state, func.count()).group_by(incidents.c.state)
            by_state = {row[0]: row[1] for row in tx.connection.execute(counted)}
        assert cards.keys() == self.known.keys()
        assert sorted(numbers) == list(range(self.first + 1, self.first + 1 + len(numbers)))
        assert len({row.incident for row in held}) == len(held)
        assert {(row.incident, row.unit, row.body) for row in held} == {
            (id, known.unit, known.body) for id, known in self.known.items() if known.unit or known.body
        }
        busy = {known.unit for known in self.known.values()} - {None}
        assert {id for id, one in status.items() if one == "busy"} == busy
        for id, known in self.known.items():
            self._check_card(cards[id], known)
        assert handled == sum(known.is_handled for known in self.known.values())
        recount: dict[str, int] = {}
        for known in self.known.values():
            recount[known.state] = recount.get(known.state, 0) + 1
        assert by_state == recount

    def teardown(self) -> None:
        """Histories, read once a walk: a row a step, times that only grow."""
        for id, known in self.__dict__.get("known", {}).items():
            with self.store.read() as tx:
                told = [event for event in tx.incidents.history(id) if event.kind != "incident.changed"]
            assert [event.happened_at for event in told[1:]] == known.times[1:]
            assert all(before.after == after.before for before, after in pairwise(told))
            assert [event.number for event in told] == sorted(event.number for event in told)

    def _one_of_them(self, data: st.DataObject) -> str:
        """Drawn by its place: ids go on from walk to walk, and a walk has to be the same when it is made again."""
        ids = list(self.known)
        return ids[data.draw(st.integers(0, len(ids) - 1))]

    def _done(self, work: Callable[[Tx], IncidentCard]) -> tuple[IncidentCard | None, str]:
        """What came of a change: the incident, or the code of the refusal."""
        try:
            with self.store.write(act(at=self.now)) as tx:
                return work(tx), ""
        except Conflict as error:
            return None, error.code

    def _may(
        self, known: Known, to: str, role: str, has_reason: bool, unit: str | None, body: str | None, result: str | None
    ) -> bool:
        if to not in NEXT[known.state] or (role != "admin" and role not in MAY[to]):
            return False
        if ((known.state, to) in NEEDS_REASON and not has_reason) or (to == "closed" and result is None):
            return False
        if to == "assigned" and not (unit or body or known.unit or known.body):
            return False
        others = {one.unit for one in self.known.values() if one is not known}
        return unit is None or unit not in others

    @staticmethod
    def _moved(known: Known, to: str, unit: str | None, body: str | None) -> None:
        if unit or body:
            known.unit, known.body = unit, None if unit else body
        elif to not in HELD:
            known.unit = known.body = None
        known.is_handled = to in HANDLED
        known.state = to

    @staticmethod
    def _check_card(card: IncidentCard, known: Known) -> None:
        assert card.state == known.state
        assert (card.unit, card.body) == (known.unit, known.body)
        assert (card.escalate_at is None) or (card.state in OPEN and card.state not in HANDLED)
        assert (card.handled_at is not None) == known.is_handled
        assert card.state == "received" or getattr(card, f"{card.state}_at") == known.times[-1]


@pytest.fixture(scope="module")
def town_store(migrated_file: Path) -> Iterator[SqlStore]:
    """A store with the small town, in memory where the machine has such a place: every step is a transaction."""
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    home = Path(tempfile.mkdtemp(dir=folder))
    shutil.copy2(migrated_file, home / "store.db")
    store = open_store(f"sqlite:///{home / 'store.db'}")
    put_town(store)
    for id in UNITS:
        put_unit(store, id, middle("C"))
    yield store
    store.close()
    shutil.rmtree(home)


def test_random_walks_keep_to_the_flow(town_store: SqlStore) -> None:
    class Here(Walk):
        store = town_store
        ground = IncidentGround(town_store)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
