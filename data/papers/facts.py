"""What the papers say about each grid, worked out once: place names, sides, key places, posts, reasons, old codes.

Decides which figure stands for what; how it is laid out is decided in the room of each paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from data.papers.sides import Bound, bounds_of_grids
from data.papers.staffing import Places, places_of_posts
from data.papers.words import Words
from gis.graph import IntArray
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules

_MOST_NAMES = 12
"""More key places than this are counted, not named."""
_MOST_CODES = 12
_DIRECTIONS = ("east", "south", "west", "north")


@dataclass(frozen=True)
class Facts:
    """A plan with its territory, ready to be told.  Nothing is worked out before it is asked for.

    Attributes
    ----------
    filed, territory
        The plan and the land it was drawn on.
    words
        The language.
    """

    filed: FiledPlan
    territory: Territory
    words: Words

    @property
    def meta(self) -> Mapping[str, str]:
        """The plan's own facts."""
        return self.filed.meta

    @cached_property
    def rules(self) -> Rules:
        """The rules the plan was drawn by; the default rules where the plan says none."""
        text = self.filed.meta.get("rules", "")
        return Rules.from_toml(text) if text else Rules()

    @cached_property
    def grids(self) -> gpd.GeoDataFrame:
        """The grids in the CRS of the territory."""
        grids = self.filed.grids
        return grids if CRS(grids.crs) == self.territory.crs else grids.to_crs(self.territory.crs)

    @cached_property
    def communities(self) -> pd.DataFrame:
        """Every community that has grids or stands in the territory: code, name, kind, town; sorted by code."""
        known = self.territory["communities"]
        table = pd.DataFrame({c: known[c].astype(object) for c in ("code", "name", "kind", "town")})
        more = sorted(set(self.filed.grids["community"]) - set(table["code"]))
        extra = pd.DataFrame({"code": more, "name": "", "kind": "", "town": ""}, dtype=object)
        whole = pd.concat([table, extra], ignore_index=True).sort_values("code", ignore_index=True)
        whole = whole.where(whole.notna(), "").drop_duplicates("code", ignore_index=True)
        # Micro-grids and areas stand in grids: the code says which community those are of.
        known_codes = set(table["code"])
        for i, code in enumerate(whole["code"]):
            above = next((code[:n] for n in range(len(code) - 1, 0, -1) if code[:n] in known_codes), None)
            if code not in known_codes and above is not None:
                columns = ["name", "kind", "town"]
                whole.loc[i, columns] = whole.loc[whole["code"] == above, columns].iloc[0].tolist()
        return whole

    @cached_property
    def community_of_grid(self) -> IntArray:
        """Position of each grid's community in `communities`."""
        at = {code: i for i, code in enumerate(self.communities["code"])}
        return np.array([at[code] for code in self.filed.grids["community"]], np.int64)

    def of_community(self, column: str) -> list[str]:
        """Per grid what `communities` says about its community."""
        values = self.communities[column].to_numpy(dtype=object)
        return [str(v) for v in values[self.community_of_grid]]

    @cached_property
    def towns(self) -> tuple[list[str], IntArray]:
        """Towns in the order of their codes, none last, and the position of each community's town among them."""
        town = self.communities["town"].tolist()
        names = sorted(dict.fromkeys(town), key=lambda name: name == "")
        at = {name: i for i, name in enumerate(names)}
        return names, np.array([at[name] for name in town], np.int64)

    @cached_property
    def has_population(self) -> bool:
        """Whether anybody counted the population: all zero beside households means that nobody did."""
        return bool(self.filed.grids["population"].sum() > 0)

    @cached_property
    def has_buildings(self) -> bool:
        """Whether the territory knows buildings: without them their number is not zero but unknown."""
        return not self.territory["buildings"].empty

    def kind_word(self, kind: str) -> str:
        """What a grid of this kind is called; on another level than grids, what that level is called."""
        level = self.meta.get("level")
        return self.words.of("level", level) if level else self.words.of("kind", kind)

    def boundary_sentences(self) -> list[str]:
        """Per grid the four sides in words."""
        words = self.words
        names = self._unique_names()
        bounds = bounds_of_grids(
            np.asarray(self.grids.geometry.array, dtype=object),
            names,
            self.filed.grids["community"].tolist(),
            self.territory,
        )
        return [
            words("side_joint").join(
                words(f"side_{side}", what=words("side_and").join(self._bound_word(b) for b in found[side]))
                for side in _DIRECTIONS
                if side in found
            )
            for found in bounds
        ]

    def _unique_names(self) -> list[str]:
        """Name of each grid for its neighbours; the code where the name is missing or taken twice."""
        names = self.filed.grids["name"].where(self.filed.grids["name"].notna(), "")
        plain = (names != "") & ~names.duplicated(keep=False)
        return [str(v) for v in names.where(plain, self.filed.grids["code"])]

    def _bound_word(self, bound: Bound) -> str:
        return bound.name or self.words(f"bound_{bound.kind}")

    @cached_property
    def grid_of_post(self) -> IntArray:
        """Position of the grid each post stands in; -1 for none."""
        return self.grids_at(self.territory["posts"])

    @cached_property
    def places(self) -> Places:
        """Where the posts are."""
        codes = self.communities["code"].tolist()
        return places_of_posts(self.territory, self.grid_of_post, self.community_of_grid, codes)

    def grids_at(self, layer: gpd.GeoDataFrame) -> IntArray:
        """Position of the grid that holds each point of a layer; on a border the first; -1 for none."""
        points = np.asarray(layer.geometry.array, dtype=object)
        found = np.full(len(points), -1, np.int64)
        if len(points):
            tree = shapely.STRtree(np.asarray(self.grids.geometry.array, dtype=object))
            which, where = tree.query(points, predicate="intersects")
            order = np.lexsort((-where, which))
            found[which[order]] = where[order]
        return found

    def key_places(self) -> tuple[list[int | None], list[str]]:
        """Per grid the number of key places and their names; both empty where the territory has no such layer."""
        layer = self.territory["key_places"]
        n = len(self.filed.grids)
        if layer.empty:
            return [None] * n, [""] * n
        label = layer["name"].fillna("").str.strip()
        label = label.where(label != "", layer["kind"].fillna(""))
        inside: list[list[str]] = [[] for _ in range(n)]
        for i, name in zip(self.grids_at(layer).tolist(), label.tolist()):
            if i >= 0:
                inside[i].append(str(name))
        return [len(names) for names in inside], [self._listed(names) for names in inside]

    def _listed(self, names: Sequence[str]) -> str:
        """Names in one cell; those without a name of their own come as their kind, and are counted."""
        counts = Counter(names)
        told = [name if n == 1 else self.words("many_alike", name=name, n=n) for name, n in counts.items()]
        text = self.words("list_joint").join(told[:_MOST_NAMES])
        return text if len(told) <= _MOST_NAMES else self.words("list_and_more", names=text, n=len(names))

    def posts_inside(self) -> list[str]:
        """Per grid the posts that stand in it, counted by kind."""
        kinds = self.territory["posts"]["kind"].tolist()
        counts: list[dict[str, int]] = [{} for _ in range(len(self.filed.grids))]
        for i, kind in zip(self.grid_of_post.tolist(), kinds):
            if i >= 0:
                counts[i][kind] = counts[i].get(kind, 0) + 1
        return [
            self.words("list_joint").join(
                self.words("post_count", post=self.words.of("post", kind), n=n) for kind, n in sorted(found.items())
            )
            for found in counts
        ]

    def reasons(self) -> list[str]:
        """Per grid why it is out of the band, in words; empty where all is well."""
        violations = self.filed.violations
        column = f"detail_{self.words.language}"
        details = {(g, c): d for g, c, d in zip(violations["grid"], violations["code"], violations[column])}
        texts = []
        for code, reason in zip(self.filed.grids["code"], self.filed.grids["reason"]):
            if not isinstance(reason, str) or not reason:
                texts.append("")
            elif (word := self.words.of("reason", reason)) != reason:
                texts.append(word)
            else:
                texts.append(str(details.get((code, reason)) or reason))
        return texts

    def distances(self) -> NDArray[np.int64]:
        """Per grid how far its households lie from the band: 0 inside, negative below."""
        households = self.filed.grids["households"].to_numpy(dtype=np.int64)
        low, high = self.rules.min_households, self.rules.max_households
        return np.where(households < low, households - low, np.where(households > high, households - high, 0))

    def old_codes(self) -> list[tuple[str, ...]]:
        """Per grid the old codes its ground came from, the largest share first; its parent where no crosswalk is."""
        sources: dict[str, list[tuple[int, int, str]]] = {}
        crosswalk = self.filed.crosswalk
        if crosswalk is not None:
            pairs = crosswalk[crosswalk["old"].notna() & crosswalk["new"].notna()]
            columns = (pairs[c].tolist() for c in ("old", "new", "households", "buildings"))
            for old, new, households, buildings in zip(*columns):
                sources.setdefault(new, []).append((-int(households), -int(buildings), str(old)))
        return [
            tuple(old for _, _, old in sorted(sources[code]))
            if code in sources
            else ((parent,) if isinstance(parent, str) and parent else ())
            for code, parent in zip(self.filed.grids["code"], self.filed.grids["parent"])
        ]


def title_of(facts: Facts, key: str) -> str:
    """Title of a paper, beginning with the town where there is only one."""
    towns = sorted(set(facts.communities["town"]) - {""})
    title = facts.words(key)
    return facts.words("title_of_town", town=towns[0], title=title) if len(towns) == 1 else title


def listed_codes(codes: Sequence[str], words: Words, most: int = _MOST_CODES) -> str:
    """Codes in one cell, one a line; of very many the first ones and how many there are."""
    lines = [*codes[:most], *([words("and_more", n=len(codes))] if len(codes) > most else [])]
    return "\n".join(lines)
