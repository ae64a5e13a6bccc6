"""The register of numbers: what was ever issued in a community, and the lowest number that never was.

A number that was issued once is never issued again, whether its grid is still there or not.  Codes are the
community's code and a tail of digits (profile ``stat15``); the range tells the kind: 001-599 standard and rural,
600-899 dedicated, 900-999 street-face and virtual.  A community that runs out goes on with one digit more, from
1000 (6000, 9000), so that no number looks like an old one with a zero before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from gis.errors import InputError

DIGITS = 3
MOST_DIGITS = 6
STREET = "street"
_FIRST = {"standard": 0, "rural": 0, "dedicated": 6, STREET: 9}
_AFTER = {"standard": 6, "rural": 6, "dedicated": 9, STREET: 10}


def number_range(kind: str, digits: int = DIGITS) -> tuple[int, int]:
    """Lowest and highest number of a kind (``standard``, ``rural``, ``dedicated``, ``street``) with so many digits.

    Raises
    ------
    InputError
        ``codes_kind_unknown``.
    """
    if kind not in _FIRST:
        raise InputError("codes_kind_unknown", measured=kind, allowed=", ".join(_FIRST))
    tens = int(10 ** (digits - 1))
    return max(_FIRST[kind] * tens, 1), _AFTER[kind] * tens - 1


def range_of(tail: str) -> str:
    """Which range a tail of digits lies in: ``standard`` (rural too), ``dedicated``, ``street``; empty for none."""
    if not (tail.isascii() and tail.isdigit() and DIGITS <= len(tail) <= MOST_DIGITS) or int(tail) == 0:
        return ""
    return "standard" if tail[0] < "6" else "dedicated" if tail[0] < "9" else STREET


def digits_for(n_standard: int, n_dedicated: int) -> int:
    """Digits of a community's first numbers: three, or as many as its grids need, all of them alike."""
    digits = DIGITS
    while n_standard > 6 * 10 ** (digits - 1) - 1 or n_dedicated > 3 * 10 ** (digits - 1):
        digits += 1
    return digits


class Register:
    """Codes ever issued.

    Parameters
    ----------
    codes
        Every code ever issued: those in force and those retired.
    communities
        Codes of the communities that numbers are looked up for, old and new.  They tell ``V1`` + ``0001`` from
        ``V10`` + ``001`` where community codes differ in length (three digits are tried first).
    """

    def __init__(self, codes: Iterable[str], communities: Iterable[str]) -> None:
        self._issued = set(codes)
        known = set(communities)
        self._widths: dict[str, set[int]] = {community: set() for community in known}
        for code in self._issued:
            for digits in range(DIGITS, MOST_DIGITS + 1):
                if code[:-digits] in known and range_of(code[-digits:]):
                    self._widths[code[:-digits]].add(digits)
                    break
        self._free: dict[tuple[str, str], Iterator[str]] = {}

    def __contains__(self, code: str) -> bool:
        return code in self._issued

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, code: str) -> None:
        """Note a code as issued.

        Raises
        ------
        InputError
            ``codes_issued_before``.
        """
        if code in self._issued:
            raise InputError("codes_issued_before", measured=code)
        self._issued.add(code)

    def take(self, community: str, kind: str, digits: int = DIGITS) -> str:
        """Issue the lowest number of the kind that was never used in the community.

        Parameters
        ----------
        digits
            Of a community without a number so far; the others go on with the digits they have.

        Raises
        ------
        InputError
            ``codes_kind_unknown``, ``codes_used_up`` (all numbers of six digits are taken).
        """
        key = (community, "standard" if kind == "rural" else kind)
        if key not in self._free:
            number_range(kind)
            self._free[key] = self._numbers(community, key[1], min(self._widths.get(community) or {digits}))
        code = next(self._free[key])
        self._issued.add(code)
        return code

    def retired(self, in_force: Iterable[str]) -> tuple[str, ...]:
        """Every code that was ever issued and is not in force, ascending."""
        return tuple(sorted(self._issued - set(in_force)))

    def _numbers(self, community: str, kind: str, first: int) -> Iterator[str]:
        for digits in count(first):
            if digits > MOST_DIGITS:
                raise InputError("codes_used_up", community=community, kind=kind, allowed=MOST_DIGITS)
            low, high = number_range(kind, digits)
            # Wider numbers begin where the narrow ones could not reach: 0007 would be read as 007.
            low = low if digits == first else max(low, 10 ** (digits - 1))
            for number in range(low, high + 1):
                code = f"{community}{number:0{digits}d}"
                if code not in self._issued:
                    yield code
