"""What a layer is and what its columns mean: names in Chinese and English to the schema of `gis.layers`.

A user's own mapping always wins.  What was recognised goes into the report, so that a wrong guess is seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import shapely

from gis.layers import LAYERS
from gis.readers.words import IDS, OWN, ROLE_WORDS, SHARED
from gis.repair import TYPES

# A layer with one of these names is meant as such even with the wrong geometry: then that is the fault to name.
_NEEDED = ("communities", "units", "buildings")
_BUILDING_M2 = 5_000.0  # no layer of buildings has a larger median footprint
_WHOLE_WORD = 4  # shorter words begin too many others
ROSTERS = "rosters"
ZONES = "zones"
ROLES = (*LAYERS, ROSTERS, ZONES)
"""What a source layer can be: a layer of the schema, counts without a place (``rosters``: joined to buildings by id
or address), or areas with a population to spread over buildings (``zones``)."""


def _split(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {target: tuple(text.split()) for target, text in words.items()}


_SHARED = _split(SHARED)
_OWN = {role: _split(words) for role, words in OWN.items()}
_IDS = tuple(IDS.split())
_ROLE_WORDS = _split(ROLE_WORDS)
_ADDRESS_PARTS = ("street", "number", "estate", "building", "stairwell", "text")
# Which shared targets a role takes besides the columns of its own layer.
_EXTRA: Mapping[str, tuple[str, ...]] = {
    "buildings": (*_ADDRESS_PARTS, "town", "lon", "lat"),
    "addresses": ("lon", "lat"),
    "rosters": (*_ADDRESS_PARTS, "households", "population", "levels", "use", "community", "town"),
    "zones": ("households", "population"),
}


def normal_header(header: object) -> str:
    """A header for comparing: narrow, lower case, without brackets, units and separators."""
    text = unicodedata.normalize("NFKC", str(header)).strip().lower()
    text = re.sub(r"[((【\[].*?[))】\]]", "", text)
    return re.sub(r"[\s_\-./、:*#]+", "", text)


_BY_NAME: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {t: {normal_header(w): i for i, w in enumerate((t, *words))} for t, words in _SHARED.items()}
)
KNOWN_HEADERS = frozenset(word for words in _BY_NAME.values() for word in words) | frozenset(
    normal_header(word) for own in _OWN.values() for words in own.values() for word in words
)
"""Every header that means something, in normal form: how a table's header row is told from its data."""


def match_columns(role: str, headers: Iterable[object], given: Mapping[str, str]) -> dict[str, str]:
    """Which column of a source is which column of the schema.

    Parameters
    ----------
    role
        One of `ROLES`.
    headers
        Column names of the source; a name cut at 10 bytes (Shapefile) is known by its beginning.
    given
        The user's own mapping, source column to target; wins, and may name a target that no synonym knows.

    Returns
    -------
    dict
        Target to source column; each column is used once.
    """
    names = [str(h) for h in headers]
    taken: dict[str, str] = {target: source for source, target in given.items() if source in names}
    targets = _targets(role)
    candidates: list[tuple[int, int, str, str]] = []
    for target, words in targets.items():
        for position, name in enumerate(names):
            plain = normal_header(name)
            rank = words.get(plain)
            if rank is None and 9 <= len(name.encode()) <= 10 and len(plain) >= 3:
                rank = next((100 + i for word, i in words.items() if word.startswith(plain)), None)
            if rank is not None:
                candidates.append((rank, position, target, name))
    for _, _, target, name in sorted(candidates):
        if target not in taken and name not in taken.values():
            taken[target] = name
    return taken


def _targets(role: str) -> dict[str, dict[str, int]]:
    own = _OWN.get(role, {})
    wanted = [*(LAYERS[role].columns if role in LAYERS else ()), *_EXTRA.get(role, ("lon", "lat")), *own]
    targets: dict[str, dict[str, int]] = {}
    for target in dict.fromkeys(wanted):
        words = (target, *own.get(target, ()))
        if target in _SHARED and target not in own:
            words = (target, *_SHARED[target])
        elif target == "community":
            words = (target, *_SHARED[target], *own.get(target, ()))
        elif target == "id" and not own.get("id"):
            words = ("id", *_IDS)
        targets[target] = {}
        for rank, word in enumerate(words):
            targets[target].setdefault(normal_header(word), rank)
    return targets


def guess_role(name: str, table: pd.DataFrame, shapes: np.ndarray, area_m2: float) -> str | None:
    """What a source layer is, by its name, geometry and columns; ``None`` when nothing tells.

    Parameters
    ----------
    name
        Layer or file name.
    table, shapes
        Its columns and its geometry (all missing for a plain table).
    area_m2
        Median area of its polygons, NaN for none.
    """
    plain = name.lower()
    kinds = _kinds(shapes)
    if plain in LAYERS and (not kinds or kinds & set(LAYERS[plain].geometry) or plain in _NEEDED):
        return plain
    has = match_columns("buildings", table.columns, {})
    located = bool(kinds) or {"lon", "lat"} <= has.keys()
    if not located:
        return ROSTERS if {"households", "population"} & has.keys() else None
    kinds = kinds or {"point"}
    for role, words in _ROLE_WORDS.items():
        if role == ROSTERS or not any(_stands_in(word, plain) for word in words):
            continue
        allowed = LAYERS[role].geometry if role in LAYERS else ("polygon",)
        too_big = role == "buildings" and area_m2 > _BUILDING_M2  # census blocks are blocks too
        if kinds <= set(allowed) and not too_big:
            return role
    return _by_columns(kinds, has.keys(), table, area_m2)


def _stands_in(word: str, name: str) -> bool:
    """Whether a layer's name holds a word: Chinese anywhere, Latin as a word (long ones as its beginning).

    ``points`` are no ``poi`` and a ``community`` is no ``unit``.
    """
    if not word.isascii():
        return word in name
    return re.search(rf"(?<![a-z]){word}{'' if len(word) > _WHOLE_WORD else 's?(?![a-z])'}", name) is not None


def _by_columns(kinds: Collection[str], has: Collection[str], table: pd.DataFrame, area_m2: float) -> str | None:
    if kinds == {"line"}:
        return "streets"
    counted = {"households", "levels"} & set(has)
    if kinds == {"point"}:
        if counted or ("building" in has and "text" not in has):
            return "buildings"
        return "addresses" if {"text", "number"} & set(has) else None
    if kinds == {"polygon"}:
        if "households" in has and "community" in has and not area_m2 < _BUILDING_M2:
            return "units"
        if counted or "use" in has or area_m2 < _BUILDING_M2:
            return "buildings"
        if "population" in has:
            return ZONES
        own = match_columns("communities", table.columns, {})
        return "communities" if {"code", "name"} & own.keys() else None
    return "buildings" if kinds == {"polygon", "point"} and counted else None


def _kinds(shapes: np.ndarray) -> set[str]:
    present = shapes[~shapely.is_missing(shapes)]
    ids = {int(t) for t in np.unique(shapely.get_type_id(present))}
    found = {kind for kind, types in TYPES.items() if ids & {int(t) for t in types}}
    if int(shapely.GeometryType.MULTIPOINT) in ids:
        found.add("point")
    return found
