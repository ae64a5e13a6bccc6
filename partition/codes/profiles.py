"""Profiles: how a code of a grid is written, and what its parts mean.

==============  ==================================================================================================
``stat15``      community (12) + number (3): 001-599 standard and rural, 600-899 dedicated, 900-999 street-face and
                virtual; a micro-grid has two digits more (17); default
``cjt349-20``   managed object (6) + county (6) + town (3) + community (3; a grid over several communities: 601 upward)
                + number (2; 00: the community is not divided)
``unit14``      community (12) + number (2)
``custom``      by template, such as ``{community}{seq:04d}``
==============  ==================================================================================================

Numbers of the last three do not tell the kind of a grid.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

from gis.errors import Fault, InputError
from partition.codes.register import range_of
from partition.codes.units import COMMUNITY_DIGITS, CommunityCode, is_digits, looks_like_class_table, read_community

MANAGED_OBJECT = "010100"
"""First six digits of a ``cjt349-20`` code: the managed object; 5-6 are 00 for its major class."""

UNDIVIDED = 0
FIRST_OF_SEVERAL = 601
MICRO_DIGITS = 2
_LOCATION_FIELDS = {"county": 6, "town": 3, "village": 3}


@dataclass(frozen=True, slots=True)
class CodeParts:
    """A code, read.

    Attributes
    ----------
    code, profile
        The code and the profile it was read by.
    community
        Code of its community; ``None`` for a grid over several communities.
    sequence
        Number of the grid; 0 in ``cjt349-20`` where the community is not divided.
    kind
        What the number tells: ``standard`` (rural too), ``dedicated``, ``street``; ``None`` where it tells nothing.
    micro
        Number of the micro-grid in its grid, or ``None``.
    managed_object
        ``cjt349-20`` only.
    area
        The twelve digits read, where the community has twelve.
    """

    code: str
    profile: str
    community: str | None
    sequence: int
    kind: str | None = None
    micro: int | None = None
    managed_object: str | None = None
    area: CommunityCode | None = None


@dataclass(frozen=True)
class Profile:
    """One way to write codes; see `profile_of`.

    Attributes
    ----------
    name
        ``stat15``, ``cjt349-20``, ``unit14`` or ``custom``.
    template
        Of a custom profile.
    """

    name: str
    template: str = ""

    @property
    def digits(self) -> int:
        """Digits of the number."""
        return {"stat15": 3, "cjt349-20": 2, "unit14": 2}.get(self.name) or self._fields[1]

    @property
    def highest(self) -> int:
        """Highest number."""
        return int(10**self.digits) - 1

    def format(self, community: str, sequence: int, *, managed_object: str = MANAGED_OBJECT) -> str:
        """Write a code.

        Raises
        ------
        InputError
            ``codes_community_malformed``, ``codes_sequence_out_of_range``.
        """
        lowest = UNDIVIDED if self.name == "cjt349-20" else 1
        if not lowest <= sequence <= self.highest:
            raise InputError(
                "codes_sequence_out_of_range",
                measured=f"{community}: {sequence}",
                profile=self.name,
                allowed=f"{lowest}-{self.highest}",
            )
        splits = self.name != "custom" or "{community}" not in self.template
        if splits and not (is_digits(community) and len(community) == COMMUNITY_DIGITS):
            raise InputError("codes_community_malformed", measured=community, allowed=COMMUNITY_DIGITS)
        number = f"{sequence:0{self.digits}d}"
        if self.name == "custom":
            values = {"community": community, "county": community[:6], "town": community[6:9], "village": community[9:]}
            return "".join(
                text + (number if field == "seq" else values[field] if field else "") for text, field in self._fields[0]
            )
        return (managed_object if self.name == "cjt349-20" else "") + community + number

    def parse(self, code: str) -> CodeParts:
        """Read a code.

        Raises
        ------
        InputError
            ``codes_wrong_length``, ``codes_not_digits``, ``codes_sequence_out_of_range``, ``codes_off_template``.
        """
        if self.name == "custom":
            return self._parse_custom(code)
        length = {"stat15": 15, "cjt349-20": 20, "unit14": 14}[self.name]
        allowed = (length, length + MICRO_DIGITS) if self.name == "stat15" else (length,)
        # Digits before length: "330402 015006 001" has both faults, and the blanks are the ones to mend.
        if not is_digits(code):
            raise InputError("codes_not_digits", measured=code)
        if len(code) not in allowed:
            raise InputError("codes_wrong_length", measured=code, n=len(code), allowed=" / ".join(map(str, allowed)))
        if self.name == "cjt349-20":
            several = int(code[15:18]) >= FIRST_OF_SEVERAL
            area = None if several else read_community(code[6:18])
            return CodeParts(
                code, self.name, None if several else code[6:18], int(code[18:]), managed_object=code[:6], area=area
            )
        area = read_community(code[:COMMUNITY_DIGITS])
        tail, micro = code[COMMUNITY_DIGITS:length], code[length:]
        self._in_range(code, int(tail), 1)
        if micro:
            self._in_range(code, int(micro), 1)
        kind = range_of(tail) if self.name == "stat15" else None
        return CodeParts(code, self.name, area.code, int(tail), kind, int(micro) if micro else None, area=area)

    def _in_range(self, code: str, number: int, lowest: int) -> None:
        if number < lowest:
            allowed = f"{lowest}-{self.highest}"
            raise InputError("codes_sequence_out_of_range", measured=code, profile=self.name, allowed=allowed)

    def _parse_custom(self, code: str) -> CodeParts:
        found = self._pattern.fullmatch(code)
        if found is None:
            raise InputError("codes_off_template", measured=code, allowed=self.template)
        self._in_range(code, int(found["seq"]), 1)
        parts = found.groupdict()
        community = parts.get("community") or parts["county"] + parts["town"] + parts["village"]
        is_area = is_digits(community) and len(community) == COMMUNITY_DIGITS
        area = read_community(community) if is_area else None
        return CodeParts(code, self.name, community, int(parts["seq"]), area=area)

    @cached_property
    def _fields(self) -> tuple[list[tuple[str, str]], int]:
        return read_template(self.template)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        fields, digits = self._fields
        groups = {name: f"(?P<{name}>[0-9]{{{n}}})" for name, n in _LOCATION_FIELDS.items()}
        groups |= {"community": "(?P<community>.+)", "seq": f"(?P<seq>[0-9]{{{digits}}})", "": ""}
        return re.compile("".join(re.escape(text) + groups[field] for text, field in fields))


STAT15, CJT349, UNIT14 = Profile("stat15"), Profile("cjt349-20"), Profile("unit14")
PROFILES = ("stat15", "cjt349-20", "unit14", "custom")


def profile_of(name: str) -> Profile:
    """Profile by name, or by a template with braces (``{community}{seq:04d}``).

    Raises
    ------
    InputError
        ``codes_profile_unknown``, ``codes_template_wrong``.
    """
    if "{" in name or "}" in name:
        read_template(name)
        return Profile("custom", name)
    if name not in PROFILES[:3]:
        raise InputError("codes_profile_unknown", measured=name, allowed=", ".join(PROFILES))
    return Profile(name)


def read_template(template: str) -> tuple[list[tuple[str, str]], int]:
    """Fields of a template as (text before, field) pairs, and the digits of its number.

    A template names ``{seq:0Nd}`` once (N from 1 to 6) and ``{community}``, or ``{county}``, ``{town}`` and
    ``{village}``, each once: else two communities would share codes.

    Raises
    ------
    InputError
        ``codes_template_wrong``.
    """
    fields: list[tuple[str, str]] = []
    digits = 0
    try:
        for text, field, spec, conversion in Formatter().parse(template):
            number = re.fullmatch(r"0([1-6])d", spec or "")
            known = (
                field is None or (field == "seq" and number) or (not spec and field in {"community", *_LOCATION_FIELDS})
            )
            if not known or conversion:
                raise ValueError(field)
            digits = int(number[1]) if field == "seq" and number else digits
            fields.append((text, field or ""))
    except ValueError:
        raise InputError("codes_template_wrong", measured=template, allowed="{community}{seq:03d}") from None
    named = sorted(field for _, field in fields if field)
    if named not in (["community", "seq"], sorted([*_LOCATION_FIELDS, "seq"])):
        raise InputError("codes_template_wrong", measured=template, allowed="{community}{seq:03d}")
    return fields, digits


def validate(codes: Sequence[str], profile: Profile, communities: Iterable[str] | None = None) -> tuple[CodeParts, ...]:
    """Read codes; every fault at once.

    Parameters
    ----------
    communities
        Codes of the communities in force; a grid of any other one is a fault.

    Raises
    ------
    InputError
        What `Profile.parse` finds, ``codes_twice``, ``codes_community_unknown``, ``codes_class_table`` (villages with
        their class, not grids).
    """
    faults: list[Fault] = []
    parts: list[CodeParts] = []
    known = None if communities is None else set(communities)
    if profile.name == "stat15" and looks_like_class_table(codes):
        raise InputError("codes_class_table", measured=codes[0], n=len(codes))
    for code in codes:
        try:
            one = profile.parse(code)
        except InputError as error:
            faults += error.faults
            continue
        parts.append(one)
        if known is not None and one.community is not None and one.community not in known:
            faults.append(Fault("codes_community_unknown", {"measured": code, "community": one.community}))
    if twice := sorted(code for code, times in Counter(codes).items() if times > 1):
        faults.append(Fault("codes_twice", {"measured": ", ".join(twice[:10]), "n": len(twice)}))
    if faults:
        raise InputError.of(faults)
    return tuple(parts)
