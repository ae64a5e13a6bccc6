"""A quarter to patrol, small enough to know by heart, and routes through it written as words.

```
        n (post)     North Street -->      bend
  a ---------- b ---------- c ------.
  |            |            |        )  Crescent
  | West       | Middle     | East  /
  d ---------- e ---------- f -----'
               |
               g   Blind Alley (a dead end, no name on its last part)
```

Streets are 100 m long.  A walk is written ``"ab bc~ -ab"``: link by link, ``-`` from head to tail, ``~`` without
inspection, ``@2`` a stop at place 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS

from gis.streets.network import Mode, StreetNetwork
from partition.patrol.describe import PlaceName, describe_route
from partition.patrol.itinerary import Itinerary
from partition.patrol.problem import PatrolProblem, Route

METRIC = CRS.from_epsg(4549)
CORNER = (500_000.0, 3_390_000.0)
NODES = {"a": (0, 100), "b": (100, 100), "c": (200, 100), "d": (0, 0), "e": (100, 0), "f": (200, 0), "g": (100, -60)}
LINKS: dict[str, tuple[str, str, str]] = {
    "ab": ("North Street", "residential", "a b"),
    "ad": ("West Street", "residential", "a d"),
    "bc": ("North Street", "residential", "b c"),
    "be": ("Middle Street", "primary", "b e"),
    "cf": ("East Street", "residential", "c f"),
    "de": ("South Street", "residential", "d e"),
    "ef": ("South Street", "residential", "e f"),
    "eg": ("", "service", "e g"),
    "round": ("Crescent", "living_street", "c f"),
}
BENDS = {"round": [(250, 100), (250, 0)]}
PLACES = {
    0: PlaceName("K-1", "school", "东湖小学"),
    1: PlaceName("K-2", "market", ""),
}


@dataclass(frozen=True)
class Posed:
    problem: PatrolProblem
    link: np.ndarray
    from_m: np.ndarray
    to_m: np.ndarray
    node: np.ndarray
    place: np.ndarray


def network_of(
    links: Mapping[str, tuple[str, str, str]] = LINKS,
    nodes: Mapping[str, tuple[float, float]] = NODES,
    bends: Mapping[str, Sequence[tuple[float, float]]] = BENDS,
    *,
    names: Mapping[str, str] | None = None,
    mode: Mode = Mode.FOOT,
    crs: CRS = METRIC,
    corner: tuple[float, float] = CORNER,
) -> StreetNetwork:
    """A network with its links sorted by id; ``names`` renames streets."""
    ids = sorted(links)
    number = {name: i for i, name in enumerate(sorted(nodes))}
    at = {name: (x + corner[0], y + corner[1]) for name, (x, y) in nodes.items()}
    ends = [links[i][2].split() for i in ids]
    middles = [[(x + corner[0], y + corner[1]) for x, y in bends.get(i, ())] for i in ids]
    lines = [shapely.LineString([at[a], *m, at[b]]) for (a, b), m in zip(ends, middles, strict=True)]
    length = np.array([line.length for line in lines])
    xy = np.array([at[name] for name in sorted(nodes)])
    renamed = names or {}
    return StreetNetwork(
        mode=mode,
        crs=crs,
        node_x=xy[:, 0].copy(),
        node_y=xy[:, 1].copy(),
        link_ids=tuple(ids),
        street=np.arange(len(ids), dtype=np.int32),
        tail=np.array([number[a] for a, _ in ends], dtype=np.int32),
        head=np.array([number[b] for _, b in ends], dtype=np.int32),
        length_m=length,
        passing_s=np.repeat(length[:, None] / 1.25, 2, axis=1),
        inspecting_s=np.repeat(length[:, None] / (3.0 / 3.6), 2, axis=1),
        both_sides=np.array([links[i][1] == "primary" for i in ids]),
        road_class=np.array([links[i][1] for i in ids], dtype=object),
        name=np.array([renamed.get(links[i][0], links[i][0]) for i in ids], dtype=object),
        geometry=np.array([*lines, None], dtype=object)[:-1],
        component=np.zeros(len(nodes), dtype=np.int32),
    )


def pose(network: StreetNetwork, stops: Sequence[tuple[int, float]] = ()) -> Posed:
    """Every link is a problem link of the same number; a stop is (node, seconds) at the place of its own number."""
    problem = PatrolProblem(
        n_nodes=network.n_nodes,
        tail=network.tail,
        head=network.head,
        length_m=network.length_m,
        passing_s=network.passing_s,
        inspecting_s=network.inspecting_s,
        required=np.ones(network.n_links, dtype=bool),
        stop_node=np.array([node for node, _ in stops], dtype=np.int32),
        stop_s=np.array([seconds for _, seconds in stops], dtype=np.float64),
        posts=np.zeros(1, dtype=np.int32),
    )
    every = np.arange(max(network.n_links, network.n_nodes), dtype=np.int32)
    starts = np.zeros(network.n_links)
    return Posed(
        problem, every[: network.n_links], starts, network.length_m, every[: network.n_nodes], every[: len(stops)]
    )


def route_of(network: StreetNetwork, posed: Posed, walk: str) -> Route:
    """A route out of the words of a walk."""
    link, back, inspects, stop, stop_step = [], [], [], [], []
    for word in walk.split():
        if word.startswith("@"):
            stop.append(int(word[1:]))
            stop_step.append(len(link))
            continue
        back.append(word.startswith("-"))
        inspects.append(not word.endswith("~"))
        link.append(network.link_ids.index(word.strip("-~")))
    links, column = np.array(link, dtype=np.int32), np.array(back, dtype=int)
    kept = np.array(inspects, dtype=bool)
    problem = posed.problem
    seconds = np.where(kept, problem.inspecting_s[links, column], problem.passing_s[links, column])
    ends = np.where(column == 1, network.tail[links], network.head[links])
    starts = np.where(column == 1, network.head[links], network.tail[links])
    assert (starts[1:] == ends[:-1]).all(), f"the walk jumps: {walk}"
    first, last = (int(starts[0]), int(ends[-1])) if link else (int(problem.stop_node[stop[0]]),) * 2
    return Route(
        link=links,
        is_back=column.astype(bool),
        inspects=kept,
        stop=np.array(stop, dtype=np.int32),
        stop_step=np.array(stop_step, dtype=np.int32),
        start_node=first,
        end_node=last,
        seconds=float(seconds.sum() + problem.stop_s[np.array(stop, dtype=int)].sum()),
        length_m=float(problem.length_m[links].sum()),
        required_m=float(problem.length_m[links][kept].sum()),
    )


def itinerary_of(
    walk: str,
    network: StreetNetwork | None = None,
    stops: Sequence[tuple[int, float]] = ((4, 180.0), (6, 300.0)),
    *,
    id: str = "330402015001001-1",
    grid: str = "330402015001001",
    places: Mapping[int, PlaceName] = PLACES,
    **facts: object,
) -> Itinerary:
    """A walk through the quarter (or another network) as a person walks it; places stand at e and g."""
    network = network_of() if network is None else network
    posed = pose(network, stops)
    return describe_route(network, posed, route_of(network, posed, walk), places, id=id, grid=grid, **facts)


WHOLE = "ad de @0 eg @1 -eg~ ef -cf round -ef~ -be be -be~ bc -bc~ -ab"
"""Once round the whole quarter from a and back, with two places and a dead end."""
