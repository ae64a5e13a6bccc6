"""The rules of division: band, rural mode, dedicated grids, weights.  Everything a preset sets, all editable.

`Rules` is immutable and knows how to come from TOML and go back.  Where the numbers come from is said in
docs/concepts.md; a preset is a starting point, never a law.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gis.errors import Fault, InputError
from gis.layers import ESTATE_KINDS

RURAL_MODES = ("village", "villager_group", "banded")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a lawful plan is, and which lawful plan is better.

    Attributes
    ----------
    preset
        Name of the preset these rules started from.
    min_households, max_households
        The band of a standard grid, both ends included.
    target_households
        The size a grid is pulled to inside the band.
    rural_mode
        ``village``: one rural community is one grid; ``villager_group``: one grid per ready-made group of a rural
        community, which is one grid where it has none; ``banded``: rural communities are cut like urban ones.
    group_floor_households
        With ``villager_group``: groups with fewer households than this are united with neighbours until each grid
        has as many (0: every group is a grid).  No group is ever split.
    estate_cap
        A dedicated estate up to this many households is one grid; a larger one is cut inside its own wall.
    dedicated_kinds
        Estate kinds that become dedicated grids where the data does not say.
    dedicated_min_households
        Where the data does not say: an estate of kind ``estate`` with fewer households than this is kept whole
        inside a standard grid instead.
    dedicated_min_area_m2
        Where the data does not say: ground of any other kind that is smaller than this and holds fewer than
        ``dedicated_min_households`` is kept whole inside a standard grid (a corner shop is no 商圈).
    weight_arterial, weight_street, weight_alley, weight_water, weight_rail, weight_wall, weight_unit, weight_open
        Cost of one metre of grid border, by what it runs along.
    balance_weight
        Metres of border that one household of deviation from the target costs, at the edge of the band
        (the cost grows with the square).
    dispersion_weight
        Metres of border charged per metre of household-weighted mean distance from the centre of a grid.
    join_small_parts
        A separate part of a community (exclave, land behind a barrier) with fewer than ``min_households`` is
        joined to the part it touches longest, and the join is declared.
    """

    preset: str = "qu-county"
    min_households: int = 300
    max_households: int = 500
    target_households: int = 400
    rural_mode: str = "village"
    group_floor_households: int = 0
    estate_cap: int = 500
    dedicated_kinds: tuple[str, ...] = ("estate", "business", "market")
    dedicated_min_households: int = 100
    dedicated_min_area_m2: float = 10_000.0
    weight_arterial: float = 0.2
    weight_street: float = 0.5
    weight_alley: float = 0.7
    weight_water: float = 0.2
    weight_rail: float = 0.2
    weight_wall: float = 0.4
    weight_unit: float = 1.0
    weight_open: float = 3.0
    balance_weight: float = 0.5
    dispersion_weight: float = 0.3
    join_small_parts: bool = True

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise InputError.of(faults)

    @classmethod
    def from_toml(cls, text: str, *, file: str = "") -> Rules:
        """Read rules from TOML: ``preset`` first, then any field over it.

        Raises
        ------
        InputError
            ``rules_not_toml``, ``rules_unknown_key``, ``rules_wrong_type`` or a fault of `Rules` itself.
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError("rules_not_toml", file=file, measured=str(error)) from error
        name = table.pop("preset", cls().preset)
        if name not in PRESETS:
            raise InputError("rules_unknown_preset", file=file, measured=str(name), allowed=", ".join(PRESETS))
        base = PRESETS[name]
        faults: list[Fault] = []
        clean: dict[str, Any] = {}
        known = {f.name for f in fields(cls)}
        for key, value in table.items():
            if key not in known:
                facts = {"file": file, "measured": key, "allowed": ", ".join(sorted(known))}
                faults.append(Fault("rules_unknown_key", facts))
                continue
            default = getattr(base, key)
            if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(v, str) for v in value):
                clean[key] = tuple(value)
            elif isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
                clean[key] = float(value)
            elif type(value) is type(default) and not isinstance(default, tuple):
                clean[key] = value
            else:
                facts = {"file": file, "column": key, "measured": repr(value), "type": type(default).__name__}
                faults.append(Fault("rules_wrong_type", facts))
        if faults:
            raise InputError.of(faults)
        try:
            return replace(base, **clean)
        except InputError as error:
            raise InputError.of(Fault(f.code, {**f.facts, "file": file}) for f in error.faults) from None

    def to_toml(self) -> str:
        """The rules as TOML, every field, in a fixed order; `from_toml` gives the same rules back."""
        lines = []
        for key, value in asdict(self).items():
            if isinstance(value, bool):
                text = "true" if value else "false"
            elif isinstance(value, tuple | list):
                text = "[" + ", ".join(f'"{v}"' for v in value) + "]"
            elif isinstance(value, str):
                text = f'"{value}"'
            else:
                text = repr(value)
            lines.append(f"{key} = {text}")
        return "\n".join(lines) + "\n"


_MOST_HOUSEHOLDS = 1_000_000


def _faults(rules: Rules) -> list[Fault]:
    faults: list[Fault] = []

    def wrong(code: str, column: str, measured: object, allowed: str) -> None:
        faults.append(Fault(code, {"file": "rules", "column": column, "measured": str(measured), "allowed": allowed}))

    if rules.min_households < 1:
        wrong("rules_out_of_range", "min_households", rules.min_households, ">= 1")
    if rules.max_households < rules.min_households:
        wrong("rules_band_empty", "max_households", rules.max_households, f">= {rules.min_households}")
    elif not rules.min_households <= rules.target_households <= rules.max_households:
        wrong(
            "rules_out_of_range",
            "target_households",
            rules.target_households,
            f"{rules.min_households}-{rules.max_households}",
        )
    if rules.rural_mode not in RURAL_MODES:
        wrong("rules_out_of_range", "rural_mode", rules.rural_mode, ", ".join(RURAL_MODES))
    if rules.group_floor_households < 0:
        wrong("rules_out_of_range", "group_floor_households", rules.group_floor_households, ">= 0")
    if rules.estate_cap < 1:
        wrong("rules_out_of_range", "estate_cap", rules.estate_cap, ">= 1")
    for kind in rules.dedicated_kinds:
        if kind not in ESTATE_KINDS:
            wrong("rules_out_of_range", "dedicated_kinds", kind, ", ".join(ESTATE_KINDS))
    for f in fields(rules):
        value = getattr(rules, f.name)
        if isinstance(value, float) and not 0 <= value < 1e9:
            wrong("rules_out_of_range", f.name, value, "0-1000000000")
        if type(value) is int and value > _MOST_HOUSEHOLDS:
            wrong("rules_out_of_range", f.name, value, f"<= {_MOST_HOUSEHOLDS}")
    return faults


PRESETS: dict[str, Rules] = {
    "qu-county": Rules(),
    "gbt34300": Rules(preset="gbt34300", dedicated_kinds=("estate", "business", "market", "school", "hospital")),
    "xiangtan": Rules(
        preset="xiangtan",
        estate_cap=100_000,
        dedicated_min_households=0,
        dedicated_min_area_m2=0.0,
        dedicated_kinds=("estate", "business", "market", "school", "hospital", "industrial"),
        rural_mode="village",
    ),
    "microgrid": Rules(preset="microgrid", min_households=30, max_households=100, target_households=65, estate_cap=100),
    "tongxiang-2012": Rules(preset="tongxiang-2012", min_households=100, max_households=150, target_households=125),
}
"""Named presets; which of them rest on a source and which on memory is said in docs/concepts.md."""
