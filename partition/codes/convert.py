"""From one profile of codes to another: by pairs that are kept, never by cutting digits.

``unit14`` and ``cjt349-20`` have two digits for a number: 600 has no place there, and 006 and 600 would both want 06
or 00.  So numbers up to 99 stay as they are, every other grid gets the lowest number of its community that no grid
ever had, and the pairs are handed back to be stored: the next conversion takes them first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gis.errors import Fact, Fault, InputError
from partition.codes.profiles import MANAGED_OBJECT, CodeParts, Profile, validate
from partition.codes.register import number_range


def convert(
    codes: Sequence[str],
    source: Profile,
    target: Profile,
    *,
    known: Mapping[str, str] = MappingProxyType({}),
    kinds: Mapping[str, str] = MappingProxyType({}),
    managed_object: str = MANAGED_OBJECT,
) -> dict[str, str]:
    """Pairs of source code and target code.

    Parameters
    ----------
    codes
        Codes in force, of the source profile.
    known
        Pairs of earlier conversions, also of grids no longer in force: theirs stay theirs.
    kinds
        Kind of a grid by its source code, for source profiles whose number does not tell it; standard where missing.
    managed_object
        First six digits in ``cjt349-20``.

    Returns
    -------
    The pairs of ``codes``, ascending; store them with ``known``.

    Raises
    ------
    InputError
        All faults of `validate`; ``codes_several_communities`` (a grid over several communities has a code in
        ``cjt349-20`` only), ``codes_micro`` (micro-grids have a code in ``stat15`` only), ``codes_sequence_overflow``
        (more grids in a community than the target has numbers), ``codes_undivided`` (a community that is not divided
        and has several grids), ``codes_community_malformed``.
    """
    parts = validate(codes, source)
    faults = [*_without_form(parts, target)]
    if faults:
        raise InputError.of(faults)
    if source.name == target.name and source.template == target.template:
        return {code: code for code in sorted(codes)}
    used: dict[str, set[int]] = {}
    for old, pair in known.items():
        community = source.parse(old).community
        used.setdefault(community or "", set()).add(target.parse(pair).sequence)
    by_community: dict[str, list[CodeParts]] = {}
    for one in parts:
        by_community.setdefault(one.community or "", []).append(one)
    pairs: dict[str, str] = {}
    for community, grids in sorted(by_community.items()):
        taken = used.setdefault(community, set())
        waiting: list[CodeParts] = []
        for one in sorted(grids, key=lambda part: part.code):
            low, high = _numbers(one, target, kinds)
            if one.code in known:
                pairs[one.code] = known[one.code]
            elif low <= one.sequence <= high and one.sequence not in taken:
                taken.add(one.sequence)
                pairs[one.code] = target.format(community, one.sequence, managed_object=managed_object)
            else:
                waiting.append(one)
        for one in waiting:
            low, high = _numbers(one, target, kinds)
            number = next((n for n in range(low, high + 1) if n not in taken), None)
            if number is None:
                allowed = high - low + 1
                facts: dict[str, Fact] = {"community": community, "measured": len(grids), "allowed": allowed}
                faults.append(Fault("codes_sequence_overflow", {**facts, "profile": target.name}))
                break
            taken.add(number)
            pairs[one.code] = target.format(community, number, managed_object=managed_object)
    if faults:
        raise InputError.of(faults)
    return dict(sorted(pairs.items()))


def _numbers(one: CodeParts, target: Profile, kinds: Mapping[str, str]) -> tuple[int, int]:
    """Lowest and highest number a grid may have in the target profile."""
    if target.name != "stat15":
        return 1, target.highest
    return number_range(kinds.get(one.code, one.kind or "standard"))


def _without_form(parts: Sequence[CodeParts], target: Profile) -> list[Fault]:
    faults = []
    count: dict[str | None, int] = {}
    for one in parts:
        count[one.community] = count.get(one.community, 0) + 1
    for one in parts:
        if one.community is None and target.name != "cjt349-20":
            faults.append(Fault("codes_several_communities", {"measured": one.code, "profile": target.name}))
        elif one.micro is not None and target.name != "stat15":
            faults.append(Fault("codes_micro", {"measured": one.code, "profile": target.name}))
        elif one.sequence == 0 and count[one.community] > 1:
            faults.append(Fault("codes_undivided", {"measured": one.code, "n": count[one.community]}))
    return faults
