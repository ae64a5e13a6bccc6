"""What hand edits stand on, kept in the process: territories cut into atoms, and plans lying on them.

A ground is made once per territory and rules and costs what drawing costs before its search.  A plan is kept by id,
revision and moment of change, so that what is kept is never older than the store says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Any

from data.store import Store, Tx
from data.store.rooms.plans import PlanCard
from gis.atoms import build_atoms
from gis.errors import InputError
from gis.territory import Territory
from partition.edits import Ground, Sheet, lay, mixed_communities, prepare
from partition.filed import FiledPlan
from partition.rules import Rules

_GROUNDS = 4
_SHEETS = 32
_PLANS = 256
_PAPERS = 2
_MADE = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A territory under the rules of a plan, ready for edits; with what pages were given of it."""

    territory: Territory
    rules: Rules
    ground: Ground
    _made: _Kept[Any] = field(default_factory=lambda: _Kept(_MADE), compare=False, repr=False)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Something made of the place once, and kept as long as the place is."""
        return self._made.get(name, make)


class Desk:
    """Grounds and plans at hand.

    Parameters
    ----------
    store
        Where they come from.

    Attributes
    ----------
    papers
        Taken by whoever makes the papers of a plan: some seconds of work, so not by many at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: _Kept[Place] = _Kept(_GROUNDS)
        self._territories: _Kept[Territory] = _Kept(_GROUNDS)
        self._sheets: _Kept[Sheet] = _Kept(_SHEETS)
        self._finer: _Kept[tuple[str, ...]] = _Kept(_PLANS)
        self.papers = BoundedSemaphore(_PAPERS)

    def place(self, id: str, jurisdiction: str) -> Place:
        """Ground of a plan that lies within a jurisdiction.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        InputError
            ``plan_without_rules``.
        """
        with self._store.read(jurisdiction) as tx:
            card = tx.plans.card(id)
        known = self._finer.find(id)
        if known is not None:
            return self._place(card, *known)
        with self._store.read() as tx:
            filed = tx.plans.load(id)
        rules = rules_of(filed, card)
        place = self._place(card, rules.to_toml())
        mixed = mixed_communities(filed, place.territory, place.ground.atoms)
        finer: tuple[str, ...] = ()
        if mixed and len(place.territory["buildings"]):
            # The plan may have cut blocks of these communities finer: so do we, where it keeps its grids.
            closer = self._place(card, rules.to_toml(), *mixed)
            left = mixed_communities(filed, closer.territory, closer.ground.atoms)
            if len(left) < len(mixed):
                place, finer = closer, mixed
        # Edits move atoms and never cut them, so this holds for as long as the plan does.
        self._finer.keep(id, (rules.to_toml(), *finer))
        return place

    def sheet(self, tx: Tx, card: PlanCard, place: Place) -> Sheet:
        """A plan on its ground, as it is in a transaction."""
        return self._sheets.get(_version(card), lambda: lay(tx.plans.load(card.id), place.territory, place.ground))

    def keep(self, card: PlanCard, sheet: Sheet | None) -> None:
        """Remember what a change that was kept made of a plan."""
        if sheet is not None:
            self._sheets.keep(_version(card), sheet)

    def territory(self, id: str) -> Territory:
        """A territory of the store."""

        def load() -> Territory:
            with self._store.read() as tx:
                return tx.territories.load(id)

        return self._territories.get(id, load)

    def _place(self, card: PlanCard, rules_toml: str, *finer: str) -> Place:
        def make() -> Place:
            rules = Rules.from_toml(rules_toml)
            territory = self.territory(card.territory)
            atoms = build_atoms(
                territory, max_households=rules.max_households, estate_cap=rules.estate_cap, finer=finer
            )
            return Place(territory, rules, prepare(territory, atoms, rules))

        return self._places.get((card.territory, rules_toml, finer), make)


def rules_of(filed: FiledPlan, card: PlanCard) -> Rules:
    """The rules a plan was drawn by.

    Raises
    ------
    InputError
        ``plan_without_rules``.
    """
    if not filed.meta.get("rules"):
        raise InputError("plan_without_rules", file=card.id)
    return Rules.from_toml(filed.meta["rules"], file=card.id)


def _version(card: PlanCard) -> tuple[str, int, datetime]:
    return card.id, card.revision, card.changed_at


class _Kept[V]:
    """The last few things made, each made once also when several ask at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, V] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def find(self, key: Hashable) -> V | None:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def keep(self, key: Hashable, value: V) -> None:
        with self._lock:
            self._made[key] = value
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        with self._lock:
            turn = self._making.setdefault(key, Lock())
        with turn:
            found = self.find(key)
            if found is None:
                found = make()
                self.keep(key, found)
        with self._lock:
            self._making.pop(key, None)
        return found
