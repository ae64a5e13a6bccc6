"""The life of plans: states, what is in force where and when, revisions, locks, and what every revision changed.

The steps a plan may take are in `NEXT`.  Every change raises the plan's revision by one and leaves a row in
``plan_changes``, in the audit log and in the outbox, in the same transaction.  What an edit does to the tables is in
`data.store.rooms.edits`; whether a plan is sound enough to be submitted is asked on the `api` floor.

In force is said by *reigns*: one plan per community and moment.  A plan takes a community from its first day until the
next plan that is known; whoever reigned at that moment ends there.  States follow reigns: `settle` writes down what
has come true, and whoever asks `in_force` need not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from data.store.numbers import take_numbers
from data.store.rooms.history import History
from data.store.rooms.inside import is_inside
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.reigns import Reigns
from data.store.tables.plans import plan_changes, plan_communities, plan_locks, plan_states, plans, reigns
from data.store.tx import Tx
from gis.errors import Conflict, Fault, NotFound

if TYPE_CHECKING:
    from data.store.rooms.edits import Edits

NEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "draft": ("submitted", "withdrawn"),
        "submitted": ("returned", "approved", "withdrawn"),
        "returned": ("submitted", "withdrawn"),
        "approved": ("filed",),
        "filed": ("in_force",),
        "in_force": (),
        "superseded": (),
        "withdrawn": (),
    }
)
"""State to the states that somebody can put a plan into; ``superseded`` comes by itself."""
EDITABLE = ("draft", "returned")
ISSUED = ("approved", "filed", "in_force", "superseded")
"""States in which the codes of a plan count as issued: no later plan gives them to other ground."""
_HEAVY = ("members", "ground", "atoms", "came", "went", "dropped")
"""What the history keeps of a change and the audit log need not."""
_ACTIONS = {
    "submitted": "plan.submit",
    "returned": "plan.return",
    "approved": "plan.approve",
    "filed": "plan.file",
    "in_force": "plan.enforce",
    "superseded": "plan.supersede",
    "withdrawn": "plan.withdraw",
}


class Stale(Conflict):
    """A change was asked of a revision that is no longer the newest."""

    def __init__(self, card: PlanCard, revision: int) -> None:
        super().__init__("plan_changed_meanwhile", id=card.id, measured=card.revision, allowed=revision)
        self.card = card
        self.revision = revision


class Life:
    """The life of plans inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @cached_property
    def edits(self) -> Edits:
        """Steps made by hand."""
        from data.store.rooms.edits import Edits

        return Edits(self._tx)

    @cached_property
    def history(self) -> History:
        """What was."""
        return History(self._tx)

    @cached_property
    def reigns(self) -> Reigns:
        """Plans in force."""
        return Reigns(self._tx)

    # -- changing ---------------------------------------------------------------------------------------------------

    def hold(self, id: str, revision: int | None = None) -> PlanCard:
        """The card of a plan that is about to change; nobody else changes it until the transaction ends.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        Stale
            ``plan_changed_meanwhile``: it is not at this revision.
        """
        plan = select(plans.c.id).where(plans.c.id == id, is_inside(plans.c.place, self._tx)).with_for_update()
        if self._tx.connection.execute(plan).first() is None:
            raise NotFound("plan_unknown", id=id)
        card = self._tx.plans.card(id)
        if revision is not None and card.revision != revision:
            raise Stale(card, revision)
        return card

    def hold_editable(self, id: str, revision: int | None = None) -> PlanCard:
        """As `hold`, for a plan that may be edited.

        Raises
        ------
        Conflict
            ``plan_not_editable``.
        """
        card = self.hold(id, revision)
        if card.state not in EDITABLE:
            raise Conflict("plan_not_editable", id=id, measured=card.state, how=card.state, allowed=", ".join(EDITABLE))
        return card

    def note(
        self, card: PlanCard, kind: str, name: str, change: Mapping[str, Any], action: str, values: Mapping[str, Any]
    ) -> PlanCard:
        """Write down a change of a plan that is held: next revision, history, audit log and outbox.

        Parameters
        ----------
        change
            ``grids``, ``communities``, ``members`` and ``ground`` that it touched, and whatever else there is to say.
        action
            For the audit log.
        values
            Columns of ``plans`` that change with it.
        """
        tx, act = self._tx, self._tx.act
        revision = card.revision + 1
        tx.connection.execute(
            update(plans)
            .where(plans.c.id == card.id)
            .values(revision=revision, changed_at=act.at, changed_by=act.who, **dict(values))
        )
        row = {"plan": card.id, "revision": revision, "kind": kind, "name": name, "at": act.at, "who": act.who}
        tx.connection.execute(plan_changes.insert().values(**row, change=dict(change)))
        told = {key: value for key, value in change.items() if key not in _HEAVY}
        if "dropped" in change:
            told["dropped"] = [{key: step[key] for key in step if key != "change"} for step in change["dropped"]]
        if "members" in change:
            told["n_members"] = len(change["members"])
        after = {"revision": revision, "kind": kind, "name": name, **told}
        tx.audit.record(action, card.id, place=card.place, before={"revision": card.revision}, after=after)
        event = {"plan": card.id, "revision": revision, "kind": kind, "grids": change.get("grids", [])}
        tx.outbox.put("plan.changed", card.id, event, place=card.place)
        return tx.plans.card(card.id)

    def rename(self, id: str, name: str, revision: int | None = None) -> PlanCard:
        """Give a plan another name; in any state but the last ones.

        Raises
        ------
        NotFound, Stale
            As `hold`.
        Conflict
            ``plan_closed``.
        """
        card = self.hold(id, revision)
        if card.state in ("superseded", "withdrawn"):
            raise Conflict("plan_closed", id=id, measured=card.state, how=card.state)
        return self.note(card, "rename", name, {"from": card.name, "to": name}, "plan.rename", {"name": name})

    # -- states -----------------------------------------------------------------------------------------------------

    def change_state(
        self,
        id: str,
        to: str,
        *,
        revision: int | None = None,
        effective_from: datetime | None = None,
        may_backdate: bool = False,
        may_approve_own: bool = False,
        over_others: bool = False,
    ) -> PlanCard:
        """Put a plan into another state.

        ``in_force`` with a first day that is still to come leaves it ``filed`` with its date; `settle` does the rest.
        Asked again before that day, it moves the date.

        Parameters
        ----------
        effective_from
            First moment in force; now when omitted.
        may_backdate
            Whether it may be in the past.
        may_approve_own
            Whether the one who submitted may also approve (where there are no accounts there is nobody else); the
            audit log says when this was used.
        over_others
            Whether a plan may take the place of a plan that it was not made from.

        Raises
        ------
        NotFound, Stale
            As `hold`.
        Conflict
            ``plan_step_illegal``, ``plan_own_submission``, ``effective_in_past``, ``effective_taken``,
            ``effective_beneath``, ``plan_base_outdated``.
        """
        if to == "in_force":
            take_numbers(self._tx, "reigns")  # one at a time: what is in force is looked at and then changed
            self.settle()
        card = self.hold(id, revision)
        if to not in NEXT[card.state]:
            allowed = ", ".join(NEXT[card.state]) or "-"
            raise Conflict("plan_step_illegal", id=id, measured=to, how=card.state, allowed=allowed)
        if to == "in_force":
            return self._put_in_force(card, effective_from or self._tx.act.at, may_backdate, over_others)
        values: dict[str, Any] = {}
        told: dict[str, Any] = {}
        if to == "submitted":
            values = {"submitted_by": self._tx.act.who, "approved_by": None}
        elif to == "approved":
            if card.submitted_by == self._tx.act.who:
                if not may_approve_own:
                    raise Conflict("plan_own_submission", id=id, measured=self._tx.act.who)
                told["four_eyes"] = False
            values = {"approved_by": self._tx.act.who}
        return self._enter(card, to, told, **values)

    def _enter(self, card: PlanCard, state: str, told: Mapping[str, Any], **values: Any) -> PlanCard:
        change = {"from": card.state, "to": state, **told}
        act = self._tx.act
        after = self.note(card, state, "", change, _ACTIONS[state], {"state": state, **values})
        row = {"plan": card.id, "revision": after.revision, "state": state, "at": act.at, "who": act.who}
        self._tx.connection.execute(plan_states.insert().values(**row, reason=act.reason or None))
        payload: dict[str, Any] = {"plan": card.id, "state": state, "revision": after.revision, "from": card.state}
        if state in ("in_force", "superseded"):
            payload["communities"] = self.communities(card)
        self._tx.outbox.put(f"plan.{state}", card.id, payload, place=card.place)
        return after

    def _put_in_force(self, card: PlanCard, since: datetime, may_backdate: bool, over_others: bool) -> PlanCard:
        now = self._tx.act.at
        if since < now and not may_backdate:
            raise Conflict("effective_in_past", measured=since.isoformat(), allowed=now.isoformat())
        communities = self.communities(card)
        if card.effective_from is not None:
            self.reigns.take_back(card.id, self.reigns.beneath(card, communities))
        known, beneath = self.reigns.of_communities(communities), self.reigns.beneath(card, communities)
        base = self.base_of(card)
        others = sorted({reign.plan for reign in (*known, *beneath) if reign.holds(since)} - {base})
        if base is not None and others and not over_others:
            raise Conflict("plan_base_outdated", id=card.id, measured=", ".join(others), allowed=base)
        self.reigns.begin(card.id, communities, since, known, beneath)
        day = since.isoformat()
        if since > now:
            told = {"effective_from": day, "communities": len(communities)}
            after = self.note(card, "schedule", "", told, "plan.schedule", {"effective_from": since})
            row = {"plan": card.id, "revision": after.revision, "state": "filed", "at": now, "who": self._tx.act.who}
            self._tx.connection.execute(plan_states.insert().values(**row, reason=self._tx.act.reason or None))
            event = {"plan": card.id, "from": day, "communities": communities, "revision": after.revision}
            self._tx.outbox.put("plan.scheduled", card.id, event, place=card.place)
        else:
            self._enter(card, "in_force", {"effective_from": day}, effective_from=since)
        self.settle()
        return self._tx.plans.card(card.id)

    def settle(self) -> tuple[str, ...]:
        """Write down what has come true by the moment of the act; returns the plans whose state changed.

        A filed plan whose day has come is in force; one in force whose communities have all been taken over is
        superseded.  Twice is the same as once.
        """
        now = self._tx.act.at
        changed = []
        for due, state in ((self._has_begun(now), "in_force"), (self._has_ended(now), "superseded")):
            wanted = select(plans.c.id).where(due, is_inside(plans.c.place, self._tx))
            # A plan that somebody else is changing settles the next time.
            wanted = wanted.order_by(plans.c.effective_from, plans.c.id).with_for_update(skip_locked=True)
            for id in list(self._tx.connection.execute(wanted).scalars()):
                values: dict[str, Any] = {}
                if state == "superseded":
                    values["effective_to"] = max(
                        reign.valid_to for reign in self.reigns.of_plan(id) if reign.valid_to is not None
                    )
                self._enter(self._tx.plans.card(id), state, {}, **values)
                changed.append(id)
        return tuple(changed)

    def is_due(self, now: datetime) -> bool:
        """Whether `settle` would change anything."""
        due = or_(self._has_begun(now), self._has_ended(now))
        wanted = select(plans.c.id).where(due, is_inside(plans.c.place, self._tx)).limit(1)
        return self._tx.connection.execute(wanted).first() is not None

    @staticmethod
    def _has_begun(now: datetime) -> ColumnElement[bool]:
        return and_(plans.c.state == "filed", plans.c.effective_from <= now)

    @staticmethod
    def _has_ended(now: datetime) -> ColumnElement[bool]:
        lasts = or_(reigns.c.valid_to.is_(None), reigns.c.valid_to > now)
        return and_(plans.c.state == "in_force", ~exists().where(reigns.c.plan == plans.c.id, lasts))

    # -- questions --------------------------------------------------------------------------------------------------

    def in_force(self, place: str, at: datetime) -> dict[str, str]:
        """Community to plan, for the communities of a place at any moment (see `Reigns.at`)."""
        return self.reigns.at(place, at)

    def communities(self, card: PlanCard) -> list[str]:
        """Codes of the communities of a plan, ascending."""
        table = plan_communities.c
        wanted = select(table.code).where(table.county == card.county, table.plan == card.id).order_by(table.code)
        return list(self._tx.connection.execute(wanted).scalars())

    def base_of(self, card: PlanCard) -> str | None:
        """The nearest plan before this one whose codes were issued; ``None`` for none."""
        seen = {card.id}
        parent = card.parent
        while parent is not None and parent not in seen:
            seen.add(parent)
            row = self._tx.connection.execute(select(plans.c.parent, plans.c.state).where(plans.c.id == parent)).first()
            if row is None:
                return None
            if row.state in ISSUED:
                return parent
            parent = row.parent
        return None

    # -- locks ------------------------------------------------------------------------------------------------------

    def locks(self, id: str) -> tuple[str, ...]:
        """The locks on a plan, ascending."""
        self._tx.plans.card(id)
        wanted = select(plan_locks.c.lock).where(plan_locks.c.plan == id).order_by(plan_locks.c.lock)
        return tuple(self._tx.connection.execute(wanted).scalars())

    def add_locks(self, id: str, locks: Sequence[str], revision: int | None = None) -> PlanCard:
        """Lock; what is locked already stays so.  Whether they name anything is the caller's to check.

        Raises
        ------
        NotFound, Stale, Conflict
            As `hold_editable`.
        """
        card = self.hold_editable(id, revision)
        new = sorted(set(locks) - set(self.locks(id)))
        for lock in new:
            row = {"plan": id, "lock": lock, "at": self._tx.act.at, "who": self._tx.act.who}
            self._tx.connection.execute(plan_locks.insert().values(**row))
        return self.note(card, "lock", "", {"locks": new}, "plan.lock", {}) if new else card

    def remove_locks(self, id: str, locks: Sequence[str] | None, revision: int | None = None) -> PlanCard:
        """Unlock some, or all that there are with ``None``.

        Raises
        ------
        NotFound
            ``lock_not_set`` for each that is not there; as `hold_editable`.
        Stale, Conflict
            As `hold_editable`.
        """
        card = self.hold_editable(id, revision)
        there = self.locks(id)
        wanted = sorted(set(there if locks is None else locks))
        missing = [Fault("lock_not_set", {"measured": lock}) for lock in wanted if lock not in there]
        if missing:
            raise NotFound.of(missing)
        if not wanted:
            return card
        gone = delete(plan_locks).where(plan_locks.c.plan == id)
        self._tx.connection.execute(gone if locks is None else gone.where(plan_locks.c.lock.in_(wanted)))
        return self.note(card, "unlock", "", {"locks": wanted}, "plan.unlock", {})
