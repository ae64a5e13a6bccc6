"""Collecting faults: every fault of a file in one list, with a cap per kind so that a report stays readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gis.errors import Fact, Fault, InputError

SHOWN = 20  # lines of one kind in one layer; the rest is one line that counts them
NAMED = 20  # ids named inside one line


class FaultList:
    """Faults of one file, in the order they were found; or of several files that were put together.

    Attributes
    ----------
    file
        Named by faults that say no other.
    origins
        Per layer, the ``file:row`` each of its rows came from (``None``: not known).  A fault in such a layer names
        the file and the row that the user knows, and not those of the layers put together.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.origins: Mapping[str, Sequence[str | None]] = {}

    def __bool__(self) -> bool:
        return bool(self.faults)

    def add(self, code: str, **facts: Fact) -> None:
        """Note one fault."""
        plain = {k: _plain(v) for k, v in facts.items()}
        self.faults.append(Fault(code, {"file": self.file} | plain | self._origin(plain)))

    def each(self, code: str, layer: str, lines: Sequence[dict[str, Fact]], **common: Fact) -> None:
        """Note one fault per line of facts; past `SHOWN`, one closing ``more_faults`` line with the count."""
        for line in lines[:SHOWN]:
            self.add(code, layer=layer, **line, **common)
        if len(lines) > SHOWN:
            self.add("more_faults", layer=layer, kind=code, measured=len(lines) - SHOWN, total=len(lines))

    def _origin(self, facts: Mapping[str, Fact]) -> dict[str, Fact]:
        places = self.origins.get(str(facts.get("layer", "")), ())
        files = list(dict.fromkeys(p.rpartition(":")[0] for p in places if p))
        if not files or "file" in facts:
            return {}
        row = facts.get("row")
        if row is None:
            return {"file": named(files)}
        told = [places[int(r) - 1] for r in str(row).split(", ") if r.isdigit() and int(r) <= len(places)]
        named_by = {p.rpartition(":")[0] for p in told if p}
        if len(named_by) != 1 or not all(told):
            return {"file": named(files), "row": named(p for p in told if p) or row}
        rows = [int(p.rpartition(":")[2]) for p in told if p]
        return {"file": named_by.pop(), "row": rows[0] if len(rows) == 1 else named(rows)}

    def take(self, error: InputError) -> None:
        """Add the faults of an error that another room raised, naming this file where they name none."""
        for fault in error.faults:
            self.faults.append(Fault(fault.code, {"file": self.file, **fault.facts}))

    def stop_if_any(self) -> None:
        """Raise everything found so far as one error.

        Raises
        ------
        InputError
            Holding every fault of the list, if there is one.
        """
        if self.faults:
            raise InputError.of(self.faults)


def named(ids: Iterable[object], limit: int = NAMED) -> str:
    """Ids in one text: the first ``limit``, and how many more there are."""
    texts = [str(i) for i in ids]
    shown = ", ".join(texts[:limit])
    return f"{shown} ... (+{len(texts) - limit})" if len(texts) > limit else shown


def _plain(value: Fact) -> Fact:
    return value.item() if isinstance(value, np.generic) else value
