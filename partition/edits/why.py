"""What stands in the way of a grid: every piece at its border held against the rules, and the edits that would help.

A grid of 512 households may be one move from the band, or no move may help: then this says which rule stopped each
piece.  All that is offered has been tried with the rules of hand edits, locks included; how it is told is for others.
The work is bounded by counts, never by a clock, so that the answer is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.errors import Conflict, Fact
from partition.edits.edit import Trial, try_out
from partition.edits.ground import Ground
from partition.edits.sheet import Sheet
from partition.edits.wishes import Meant
from partition.plan import STANDARD
from partition.zoning.feasible import Assessment, assess_division

NEIGHBOUR_OUT = "edit_neighbour_out"
"""Not a rule: the move is lawful, but misses the band elsewhere by as much as it mends here."""
MOST_SINGLES, MOST_PAIRS, MOST_FIRST, MOST_SHOWN = 400, 60, 40, 5
Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """Ground that goes to a grid; with ``gives`` another grid ends in it (a merger of the two)."""

    atoms: tuple[str, ...]
    grid: str
    gives: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A lawful way to help a grid.

    Attributes
    ----------
    kind
        ``move`` (one step), ``two`` (two steps, lawful in this order), ``merge``.
    steps
        What to do, in order.
    effects
        (grid, households before, after); 0 after for a grid that ends.
    outside_before, outside_after
        Households by which the grids of ``effects`` miss the band.
    is_into
        It brings the grid into the band and puts no other further out.
    """

    kind: str
    steps: tuple[Step, ...]
    effects: tuple[tuple[str, int, int], ...]
    outside_before: int
    outside_after: int
    is_into: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A rule that stopped moves which would have helped.

    Attributes
    ----------
    code
        As `edit` says it, or `NEIGHBOUR_OUT`.
    n
        Moves that it stopped.
    example, facts
        The first of them, and what the rule says of it.
    """

    code: str
    n: int
    example: Step
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a grid stands.

    Attributes
    ----------
    households
        Of the grid; ``missing`` is how far it is from the band (negative below, positive above, 0 inside or exempt).
    status
        ``in``, ``low``, ``high``, ``exempt`` (dedicated and rural grids), ``closed`` (not made of whole pieces).
    pieces
        Of how many pieces it is.
    neighbours
        Grids of its community at its border.
    assessment
        What arithmetic says about its community.
    ways
        The best first.
    stops
        What stopped the others, the most frequent first.
    n_tried
        Single moves that were tried.
    """

    households: int
    missing: int
    status: str
    pieces: int
    neighbours: tuple[str, ...]
    assessment: Assessment
    ways: tuple[Way, ...] = ()
    stops: tuple[Stop, ...] = ()
    n_tried: int = 0


def examine_grid(ground: Ground, sheet: Sheet, grid: str, locks: Sequence[str] = ()) -> Standing:
    """Say where a grid stands, and what a planner could do about it.

    Parameters
    ----------
    grid
        Code of a grid of the sheet.
    locks
        See `partition.edits.locks`.
    """
    row = sheet.grids[grid]
    place = str(row["community"])
    community = ground.community_at[place]
    division = ground.divisions[community]
    mine = sheet.atoms_of(division.atoms, grid)
    households = int(row["households"])
    miss = _miss(ground, sheet, grid, households)
    status = "exempt" if row["kind"] != STANDARD else "in" if miss == 0 else "low" if miss < 0 else "high"
    facts = Standing(
        households,
        miss,
        "closed" if place in sheet.closed else status,
        ground.pieces(community, mine),
        tuple(sorted({code for code in _near(ground, sheet, community, grid) if code})),
        assess_division(ground.graph, ground.rules, division),
    )
    if miss == 0 or place in sheet.closed:
        return facts
    search = _Search(ground, sheet, community, grid, locks)
    ways, stops, n_tried = search.run()
    return replace(facts, ways=ways, stops=stops, n_tried=n_tried)


def _miss(ground: Ground, sheet: Sheet, grid: str, households: int) -> int:
    """How far a grid is from the band; 0 for one that has none."""
    if sheet.grids[grid]["kind"] != STANDARD:
        return 0
    low, high = ground.rules.min_households, ground.rules.max_households
    return households - low if households < low else max(0, households - high)


def _near(ground: Ground, sheet: Sheet, community: int, grid: str) -> set[str]:
    a, b, _ = ground.contacts(community)
    code = sheet.atom_code
    return {
        str(code[two])
        for one, two in zip(np.concatenate([a, b]).tolist(), np.concatenate([b, a]).tolist())
        if code[one] == grid and code[two] != grid
    }


@dataclass(frozen=True, slots=True)
class _Move:
    """A piece that could cross the grid's border, and what that makes of the sizes."""

    atom: int
    giver: str
    taker: str
    households: int


