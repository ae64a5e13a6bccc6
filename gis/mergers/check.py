"""Changes against the territory they are for: every fault found, and where each village goes in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from gis.errors import Fault, InputError
from gis.mergers.specs import Change, Part

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to become of the villages.

    Attributes
    ----------
    parts
        Old code to its parts, of every village that some change names; at most one part is the rest.
    lines
        Old code to the points of the line that splits it (CRS of the territory's file).
    names
        New code to its new name, where one is given.
    spec
        Old code to the change as written, for messages.
    """

    parts: Mapping[str, tuple[Part, ...]]
    lines: Mapping[str, tuple[tuple[float, float], ...]]
    names: Mapping[str, str]
    spec: Mapping[str, str]


def code_form(codes: Sequence[str]) -> int:
    """How many digits every code has; 0 where they are not all digits of one length."""
    lengths = {len(code) if code.isdecimal() and code.isascii() else 0 for code in codes}
    return lengths.pop() if len(lengths) == 1 else 0


def duplicate_faults(codes: pd.Series, *, after: bool = False) -> list[Fault]:
    """A fault for each code that several communities have."""
    twice = codes[codes.duplicated(keep=False)].value_counts().sort_index()
    code = "merger_code_duplicate_after" if after else "merger_code_duplicate"
    return [Fault(code, {"id": str(one), "measured": int(n)}) for one, n in twice.items()]


def resolve(communities: pd.DataFrame, changes: Sequence[Change], revoked: Collection[str]) -> Wanted:
    """Check changes against the communities of a territory.

    Raises
    ------
    InputError
        ``merger_village_unknown``, ``merger_village_twice``, ``merger_target_taken``, ``merger_target_revoked``,
        ``merger_target_twice``, ``merger_code_length``, ``merger_code_duplicate``, ``merger_revoked_lives``: all of
        them at once.
    """
    faults = duplicate_faults(communities["code"])
    codes = communities["code"].tolist()
    known, digits = set(codes), code_form(codes)
    gone = set(revoked) | {c.parts[0].old for c in changes if c.kind == "revoked"}
    for code in sorted(gone & known):
        faults.append(Fault("merger_revoked_lives", {"id": code}))
    owner: dict[str, str] = {}
    parts: dict[str, tuple[Part, ...]] = {}
    lines: dict[str, tuple[tuple[float, float], ...]] = {}
    names: dict[str, str] = {}
    merged_into: Counter[str] = Counter()
    for change in changes:
        if change.kind in ("move", "revoked"):
            continue
        for old in dict.fromkeys(part.old for part in change.parts):
            if old not in known:
                faults.append(_unknown(change, old, communities))
            elif old in owner:
                facts = {"id": old, "spec": owner[old], "other": change.text}
                faults.append(Fault("merger_village_twice", facts))
            else:
                owner[old] = change.text
                parts[old] = tuple(part for part in change.parts if part.old == old)
                if change.line:
                    lines[old] = change.line
        merged_into.update({part.new for part in change.parts} if change.kind == "merge" else ())
        names.update({part.new: part.name for part in change.parts if part.name})
    stays = {part.new for each in parts.values() for part in each if part.old == part.new} | (known - set(owner))
    for change in changes:
        for new in dict.fromkeys(part.new for part in change.parts):
            if change.kind == "move" or change.kind == "revoked":
                continue
            kept_here = any(part.old == new == part.new for part in change.parts)
            if new in known - set(owner):
                faults.append(Fault("merger_target_taken", {"id": new, "spec": change.text}))
            elif (new in known and new not in stays) or new in gone - known:
                faults.append(Fault("merger_target_revoked", {"id": new, "spec": change.text}))
            elif change.kind == "merge" and merged_into[new] > 1:
                merged_into[new] = 0
                faults.append(Fault("merger_target_twice", {"id": new, "spec": change.text}))
            if digits and not kept_here and not (new.isdecimal() and new.isascii() and len(new) == digits):
                sizes = {"measured": len(new), "allowed": digits}
                faults.append(Fault("merger_code_length", {"id": new, "spec": change.text, **sizes}))
    finals = {part.new for each in parts.values() for part in each} | (known - set(owner))
    for change in changes:
        if change.kind != "move":
            continue
        part = change.parts[0]
        end = _end_of(part.new, finals, parts)
        if part.old not in known:
            faults.append(_unknown(change, part.old, communities))
        if end is None:
            faults.append(_unknown(change, part.new, communities))
        if part.old in known and end is not None:
            before = parts.get(part.old, (Part(part.old, part.old),))
            parts[part.old] = (*before, replace(part, new=end))
            owner.setdefault(part.old, change.text)
    if faults:
        raise InputError.of(faults)
    return Wanted(parts, lines, names, owner)


def _end_of(code: str, finals: Collection[str], parts: Mapping[str, tuple[Part, ...]]) -> str | None:
    """The community that units moved to ``code`` end up in: itself, or what it is merged into."""
    if code in finals:
        return code
    rest = [part.new for part in parts.get(code, ()) if part.is_rest]
    return rest[0] if len(rest) == 1 else None


def _unknown(change: Change, code: str, communities: pd.DataFrame) -> Fault:
    near = [str(c) for c in communities["code"] if str(c)[:9] == code[:9]] or communities["code"].tolist()
    shown = ", ".join(near[:_NAMED]) + (" ..." if len(near) > _NAMED else "")
    return Fault("merger_village_unknown", {"id": code, "spec": change.text, "allowed": shown})
