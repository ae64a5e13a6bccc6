"""What an edit changes, as rows of the plan's tables before and after: enough to make it, take it back, make it again.

Rows are plain data that survive JSON: geometry as WKB in base64, no NaN.  They hold nothing about atoms but their ids,
which later releases may cut otherwise; so an old step can always be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows on one side of a change.

    Attributes
    ----------
    grids
        Code to row (`partition.filed.GRID_COLUMNS` and ``shape``) of the grids that differ.
    communities
        Code to row of the communities that differ.
    violations
        Community to all its rows.
    meta
        Facts of the plan that differ; ``None`` for one that is not there.
    """

    grids: Mapping[str, Row] = field(default_factory=dict)
    communities: Mapping[str, Row] = field(default_factory=dict)
    violations: Mapping[str, list[Row]] = field(default_factory=dict)
    meta: Mapping[str, str | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "grids": {code: dict(row) for code, row in self.grids.items()},
            "communities": {code: dict(row) for code, row in self.communities.items()},
            "violations": {code: [dict(row) for row in rows] for code, rows in self.violations.items()},
            "meta": dict(self.meta),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tables:
        """What `to_json` gave."""
        return cls(data["grids"], data["communities"], data["violations"], data["meta"])


def _united(sides: Sequence[Tables]) -> Tables:
    """Tables of different communities; of facts that several name, those of the last."""
    return Tables(
        {code: row for one in sides for code, row in one.grids.items()},
        {code: row for one in sides for code, row in one.communities.items()},
        {code: rows for one in sides for code, rows in one.violations.items()},
        {key: value for one in sides for key, value in one.meta.items()},
    )


@dataclass(frozen=True, slots=True)
class TableChange:
    """One change of a plan.

    Attributes
    ----------
    kind
        ``move``, ``new``, ``dissolve``, ``merge``, ``split``, ``assign``, ``solve``.
    communities
        Communities it touched.
    atoms
        (id, grid before, grid after) of every atom that moved; no grid is empty text.
    members
        (kind, id, grid before, grid after) of every building and unit that moved.
    before, after
        The rows that differ.
    """

    kind: str
    communities: tuple[str, ...]
    atoms: tuple[tuple[str, str, str], ...]
    members: tuple[tuple[str, str, str, str], ...]
    before: Tables
    after: Tables

    @property
    def grids(self) -> tuple[str, ...]:
        """Codes of the grids that gained, lost, came or went, ascending."""
        moved = {code for _, *pair in self.atoms for code in pair} | {
            code for _, _, *pair in self.members for code in pair
        }
        return tuple(sorted(moved - {""}))

    @classmethod
    def joined(cls, changes: Sequence[TableChange]) -> TableChange:
        """Changes of different communities, made one after the other, as one."""
        first = changes[0]
        if len(changes) == 1:
            return first
        before, after = [one.before for one in changes], [one.after for one in changes]
        return cls(
            first.kind,
            tuple(code for one in changes for code in one.communities),
            tuple(row for one in changes for row in one.atoms),
            tuple(sorted(row for one in changes for row in one.members)),
            _united(before[::-1]),  # of facts that several changed, the oldest
            _united(after),  # and the newest
        )

    def reversed(self) -> TableChange:
        """The change that takes this one back."""
        return TableChange(
            self.kind,
            self.communities,
            tuple((name, after, before) for name, before, after in self.atoms),
            tuple((kind, name, after, before) for kind, name, before, after in self.members),
            self.after,
            self.before,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind,
            "communities": list(self.communities),
            "atoms": [list(row) for row in self.atoms],
            "members": [list(row) for row in self.members],
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TableChange:
        """What `to_json` gave."""
        return cls(
            data["kind"],
            tuple(data["communities"]),
            tuple((row[0], row[1], row[2]) for row in data["atoms"]),
            tuple((row[0], row[1], row[2], row[3]) for row in data["members"]),
            Tables.from_json(data["before"]),
            Tables.from_json(data["after"]),
        )
