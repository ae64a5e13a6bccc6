"""People who write to a service without pause while it is killed, and what of their acknowledged writes is there after.

A writer sends one change after another.  A change that was cut off is sent again, with the same Idempotency-Key, until
there is an answer: as a program does that must neither lose a change nor make it twice.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from api.usecases import examine_store
from data.store import SqlStore
from data.store.rooms.plans import PlanCard

WAIT_S = 600.0  # far more than any of it takes, however busy the machine
KINDS = ("moves", "states", "forks", "accounts")


@dataclass
class Noted:
    """What was acknowledged: per kind of change, what the store must hold."""

    moves: list[tuple[int, str]] = field(default_factory=list)  # revision, grid it went to
    states: list[tuple[int, str]] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    n_in_doubt: int = 0  # cut off before the answer came, and sent again
    n_answered_before: int = 0  # of those, how many had been kept
    n_unready: int = 0  # answered 503 or 507 while the store was away

    def counts(self) -> dict[str, int]:
        """Acknowledged changes by kind."""
        return {kind: len(getattr(self, kind)) for kind in KINDS}

    def __len__(self) -> int:
        return len(self.moves) + len(self.states) + len(self.forks) + len(self.accounts)


class Writers:
    """A planner who moves a block to and fro, one who submits and returns, one who forks, and an admin.

    Parameters
    ----------
    address
        Of the service; the same after every restart.
    key
        API key of an admin.
    plan
        The plan in force, which the others are forked from.
    """

    def __init__(self, address: str, key: str, plan: str) -> None:
        self.noted = Noted()
        self.failures: list[str] = []
        self._address = address
        self._headers = {"Authorization": f"Bearer {key}"}
        self._plan = plan
        self._is_over = threading.Event()
        self._is_abandoned = threading.Event()
        self._moved_plan = self._fork("moved")
        self._stated_plan = self._fork("stated")
        self._block = self._find_block()
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=work.__name__)
            for work in (self._move, self._state, self._fork_on, self._add_account)
        ]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let everybody finish the change in hand."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive(), thread.name

    def abandon(self) -> None:
        """Stop at once, whatever is in hand: something went wrong."""
        self._is_over.set()
        self._is_abandoned.set()

    def wait_for(self, kind: str, n: int) -> None:
        """Wait until ``n`` more changes of a kind were acknowledged.

        A kind is named because the slow ones would never be answered between two kills that only count the quick ones.
        """
        done = getattr(self.noted, kind)
        wanted, end = len(done) + n, time.monotonic() + WAIT_S
        while len(done) < wanted:
            assert not self.failures, self.failures
            assert time.monotonic() < end, f"only {len(done)} of {wanted} {kind} in {WAIT_S} s"
            time.sleep(0.005)

    def _run(self, work: Callable[[int], None]) -> None:
        n = 0
        while not self._is_over.is_set():
            try:
                work(n)
            except Exception as error:
                self.failures.append(f"{work.__name__} {n}: {type(error).__name__}: {error}")
                return
            n += 1

    def _ask(self, method: str, path: str, body: Any = None, etag: str = "") -> httpx.Response:
        """Send a change until it is answered."""
        headers = {**self._headers, "Idempotency-Key": uuid.uuid4().hex}
        if etag:
            headers["If-Match"] = etag
        was_cut_off = False
        end = time.monotonic() + WAIT_S
        while True:
            assert time.monotonic() < end, f"{method} {path} was never answered"
            assert not self._is_abandoned.is_set(), "abandoned"
            try:
                answer = httpx.request(method, self._address + path, json=body, headers=headers, timeout=WAIT_S)
            except httpx.TransportError:
                self.noted.n_in_doubt += not was_cut_off
                was_cut_off = True
                time.sleep(0.05)
                continue
            if answer.status_code == 429:
                time.sleep(0.1)
                continue
            if answer.status_code in (500, 503, 507):
                if answer.status_code == 500:
                    self.failures.append(f"{method} {path}: {answer.text[:500]}")
                self.noted.n_unready += 1
                was_cut_off = True  # a commit may have been kept although its answer was lost
                time.sleep(0.05)
                continue
            self.noted.n_answered_before += was_cut_off and answer.headers.get("x-repeated") == "true"
            return answer

    def _fork(self, name: str) -> dict[str, Any]:
        answer = self._ask("POST", "/v1/plans", {"parent": self._plan, "name": name})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def _find_block(self) -> tuple[str, str, str]:
        """A block and two grids that it may go to, one after the other."""
        plan = self._moved_plan["id"]
        grids = httpx.get(f"{self._address}/v1/plans/{plan}/grids", headers=self._headers, timeout=WAIT_S).json()
        homes: dict[str, list[str]] = {}
        for grid in grids["features"]:
            homes.setdefault(grid["properties"]["community"], []).append(grid["id"])
        for community, codes in sorted(homes.items()):
            if len(codes) < 2:
                continue
            found = httpx.get(
                f"{self._address}/v1/plans/{plan}/atoms",
                params={"community": community},
                headers=self._headers,
                timeout=WAIT_S,
            ).json()
            for atom in found["features"]:
                here = atom["properties"]["grid"]
                for there in codes:
                    if there != here and self._move_to(atom["id"], there) == 201:
                        self.noted.moves.clear()
                        return atom["id"], there, here
        raise AssertionError("no block of this plan can be moved")

    def _move_to(self, atom: str, grid: str) -> int:
        plan = self._moved_plan
        body = {"kind": "move", "atoms": [atom], "grid": grid}
        answer = self._ask("POST", f"/v1/plans/{plan['id']}/moves", body, plan["etag"])
        if answer.status_code == 201:
            self._moved_plan = answer.json()["plan"]
            self.noted.moves.append((self._moved_plan["revision"], grid))
        return answer.status_code

    def _move(self, n: int) -> None:
        atom, there, here = self._block
        status = self._move_to(atom, here if n % 2 == 0 else there)
        assert status == 201, status

    def _state(self, n: int) -> None:
        plan = self._stated_plan
        state = ("submitted", "returned")[n % 2]
        answer = self._ask("POST", f"/v1/plans/{plan['id']}/status", {"state": state}, plan["etag"])
        assert answer.status_code == 200, answer.text
        self._stated_plan = answer.json()["plan"]
        self.noted.states.append((self._stated_plan["revision"], state))

    def _fork_on(self, n: int) -> None:
        self.noted.forks.append(self._fork(f"fork {n}")["id"])
        time.sleep(0.2)  # a whole plan each: fewer of them

    def _add_account(self, n: int) -> None:
        name = f"desk-{n}"
        answer = self._ask("POST", "/v1/accounts", {"name": name, "role": "lookup"})
        # Making an account takes no Idempotency-Key: that it is there already says that the first try was kept.
        assert answer.status_code in (201, 409), answer.text
        self.noted.accounts.append(name)
        time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found at the end; all of it must be empty."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    half: tuple[str, ...]
    unsound: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, doubled or halved."""
        return not (self.lost or self.doubled or self.half or self.unsound)


