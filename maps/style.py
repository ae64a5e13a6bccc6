"""Every colour and line width of the maps, in one place.

Decides how things look; which grid gets which fill is decided in `maps.colouring`, where things are drawn in the
page's own scripts, which take all of this from here (`css_variables`, `drawing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

FILLS = ("#acccf0", "#fdf2b6", "#b9dfc4", "#f1e3f5", "#d6c9a6", "#dcf9f4")
"""Soft fills of grids: tints after Okabe-Ito, far apart in lightness too, so that they differ for every kind of
colour vision (tests/maps/test_style.py measures it).  The sixth is a reserve."""

ACTION = "#d55e00"
"""The one strong colour (Okabe-Ito vermillion): a grid that somebody has to act on; always with a hatch."""

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "action": ACTION,
        "action-text": "#a03c00",
        "action-soft": "#fdeadd",
        "land": "#f6f4ee",
        "outside": "#e7e9ec",
        "water": "#9cc3d9",
        "water-edge": "#6d9fba",
        "green": "#a9cf9a",
        "estate": "#7a6a58",
        "building": "#6f6a66",
        "street": "#ffffff",
        "street-edge": "#a4a7ad",
        "lane": "#8e9198",
        "railway": "#5d6068",
        "wall": "#7a6a58",
        "grid-edge": "#33415c",
        "community-edge": "#14213d",
        "camera": "#5b2a86",
        "post": "#0b4f9c",
        "pattern": "#33415c",
        "chosen": "#0b4f9c",
        "old-edge": "#b0003a",
        "ink": "#17202c",
        "ink-soft": "#4d5866",
        "rule": "#d5dae1",
        "paper": "#ffffff",
        "paper-soft": "#f4f6f8",
        "good": "#0a6b4f",
        "band": "#d7ece3",
        "bar": "#6f93bd",
        "bar-dedicated": "#8b6fb0",
        "bar-rural": "#a58b3c",
    }
)
"""Named colours; the page knows them as CSS variables ``--name``."""

CHANGES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "kept": {"tint": "#f7f6f1", "mark": "#f7f6f1"},
        "changed": {"tint": "#d3e6f7", "mark": "#5aa2dc"},
        "split": {"tint": "#ffe9c2", "mark": "#e69f00"},
        "merged": {"tint": "#f0dcec", "mark": "#b65a9c"},
        "new": {"tint": "#cdeee0", "mark": "#00805e"},
        "retired": {"tint": "#fbdcd3", "mark": "#b3402a"},
        "moved": {"tint": "#1f6fb2", "mark": "#ffffff"},
    }
)
"""What became of a grid: tint and mark of its pattern.  The patterns differ, too (change_look.js)."""

PATROLS: tuple[Mapping[str, Any], ...] = tuple(
    MappingProxyType({"colour": colour, "dash": dash})
    for colour, dash in (
        ("#0b4f9c", ()),
        ("#a03c00", (10, 8)),
        ("#006b4f", (2, 7)),
        ("#8b2f7d", (1000, 0)),
        ("#5a4a00", (14, 5, 3, 5)),
        ("#3a3f47", (5, 12)),
    )
)
"""Colour of a patroller's route, and the dashes of the white line in its middle: none is told by colour alone."""

MISSED = "#f0a000"
"""What the patrol before left out, as a broad band under the route."""

STREET_RANKS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("motorway", "trunk", "motorway_link", "trunk_link"), 0),
        **dict.fromkeys(("primary", "primary_link"), 1),
        **dict.fromkeys(("secondary", "tertiary", "secondary_link", "tertiary_link"), 2),
        **dict.fromkeys(("residential", "unclassified", "living_street", "road", "busway"), 3),
        **dict.fromkeys(("service", "pedestrian"), 4),
    }
)
"""OSM ``highway`` value to rank, widest first; what is not named here is a path."""

PATH_RANK = 5

STREET_WIDTHS_M = (20.0, 15.0, 11.0, 7.0, 4.0, 2.0)
"""Drawn width per rank in metres on the ground."""

STREET_LEAST_PX = (2.4, 2.0, 1.5, 0.8, 0.6, 0.6)
"""Least drawn width per rank in pixels."""

STREET_FROM_M_PER_PX = (1e9, 1e9, 60.0, 16.0, 4.5, 2.2)
"""A rank is drawn from this ground resolution on (metres per pixel) and closer."""

BUILDINGS_FROM_M_PER_PX = 5.0
GREEN_ESTATES = ("park",)


def css_variables() -> str:
    """The colours as one CSS rule."""
    fills = "".join(f"--fill-{i}:{colour};" for i, colour in enumerate(FILLS))
    return ":root{" + fills + "".join(f"--{name}:{colour};" for name, colour in COLOURS.items()) + "}"


def drawing() -> dict[str, object]:
    """What the page's canvas needs to know: colours and widths, as plain data."""
    return {
        "fills": list(FILLS),
        "colours": dict(COLOURS),
        "changes": {name: dict(pair) for name, pair in CHANGES.items()},
        "street_widths_m": list(STREET_WIDTHS_M),
        "street_least_px": list(STREET_LEAST_PX),
        "street_from_m_per_px": list(STREET_FROM_M_PER_PX),
        "buildings_from_m_per_px": BUILDINGS_FROM_M_PER_PX,
        "patrols": [{"colour": look["colour"], "dash": list(look["dash"]) or None} for look in PATROLS],
        "missed": MISSED,
    }


def street_rank(street_class: object) -> int:
    """Rank of an OSM ``highway`` value, 0 widest to `PATH_RANK`; an unknown class draws as a residential street."""
    if not isinstance(street_class, str) or not street_class:
        return STREET_RANKS["residential"]
    return STREET_RANKS.get(street_class, PATH_RANK)
