"""The sample town: everything the other rooms make, put together as one territory.

`make_town` is deterministic: the same number of households and the same seed give the same territory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.addresses import number_buildings, write_addresses
from data.sample.buildings import set_out
from data.sample.communities import land_beside_banks, lay_communities, lay_groups, lay_villages, towns_of
from data.sample.counts import fill_estates, match_total, settle_communities
from data.sample.land import BANK, TOWN, Land, lay_out
from data.sample.merger import merge_villages
from data.sample.names import ESTATE_SUFFIXES, Names, numeral
from data.sample.places import NOW, place_all
from data.sample.quarters import USE, USES, Quarters, Wanted, lay_quarters
from data.sample.streets import Network, lay_streets
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.territory import Territory

CRS = "EPSG:4547"
COUNTY = "990101"
"""Invented: no province has the number 99."""

SMALLEST, LARGEST = 500, 2_000_000

_OWN_GROUNDS = ("estate", "business", "market", "school", "hospital", "government", "park", "industrial")
_GROUND_WORDS = {
    "business": "商务区",
    "market": "市场",
    "school": "学校",
    "hospital": "医院",
    "government": "政务中心",
    "park": "公园",
    "industrial": "工业园",
}


@dataclass(frozen=True, slots=True)
class SampleTown:
    """A generated town.

    Attributes
    ----------
    territory
        The town as it is.
    later
        The town after the reform of villages: two neighbouring villages are one, with a new code.
    merger
        Old village code to new village code; empty where the town has fewer than two villages that touch.
    """

    territory: Territory
    later: Territory
    merger: Mapping[str, str]


def make_town(
    households: int = 12_000, seed: int = 1, progress: Progress = SILENT, *, now: datetime = NOW
) -> SampleTown:
    """Make a town with so many households.

    Parameters
    ----------
    households
        500 (a hamlet of a town) to 2,000,000 (a large city); the territory holds exactly so many.
    seed
        Another seed makes another town.
    now
        Where its year of incidents ends, in China's time, without a zone.

    Raises
    ------
    InputError
        ``sample_households_out_of_range``.
    """
    if not SMALLEST <= households <= LARGEST:
        allowed = f"{SMALLEST}-{LARGEST}"
        raise InputError("sample_households_out_of_range", measured=households, allowed=allowed)
    rng = np.random.default_rng([seed, households])
    names = Names(rng)
    progress.stage("stage_sample_streets")
    size = households / 12_000
    n_villages = max(1, round(4 * size**0.62))
    wanted = Wanted(
        households=households,
        old_households=0.31 * households * size**-0.25,
        estate_households=0.22 * households * size**0.1,
        villages=n_villages,
    )
    town_m2 = 10_000.0 * (households - 265 * n_villages) / 72.0
    land = lay_out(town_m2, n_villages * 900_000.0, rng)
    village = lay_villages(land, n_villages)
    wanted = replace(wanted, villages=int(village.max()) + 1)
    quarters = lay_quarters(land, wanted, village, rng)
    progress.stage("stage_sample_buildings")
    buildings, lattice = set_out(land, quarters, rng, tall=float(np.clip(np.log10(size) / 2, 0.0, 1.0)))
    buildings["quarter"] = quarters.block_quarter[buildings["block"].to_numpy()]
    buildings["superblock"] = quarters.superblock[buildings["quarter"].to_numpy()]
    buildings = fill_estates(buildings, rng)
    match_total(buildings, households)
    network = lay_streets(land, quarters, lattice, buildings["shape"].to_numpy(), names, rng)
    progress.stage("stage_sample_communities")
    communities, of_superblock = _communities(land, village, buildings, network, names, households, rng)
    settle_communities(buildings, of_superblock, communities)
    estates = _estates(land, quarters, names, rng)
    buildings, units = _finish_buildings(buildings, quarters, network, communities, of_superblock, estates, rng)
    progress.stage("stage_sample_addresses")
    layers = _layers(land, quarters, network, buildings, communities, estates, units, rng, now)
    meta = {
        "created_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "source": f"sample town, households={households}, seed={seed}",
        "households_basis": "generated: counts per building, no real people",
    }
    territory = Territory.of({name: _plain(table) for name, table in layers.items()}, meta=meta)
    later, merger = merge_villages(territory)
    return SampleTown(territory, later, merger)


def _communities(
    land: Land,
    village: NDArray[np.int64],
    buildings: pd.DataFrame,
    network: Network,
    names: Names,
    households: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    n = len(land.superblocks)
    # Estates become grids of their own; what a community divides is the rest, so that counts more.
    worth = np.where(buildings["kind"] == USE["estate"], 0.45, 1.0) * buildings["households"]
    count = np.bincount(buildings["superblock"], weights=worth, minlength=n).astype(np.int64)
    wanted = int(np.clip(1_130 * (households / 12_000) ** 0.15, 900, 2_600))
    number, n_urban, n_villages = lay_communities(land, village, count, wanted, rng)
    group = number[network.face_superblock]
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(n_urban + n_villages + 1))
    shapes = [
        _solid(shapely.coverage_union_all(network.faces[order[starts[k] : starts[k + 1]]]))
        for k in range(n_urban + n_villages)
    ]
    centre = shapely.get_coordinates(shapely.centroid(np.asarray(shapes, dtype=object)))
    urban = np.arange(n_urban + n_villages) < n_urban
    rows = []
    for kind, members, first_town, first_seat, suffix, town_suffix, size in (
        ("urban", np.flatnonzero(urban), 1, 1, "社区", "街道", 14),
        ("rural", np.flatnonzero(~urban), 101, 200, "村", "镇", 14),
    ):
        town = towns_of(centre[members], size)
        called = names.take(int(town.max()) + 1)
        for t in range(int(town.max()) + 1):
            inside = members[town == t]
            # West to east, then north to south: neighbours get neighbouring numbers.
            inside = inside[np.lexsort((centre[inside, 0], -centre[inside, 1]))]
            for seat, (k, name) in enumerate(zip(inside, names.take(len(inside)))):
                rows.append(
                    {
                        "number": int(k),
                        "code": f"{COUNTY}{first_town + t:03d}{first_seat + seat:03d}",
                        "name": name + suffix,
                        "kind": kind,
                        "town": called[t] + town_suffix,
                        "class_code": "111" if kind == "urban" else "220",
                        "shape": shapes[k],
                    }
                )
    table = pd.DataFrame(rows).sort_values("code", ignore_index=True)
    place = np.empty(len(table), dtype=np.int64)
    place[table["number"].to_numpy()] = np.arange(len(table))
    return table, place[number]


def _solid(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.normalize(shape)


def _estates(land: Land, quarters: Quarters, names: Names, rng: np.random.Generator) -> pd.DataFrame:
    """Closed grounds, and parks along the river in town."""
    quarter = np.flatnonzero(np.isin(quarters.use, [USE[name] for name in _OWN_GROUNDS]))
    kind = [USES[k] for k in quarters.use[quarter]]
    called = [
        name + (str(rng.choice(ESTATE_SUFFIXES)) if k == "estate" else _GROUND_WORDS[k])
        for name, k in zip(names.take(len(quarter)), kind)
    ]
    beside = land_beside_banks(land)
    bank = np.flatnonzero((land.superblock_state == BANK) & (land.superblock_state[beside] == TOWN))
    bank = bank[rng.random(len(bank)) < 0.6]
    green = shapely.difference(land.superblocks[bank], land.river)
    whole = shapely.get_type_id(green) == 3
    bank, green = bank[whole], green[whole]
    kind += ["park"] * len(bank)
    called += [f"{name}滨河公园" for name in names.take(len(bank))]
    return pd.DataFrame(
        {
            "quarter": np.append(quarter, np.full(len(bank), -1)),
            "id": [f"e{k:05d}" for k in range(1, len(kind) + 1)],
            "name": called,
            "kind": kind,
            "dedicated": [k in ("estate", "business", "market") for k in kind],
            "shape": shapely.set_precision(np.concatenate([quarters.shape[quarter], green]), 0.01),
        }
    )


def _finish_buildings(
    buildings: pd.DataFrame,
    quarters: Quarters,
    network: Network,
    communities: pd.DataFrame,
    of_superblock: NDArray[np.int64],
    estates: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ids in the order of communities, population, addresses' parts, villagers' groups."""
    out = buildings.copy()
    out["place"] = of_superblock[out["superblock"].to_numpy()]
    out = out.sort_values(["place", "quarter", "block", "row"], kind="stable", ignore_index=True)
    own = communities.iloc[out["place"].to_numpy()].reset_index(drop=True)
    out["community"], out["community_name"], out["town"] = own["code"], own["name"], own["town"]
    out["rural"] = (own["kind"] == "rural").to_numpy()
    out["id"] = [f"b{k:07d}" for k in range(1, len(out) + 1)]
    out["population"] = rng.binomial(4 * out["households"].to_numpy(), 0.66)
    out["estate"] = out["quarter"].map(dict(zip(estates["quarter"], estates["name"]))).fillna("")
    named = number_buildings(out, network.lines, out["town"].to_numpy())
    out[["street", "number", "building"]] = named
    out["group"], out["group_number"] = "", 0
    units = []
    centre = shapely.get_coordinates(shapely.centroid(out["shape"].to_numpy()))
    face_place = of_superblock[network.face_superblock]
    for k in np.flatnonzero((communities["kind"] == "rural").to_numpy()):
        faces = network.faces[face_place == k]
        members = np.flatnonzero(out["place"] == k)
        count = out["households"].to_numpy()[members]
        group = (
            lay_groups(faces, centre[members], count, int(np.clip(count.sum() // 42, 2, 9)))
            if len(members)
            else np.zeros(len(faces), dtype=np.int64)
        )
        shapes = [_solid(shapely.coverage_union_all(faces[group == g])) for g in range(int(group.max()) + 1)]
        inside, which = shapely.STRtree(shapes).query(shapely.points(centre[members]), predicate="intersects")
        home = np.zeros(len(members), dtype=np.int64)
        home[inside[::-1]] = which[::-1]
        # Groups count from the north.
        rank = np.argsort(np.argsort(-shapely.get_coordinates(shapely.centroid(np.asarray(shapes)))[:, 1]))
        labels = np.asarray([numeral(int(r) + 1) + "组" for r in rank], dtype=object)
        out.loc[members, "group"] = labels[home]
        out.loc[members, "group_number"] = pd.Series(home).groupby(home).cumcount().to_numpy() + 1
        people = out["population"].to_numpy()[members]
        for g, shape in enumerate(shapes):
            code = communities["code"].iloc[k]
            units.append(
                {
                    "id": f"{code}-{int(rank[g]) + 1:02d}",
                    "community": code,
                    "households": int(count[home == g].sum()),
                    "population": int(people[home == g].sum()),
                    "shape": shape,
                }
            )
    return out, pd.DataFrame(units, columns=["id", "community", "households", "population", "shape"])


def _layers(
    land: Land,
    quarters: Quarters,
    network: Network,
    buildings: pd.DataFrame,
    communities: pd.DataFrame,
    estates: pd.DataFrame,
    units: pd.DataFrame,
    rng: np.random.Generator,
    now: datetime,
) -> dict[str, gpd.GeoDataFrame]:
    addresses = write_addresses(buildings)
    spots = shapely.points(addresses["x"].to_numpy(), addresses["y"].to_numpy())
    edges = network.edges
    streets = pd.DataFrame(
        {
            "id": [f"s{k:06d}" for k in range(1, len(edges) + 1)],
            "name": edges["name"].replace("", None),
            "class": edges["class"],
            "oneway": "no",
            "foot": "yes",
            "surface": edges["surface"],
            "speed_kmh": edges["speed_kmh"],
        }
    )
    barriers = pd.DataFrame({"shape": [land.river, land.railway, *_ponds(quarters, rng), *network.walls]})
    kinds = ["river", "railway"] + ["water"] * (len(barriers) - 2 - len(network.walls)) + ["wall"] * len(network.walls)
    barriers["kind"], barriers["id"] = kinds, [f"r{k:05d}" for k in range(1, len(barriers) + 1)]
    return {
        "communities": _table(communities),
        "units": _table(units),
        "buildings": _table(buildings),
        "addresses": gpd.GeoDataFrame(addresses, geometry=spots, crs=CRS),
        "streets": gpd.GeoDataFrame(streets, geometry=edges["shape"].to_numpy(), crs=CRS),
        "barriers": _table(barriers),
        "estates": _table(estates),
        **place_all(quarters, network, buildings, communities, rng, CRS, now),
    }


def _plain(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Empty text is missing text, as in a file."""
    return table.replace({name: {"": None} for name in table.columns if table[name].dtype in ("str", object)})


def _table(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(frame.drop(columns="shape"), geometry=frame["shape"].to_numpy(), crs=CRS)


def _ponds(quarters: Quarters, rng: np.random.Generator) -> list[shapely.Geometry]:
    """A pond in every larger park."""
    ponds = []
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    for k in np.flatnonzero(quarters.use == USE["park"]):
        shape = quarters.shape[k]
        if shape.area < 14_000:
            continue
        centre = shapely.get_coordinates(shape.centroid)[0]
        radius = np.sqrt(shape.area) * 0.2
        wave = radius * (
            1 + 0.22 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.12 * np.sin(3 * angle + rng.uniform(0, 6))
        )
        ring = centre + wave[:, None] * np.stack([1.25 * np.cos(angle), 0.8 * np.sin(angle)], axis=1)
        ponds.append(shapely.Polygon(np.round(ring, 2)))
    return ponds