def judge(store: SqlStore, writers: Writers) -> Verdict:
    """Hold what was acknowledged against what is in the store."""
    noted = writers.noted
    lost: list[str] = []
    doubled: list[str] = []
    half: list[str] = []
    moved, stated = writers._moved_plan["id"], writers._stated_plan["id"]
    with store.read() as tx:
        steps = {c.revision: c for c in tx.life.history.changes(moved, limit=1_000_000) if c.kind == "move"}
        lost += [f"move {revision}" for revision, _ in noted.moves if revision not in steps]
        doubled += [f"{len(steps)} moves kept"] if len(steps) > len(noted.moves) + 1 else []  # + the one that tried
        where = _grids_of(tx.plans.load(moved), steps[max(steps)].change["members"])
        lost += [] if where == {noted.moves[-1][1]} else [f"the block lies in {where}"]
        history = {stay.revision: stay.state for stay in tx.life.history.states(stated)}
        lost += [f"{state} {revision}" for revision, state in noted.states if history.get(revision) != state]
        doubled += [f"{len(history)} states kept"] if len(history) > len(noted.states) + 1 else []  # + draft
        cards = _all_cards(tx)
        lost += [f"fork {id}" for id in noted.forks if id not in cards]
        forks = [card for card in cards.values() if card.name.startswith("fork ")]
        doubled += [f"{len(forks)} forks kept"] if len(forks) > len(noted.forks) else []
        parent = tx.plans.load(writers._plan)
        for card in forks:
            copy = tx.plans.load(card.id)
            is_whole = copy.grids["code"].equals(parent.grids["code"]) and copy.members.equals(parent.members)
            half += [] if is_whole and copy.communities.equals(parent.communities) else [card.id]
        names = {account.name for account in tx.accounts.accounts(limit=1_000_000)}
        lost += [f"account {name}" for name in noted.accounts if name not in names]
    found = examine_store(store)
    unsound = [str(fault) for finding in found.findings if finding.verdict == "bad" for fault in finding.faults]
    return Verdict(tuple(lost), tuple(doubled), tuple(half), tuple(unsound))


def _grids_of(filed: Any, members: Any) -> set[str]:
    keys = {(kind, name) for kind, name, *_ in members}
    table = filed.members
    return {grid for kind, name, grid in zip(table["kind"], table["id"], table["grid"]) if (kind, name) in keys}


def _all_cards(tx: Any) -> dict[str, PlanCard]:
    found: dict[str, PlanCard] = {}
    after = None
    while page := tx.plans.cards(after=after, limit=500):
        found |= {card.id: card for card in page}
        after = page[-1].id
    return found
