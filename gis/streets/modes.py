"""Who may go where, and how fast: the table of street classes, directions and access of each mode.

=====================================  ====  ======  ===
class                                  foot  e-bike  car
=====================================  ====  ======  ===
motorway, motorway_link                no    no      yes
trunk to tertiary, their links         yes   yes     yes
unclassified, residential, service,
living_street, road, any other value   yes   yes     yes
track                                  yes   yes     yes, at 15 km/h
pedestrian, path, cycleway             yes   yes     no
footway, bridleway                     yes   pushed  no
busway                                 yes   no      no
steps                                  yes,  no      no
                                       half
                                       speed
construction, proposed, platform, ...  no    no      no
=====================================  ====  ======  ===

On footways an e-bike is pushed, at walking pace.

``foot = no`` closes a street to people on foot; on a class below tertiary it says that nobody may enter, and closes
it to all.  ``foot = private`` closes it to all; with ``inspect_estates`` private lanes inside estates are open.
``oneway`` binds e-bikes and cars, never people on foot: ``yes``, ``true``, ``1`` along the line, ``-1`` or
``reverse`` against it.  ``reversible`` and ``alternating`` streets are open both ways at one time or another, so both
ways are open here and the report names them.  A motorway without a value is one-way.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gis.enclose import NO_WAY_CLASSES
from gis.graph import BoolArray, FloatArray
from gis.report import QualityReport
from gis.streets.network import Mode, NetworkOptions, ObjectArray


def _with_links(*names: str) -> frozenset[str]:
    return frozenset(name + link for name in names for link in ("", "_link"))


MOTORWAYS = _with_links("motorway")
THROUGH = _with_links("trunk", "primary", "secondary", "tertiary")
"""Public streets also where they run through an estate."""
LANES = frozenset({"unclassified", "residential", "living_street", "service", "road", "track"})
KNOWN = MOTORWAYS | THROUGH | LANES | NO_WAY_CLASSES
KNOWN |= {"pedestrian", "path", "cycleway", "footway", "bridleway", "steps", "busway"}
CLOSED = {
    Mode.FOOT: NO_WAY_CLASSES | MOTORWAYS,
    Mode.EBIKE: NO_WAY_CLASSES | MOTORWAYS | {"steps", "busway"},
    Mode.CAR: NO_WAY_CLASSES | {"footway", "bridleway", "steps", "busway", "pedestrian", "path", "cycleway"},
}
STEPS_FRAC = 0.5
"""Speed on stairs as a share of the speed on the flat."""
PUSHED = ("footway", "bridleway")
PUSHED_KMH = 4.0
"""An e-bike on a footway goes no faster: it is pushed."""
TRACK_KMH = 15.0
"""A car on a track goes no faster."""

_FORWARD = frozenset({"yes", "true", "1", "1.0"})
_BACKWARD = frozenset({"-1", "-1.0", "reverse"})
_BOTH = frozenset({"no", "false", "0", "0.0", ""})
_CHANGING = frozenset({"reversible", "alternating"})


def plain(column: pd.Series) -> ObjectArray:
    """A text column as plain lower-case words without blanks around them, empty where nothing is said."""
    words = column.astype("str").where(column.notna(), "").str.strip().str.lower()
    return np.asarray(words.to_numpy(dtype=object))


def street_classes(streets: pd.DataFrame) -> ObjectArray:
    """Class of every street; ``road`` where none is stated."""
    words = plain(streets["class"])
    words[words == ""] = "road"
    return words


def is_patrolled(road_class: ObjectArray, classes: Iterable[str]) -> BoolArray:
    """Whether each street's class must be inspected; a class nobody knows counts as ``road``."""
    wanted = sorted(classes)
    strange = ~np.isin(road_class, sorted(KNOWN))
    return np.isin(road_class, wanted) | (strange & ("road" in wanted))


def open_directions(
    streets: pd.DataFrame, road_class: ObjectArray, mode: Mode, report: QualityReport
) -> tuple[BoolArray, BoolArray]:
    """Whether the mode may go along each street and back (``(streets, 2)``), and which streets are private."""
    foot = plain(streets["foot"])
    is_open = ~np.isin(road_class, sorted(CLOSED[mode]))
    is_private = foot == "private"
    if mode is Mode.FOOT:
        is_open &= foot != "no"
        return np.stack([is_open, is_open], axis=1), is_private
    is_open &= (foot != "no") | np.isin(road_class, sorted(MOTORWAYS | THROUGH))
    oneway = plain(streets["oneway"])
    oneway[(oneway == "") & np.isin(road_class, sorted(MOTORWAYS))] = "yes"
    changing = np.isin(oneway, sorted(_CHANGING)) & is_open
    if changing.any():
        ids = streets["id"].to_numpy()[changing]
        report.add("note_streets_reversible", "streets", ", ".join(map(str, ids[:20])), measured=int(changing.sum()))
    strange = ~np.isin(oneway, sorted(_FORWARD | _BACKWARD | _BOTH | _CHANGING))
    if strange.any():
        values = ", ".join(sorted(set(oneway[strange].tolist()))[:10])
        report.add("note_streets_oneway_unknown", "streets", values=values, measured=int(strange.sum()))
    forward = is_open & ~np.isin(oneway, sorted(_BACKWARD))
    backward = is_open & ~np.isin(oneway, sorted(_FORWARD))
    return np.stack([forward, backward], axis=1), is_private


def has_two_sides(streets: pd.DataFrame, road_class: ObjectArray, options: NetworkOptions) -> BoolArray:
    """Whether each street is so wide that it is walked on both sides.  One-way, it is half of a divided road."""
    if options.mode is not Mode.FOOT:
        return np.zeros(len(streets), dtype=bool)
    wide: BoolArray = np.isin(road_class, sorted(options.both_sides_classes))
    return wide & ~np.isin(plain(streets["oneway"]), sorted(_FORWARD | _BACKWARD))


def speeds_kmh(
    streets: pd.DataFrame, road_class: ObjectArray, options: NetworkOptions
) -> tuple[FloatArray, FloatArray]:
    """Per street: speed without and with inspection."""
    cap = np.full(len(streets), np.inf)
    if options.mode is Mode.EBIKE:
        cap[np.isin(road_class, PUSHED)] = PUSHED_KMH
    if options.mode is Mode.CAR:
        stated = streets["speed_kmh"].to_numpy(dtype=np.float64)
        cap = np.where(np.isnan(stated), np.inf, stated)
        cap[road_class == "track"] = np.minimum(cap[road_class == "track"], TRACK_KMH)
    frac = np.where((road_class == "steps") & (options.mode is Mode.FOOT), STEPS_FRAC, 1.0)
    passing = np.minimum(options.passing_kmh * frac, cap)
    return passing, np.minimum(np.minimum(options.inspecting_kmh * frac, cap), passing)