class _Search:
    """Tries what could help one grid."""

    def __init__(self, ground: Ground, sheet: Sheet, community: int, grid: str, locks: Sequence[str]) -> None:
        self._ground, self._sheet, self._community, self._grid, self._locks = ground, sheet, community, grid, locks
        self._sizes: Sizes = {code: int(row["households"]) for code, row in sheet.grids.items()}

    def run(self) -> tuple[tuple[Way, ...], tuple[Stop, ...], int]:
        ways: list[Way] = []
        stopped: dict[str, list[tuple[Step, Mapping[str, Fact]]]] = {}
        lawful: list[tuple[_Move, Trial]] = []
        moves = sorted(self._moves(self._sheet), key=lambda one: self._order([one]))[:MOST_SINGLES]
        before = self._outside(self._sizes, self._grid)
        for move in moves:
            helps = self._gain([move]) > 0
            found = self._try(self._sheet, move)
            if isinstance(found, Conflict) and helps and found.code == "edit_not_contiguous":
                wider = self._with_cut_off(move)
                if wider is not None:
                    ways += self._way("move", [wider])
            if isinstance(found, Trial):
                lawful.append((move, found))
                if helps:
                    ways += self._way("move", [found])
                elif self._heals(move, before):
                    stopped.setdefault(NEIGHBOUR_OUT, []).append((self._step(move), self._neighbour(move)))
            elif helps:
                for fault in found.faults:
                    stopped.setdefault(fault.code, []).append((self._step(move), fault.facts))
        ways += self._mergers()
        if not any(way.is_into for way in ways):
            ways += self._pairs(lawful, min((way.outside_after - way.outside_before for way in ways), default=0))
        stops = [Stop(code, len(some), *some[0]) for code, some in stopped.items()]
        return _best(ways), tuple(sorted(stops, key=lambda one: (-one.n, one.code))), len(moves)

    # -- what could be moved

    def _moves(self, sheet: Sheet) -> Iterator[_Move]:
        """Every piece with homes at the grid's border, to every grid it touches across it."""
        graph, code = self._ground.graph, sheet.atom_code
        a, b, _ = self._ground.contacts(self._community)
        seen: set[tuple[int, str]] = set()
        for one, two in zip(np.concatenate([a, b]).tolist(), np.concatenate([b, a]).tolist()):
            giver, taker = str(code[one]), str(code[two])
            if giver == taker or self._grid not in (giver, taker) or not giver or not taker:
                continue
            if graph.households[one] and (one, taker) not in seen:
                seen.add((one, taker))
                yield _Move(one, giver, taker, int(graph.households[one]))

    def _with_cut_off(self, move: _Move) -> Trial | None:
        """The piece together with all that hangs on its grid only by it, where that is lawful."""
        atoms = self._ground.divisions[self._community].atoms
        left = self._sheet.atoms_of(atoms, move.giver)
        left = left[left != move.atom]
        run = self._ground.runs(self._community, left)
        if len(left) == 0 or run.max() == 0:
            return None
        weight = np.bincount(run, self._ground.graph.households[left] * 1e6 + self._ground.graph.area_m2[left])
        cut_off = left[run != np.argmax(weight)].tolist()
        found = self._try(self._sheet, move, cut_off)
        return found if isinstance(found, Trial) and self._helps(found) else None

    def _try(self, sheet: Sheet, move: _Move, more: Sequence[int] = ()) -> Trial | Conflict:
        meant = Meant(self._community, dict.fromkeys(sorted({move.atom, *more}), move.taker))
        try:
            return try_out(self._ground, sheet, "move", meant, self._locks)
        except Conflict as conflict:
            return conflict

    def _mergers(self) -> Iterator[Way]:
        """The grid and one neighbour as one, where that is no worse for the band."""
        for other in sorted(_near(self._ground, self._sheet, self._community, self._grid) - {""}):
            if self._sheet.grids[other]["kind"] != STANDARD:
                continue
            gone, keep = sorted((self._grid, other), key=lambda code: (self._sizes[code], code))
            together = self._sizes[gone] + self._sizes[keep]
            was = sum(abs(_miss(self._ground, self._sheet, code, self._sizes[code])) for code in (gone, keep))
            now = abs(_miss(self._ground, self._sheet, keep, together))
            if now >= was:
                continue
            atoms = self._sheet.atoms_of(self._ground.divisions[self._community].atoms, gone)
            try:
                meant = Meant(self._community, dict.fromkeys(atoms.tolist(), keep))
                try_out(self._ground, self._sheet, "merge", meant, self._locks)
            except Conflict:
                continue
            names = tuple(self._ground.graph.atom_ids[atom] for atom in atoms.tolist())
            effects = tuple(sorted([(gone, self._sizes[gone], 0), (keep, self._sizes[keep], together)]))
            yield Way("merge", (Step(names, keep, gone),), effects, was, now, now == 0)

    def _pairs(self, lawful: Sequence[tuple[_Move, Trial]], best: int) -> Iterator[Way]:
        """Two moves one after the other, where together they help more than anything single."""
        options = []
        for first, trial in lawful[:MOST_FIRST]:
            sheet = self._sheet.after(self._ground, trial.change)
            assert sheet is not None  # its atoms are those of the ground
            for second in self._moves(sheet):
                if second.atom != first.atom and -self._gain([first, second]) < best:
                    options.append((self._order([first, second]), trial, sheet, second))
        options.sort(key=lambda one: one[0])
        seen: set[frozenset[tuple[str, str]]] = set()
        n_tried = n_found = 0
        for _, trial, sheet, second in options:
            moved = frozenset([*((name, to) for name, _, to in trial.change.atoms), self._named(second)])
            if moved in seen:
                continue  # the same two, the other way about
            n_tried += 1
            found = self._try(sheet, second)
            if isinstance(found, Trial):
                seen.add(moved)
                for way in self._way("two", [trial, found]):
                    n_found += 1
                    yield way
            if n_tried >= MOST_PAIRS or n_found >= MOST_SHOWN:
                return

    # -- what it would do

    def _named(self, move: _Move) -> tuple[str, str]:
        return self._ground.graph.atom_ids[move.atom], move.taker

    def _step(self, move: _Move) -> Step:
        name, taker = self._named(move)
        return Step((name,), taker)

    def _after(self, moves: Sequence[_Move]) -> dict[str, int]:
        sizes = {code: self._sizes[code] for move in moves for code in (move.giver, move.taker)}
        for move in moves:
            sizes[move.giver] -= move.households
            sizes[move.taker] += move.households
        return sizes

    def _outside(self, sizes: Sizes, *codes: str) -> int:
        return sum(abs(_miss(self._ground, self._sheet, code, sizes[code])) for code in codes)

    def _gain(self, moves: Sequence[_Move]) -> int:
        """Households by which the grids would miss the band less."""
        after = self._after(moves)
        return self._outside(self._sizes, *after) - self._outside(after, *after)

    def _heals(self, move: _Move, before: int) -> bool:
        return self._outside(self._after([move]), self._grid) < before

    def _neighbour(self, move: _Move) -> Mapping[str, Fact]:
        other = move.giver if move.taker == self._grid else move.taker
        rules = self._ground.rules
        return {
            "grid": other,
            "measured": self._after([move])[other],
            "allowed": f"{rules.min_households}-{rules.max_households}",
        }

    def _order(self, moves: Sequence[_Move]) -> tuple[int, int, list[tuple[str, str]]]:
        moved = sum(move.households for move in moves)
        return -self._gain(moves), moved, [self._named(move) for move in moves]

    def _effects(self, trials: Sequence[Trial]) -> dict[str, int]:
        """Households afterwards of every grid that gained or lost."""
        graph, at = self._ground.graph, self._ground.atom_at
        sizes: dict[str, int] = {}
        for trial in trials:
            for name, giver, taker in trial.change.atoms:
                for code, sign in ((giver, -1), (taker, 1)):
                    sizes[code] = sizes.get(code, self._sizes[code]) + sign * int(graph.households[at[name]])
        return sizes

    def _helps(self, trial: Trial) -> bool:
        after = self._effects([trial])
        return self._outside(after, *after) < self._outside(self._sizes, *after)

    def _way(self, kind: str, trials: Sequence[Trial]) -> Iterator[Way]:
        after = self._effects(trials)
        was, now = self._outside(self._sizes, *after), self._outside(after, *after)
        if now >= was or self._grid not in after:
            return
        steps = tuple(
            Step(tuple(self._ground.graph.atom_ids[a] for a in sorted(trial.meant.moves)), _taker(trial))
            for trial in trials
        )
        further = any(
            abs(_miss(self._ground, self._sheet, code, size))
            > abs(_miss(self._ground, self._sheet, code, self._sizes[code]))
            for code, size in after.items()
        )
        into = not further and _miss(self._ground, self._sheet, self._grid, after[self._grid]) == 0
        effects = tuple((code, self._sizes[code], after[code]) for code in sorted(after))
        yield Way(kind, steps, effects, was, now, into)


def _taker(trial: Trial) -> str:
    return str(next(iter(trial.meant.moves.values())))


def _best(ways: Sequence[Way]) -> tuple[Way, ...]:
    """The best few, each once: into the band first, then what misses it least with least ground."""
    rank = {"move": 0, "merge": 1, "two": 2}
    ranked = sorted(
        {way.steps: way for way in ways}.values(),
        key=lambda way: (
            not way.is_into,
            way.outside_after - way.outside_before,
            rank[way.kind],
            sum(abs(after - before) for _, before, after in way.effects),
            [(step.grid, step.atoms) for step in way.steps],
        ),
    )
    return tuple(ranked[:MOST_SHOWN])
