"""The quality report: every repair and every remark made while reading, so that nothing is mended silently."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gis.errors import Fact


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of the report.

    Attributes
    ----------
    code
        Message key in the locale files (``repair_*``, ``note_*``, ``warn_*``).
    layer, id
        Where: layer name and feature id, empty when it concerns the whole layer or file.
    before, after
        What the value, area or count was, and what it became (``None`` where there is no such thing).
    facts
        Anything else the sentence needs.
    """

    code: str
    layer: str = ""
    id: str = ""
    before: Fact = None
    after: Fact = None
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(slots=True)
class QualityReport:
    """Collects remarks; the one mutable object handed through a reading."""

    remarks: list[Remark] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(
        self, code: str, layer: str = "", id: str = "", before: Fact = None, after: Fact = None, **facts: Fact
    ) -> None:
        """Write down one remark."""
        plain = {key: _plain(value) for key, value in facts.items()}
        self.remarks.append(Remark(code, layer, id, _plain(before), _plain(after), plain))

    def count(self, name: str, n: int) -> None:
        """Add ``n`` to a named count (features read per layer, repairs per kind)."""
        self.counts[name] = self.counts.get(name, 0) + int(n)

    def to_json(self) -> dict[str, object]:
        """Plain data in a fixed order."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "remarks": [
                {
                    "code": r.code,
                    "layer": r.layer,
                    "id": r.id,
                    "before": r.before,
                    "after": r.after,
                    "facts": dict(sorted(r.facts.items())),
                }
                for r in self.remarks
            ],
        }


def _plain(value: Fact) -> Fact:
    """Plain Python in place of a numpy number, which JSON does not know."""
    return value.item() if isinstance(value, np.generic) else value
