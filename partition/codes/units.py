"""The twelve digits of a village or community (statistical code), and the traps of public code tables.

Urban or rural is decided by the class code, never by the word in the name; rows are joined by code, never by name;
revoked villages stay listed and their numbers are not used again.  A public table that joins twelve digits and the
three of a class looks like fifteen-digit grid codes and is something else: `VillageClass` is a type of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gis.errors import InputError

COMMUNITY_DIGITS = 12
CLASSES = MappingProxyType(
    {
        "111": "main_urban",
        "112": "fringe_urban",
        "121": "town_centre",
        "122": "town_fringe",
        "123": "special",
        "210": "township_centre",
        "220": "village",
    }
)
"""Urban-rural classes: three digits to what they mean; those that begin with 1 are urban."""

_REVOKED = re.compile(r"[\[【(（]?已撤销[\]】)）]?")
_TOWN_KINDS = ((1, 99, "subdistrict"), (100, 199, "town"), (200, 399, "township"), (400, 599, "town_like"))
_VILLAGE_KINDS = ((1, 199, "residents"), (200, 399, "villagers"), (400, 599, "village_like"))


@dataclass(frozen=True, slots=True)
class CommunityCode:
    """Twelve digits, read.

    Attributes
    ----------
    code
        The twelve digits; text, as every code.
    province, prefecture, county
        Digits 1-2, 1-4 and 1-6.
    town, village
        Digits 7-9 and 10-12: the number of the town in its county and of the village in its town.
    town_kind
        ``subdistrict`` (街道, 001-099), ``town`` (100-199), ``township`` (200-399), ``town_like`` (400-599) or
        ``unknown``.
    committee
        ``residents`` (居委会, 001-199), ``villagers`` (村委会, 200-399), ``village_like`` (400-599, not confirmed by
        civil affairs) or ``unknown``.  It says how the committee was registered, not whether the place is urban.
    """

    code: str
    province: str
    prefecture: str
    county: str
    town: str
    village: str
    town_kind: str
    committee: str


@dataclass(frozen=True, slots=True)
class VillageClass:
    """A row of a public table: community and urban-rural class.  Not a grid."""

    community: CommunityCode
    class_code: str

    @property
    def is_urban(self) -> bool:
        """The class is an urban one (1xx)."""
        return self.class_code.startswith("1")


def is_digits(text: str) -> bool:
    """Only the digits 0-9; full-width digits and digits of other scripts are not."""
    return text.isascii() and text.isdigit()


def read_community(code: str) -> CommunityCode:
    """Read twelve digits.

    Raises
    ------
    InputError
        ``codes_not_digits``, ``codes_wrong_length``.
    """
    if not is_digits(code):
        raise InputError("codes_not_digits", measured=code)
    if len(code) != COMMUNITY_DIGITS:
        raise InputError("codes_wrong_length", measured=code, n=len(code), allowed=COMMUNITY_DIGITS)
    town, village = code[6:9], code[9:]
    return CommunityCode(
        code,
        code[:2],
        code[:4],
        code[:6],
        town,
        village,
        _kind(int(town), _TOWN_KINDS),
        _kind(int(village), _VILLAGE_KINDS),
    )


def read_village_class(code: str) -> VillageClass:
    """Read fifteen digits of a public table: twelve of the community, three of its class.

    Raises
    ------
    InputError
        ``codes_not_digits``, ``codes_wrong_length``, ``codes_class_unknown``.
    """
    if len(code) != COMMUNITY_DIGITS + 3:
        raise InputError("codes_wrong_length", measured=code, n=len(code), allowed=COMMUNITY_DIGITS + 3)
    community, class_code = read_community(code[:COMMUNITY_DIGITS]), code[COMMUNITY_DIGITS:]
    if class_code not in CLASSES:
        raise InputError("codes_class_unknown", measured=code, allowed=", ".join(CLASSES))
    return VillageClass(community, class_code)


def looks_like_class_table(codes: Sequence[str]) -> bool:
    """Whether fifteen-digit codes are villages with their class rather than grids.

    They are when every code ends in a class and no community comes twice.  A single code can not tell, nor can a few
    that all end in the same class: 111 is a lawful number of a grid.
    """
    tails = {code[COMMUNITY_DIGITS:] for code in codes}
    heads = {code[:COMMUNITY_DIGITS] for code in codes}
    fits = all(len(code) == COMMUNITY_DIGITS + 3 and is_digits(code) for code in codes)
    return fits and len(heads) == len(codes) >= 3 and tails <= CLASSES.keys()


def is_revoked(name: str) -> bool:
    """Whether the name of a listed village carries the mark 已撤销."""
    return _REVOKED.search(name) is not None


def plain_name(name: str) -> str:
    """The name without the mark of a revoked village."""
    return _REVOKED.sub("", name).strip()


def reclassed(villages: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Villages that seem to go on under another number: (revoked code, code in force), ascending.

    A proposal to confirm, from (code, name) rows: a revoked and a living row of one town with the same name, each the
    only one of its kind there (522632210207 was revoked and lives on as 522632210500).  Names alone prove nothing.
    """
    revoked: dict[tuple[str, str], list[str]] = {}
    living: dict[tuple[str, str], list[str]] = {}
    for code, name in villages:
        rows = revoked if is_revoked(name) else living
        rows.setdefault((code[:9], plain_name(name)), []).append(code)
    pairs = [
        (gone[0], living[key][0])
        for key, gone in revoked.items()
        if len(gone) == 1 and len(living.get(key, ())) == 1 and gone[0] != living[key][0]
    ]
    return tuple(sorted(pairs))


def _kind(number: int, ranges: tuple[tuple[int, int, str], ...]) -> str:
    return next((name for low, high, name in ranges if low <= number <= high), "unknown")
