"""Much ground to many grids at once: what a solver's answer, or a plan worked out elsewhere, asks of a plan.

Decides which atoms it would move where, community by community; the rules that hold for any edit are in `edit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gis.errors import Conflict, Fault, InputError
from partition.edits.ground import Ground
from partition.edits.sheet import Sheet
from partition.edits.wishes import Meant, Wish, ground_atoms

_NEW = re.compile(r"\+[1-9][0-9]{0,5}")
_MOST_FAULTS = 20


def understand_assignment(ground: Ground, sheet: Sheet, wish: Wish) -> tuple[Meant, ...]:
    """Which atoms an ``assign`` would move, one `Meant` for each community, in the order of their codes.

    What is to stay where it is may be named as well, and is left out.

    Raises
    ------
    InputError
        ``edit_ground_missing``, ``edit_label_unknown``, ``edit_member_unknown``, ``edit_atom_unknown``.
    Conflict
        ``edit_assigned_twice``, ``edit_crosses_community``, ``edit_changes_nothing``, ``edit_ground_differs``.
    """
    if not wish.shares:
        raise InputError("edit_ground_missing")
    _known(sheet, (to for to, _ in wish.shares))
    wanted: dict[int, str] = {}
    for to, part in wish.shares:
        for atom in ground_atoms(ground, part):
            if wanted.setdefault(atom, to) != to:
                raise Conflict("edit_assigned_twice", measured=ground.graph.atom_ids[atom])
    graph = ground.graph
    home: dict[str, int] = {}
    for atom, to in wanted.items():
        place = int(graph.community_index[atom])
        if to in sheet.grids:
            home[to] = ground.community_at[str(sheet.grids[to]["community"])]
        if home.setdefault(to, place) != place:
            both = sorted({graph.communities[home[to]], graph.communities[place]})
            raise Conflict("edit_crosses_community", measured=", ".join(both))
    moves: dict[int, dict[int, str]] = {}
    for atom, to in sorted(wanted.items()):
        if sheet.atom_code[atom] != to:
            moves.setdefault(int(graph.community_index[atom]), {})[atom] = to
    if not moves:
        raise Conflict("edit_changes_nothing")
    sheet.assert_open(tuple(graph.communities[place] for place in moves))
    return tuple(_meant(place, mine) for place, mine in sorted(moves.items()))


def _known(sheet: Sheet, labels: Iterable[str]) -> None:
    unknown = [to for to in dict.fromkeys(labels) if to not in sheet.grids and not _NEW.fullmatch(to)]
    if unknown:
        raise InputError.of(Fault("edit_label_unknown", {"measured": to}) for to in unknown[:_MOST_FAULTS])


def _meant(place: int, mine: dict[int, str]) -> Meant:
    """New grids are numbered in the order of their labels."""
    labels = sorted({to for to in mine.values() if to.startswith("+")}, key=lambda to: int(to[1:]))
    number = {to: i for i, to in enumerate(labels)}
    return Meant(place, {atom: number.get(to, to) for atom, to in mine.items()}, len(labels))
