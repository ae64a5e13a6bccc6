"""A plan as GeoJSON: its grids, and the pieces of ground that edits move."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from api.usecases.plan_desk import Desk, Place
from data.store import Tx
from data.store.rooms.plans import PlanCard
from gis.errors import NotFound
from partition.edits.sheet import plain_rows
from partition.filed import GRID_COLUMNS

_DECIMALS = 7


def grids_of_plan(tx: Tx, card: PlanCard, community: str | None) -> bytes:
    """Grids of a plan, or of one community of it, as a GeoJSON feature collection."""
    grids = tx.plans.load(card.id).grids
    if community is not None:
        grids = grids[grids["community"] == community].reset_index(drop=True)
    return grids_as_geojson(grids)


def grids_as_geojson(grids: gpd.GeoDataFrame) -> bytes:
    """Rows of a plan's table of grids as a GeoJSON feature collection."""
    rows = plain_rows(grids, GRID_COLUMNS)
    lon_lat = np.asarray(grids.geometry.to_crs(4326).array, dtype=object)
    return _collection([str(row["code"]) for row in rows], rows, lon_lat)


def atoms_of_plan(desk: Desk, tx: Tx, card: PlanCard, place: Place, community: str) -> bytes:
    """Pieces of ground of one community of a plan, each with its grid and members.

    Raises
    ------
    NotFound
        ``plan_community_unknown``.
    """
    ground = place.ground
    sheet = desk.sheet(tx, card, place)
    if community not in sheet.communities:
        raise NotFound("plan_community_unknown", measured=community)
    graph = ground.graph
    atoms = ground.divisions[ground.community_at[community]].atoms.tolist()
    rows = [
        {
            "grid": str(sheet.atom_code[atom]),
            "households": int(graph.households[atom]),
            "population": int(graph.population[atom]),
            "buildings": int(graph.n_buildings[atom]),
            "estate": graph.estate_ids[graph.estate_index[atom]] if graph.estate_index[atom] >= 0 else None,
            "members": [f"{kind}:{name}" for kind, name in ground.members.get(atom, ())],
        }
        for atom in atoms
    ]
    return _collection([graph.atom_ids[atom] for atom in atoms], rows, ground.lon_lat[atoms])


def _collection(ids: list[str], rows: list[dict[str, Any]], lon_lat: NDArray[np.object_]) -> bytes:
    """Right-hand rings, seven decimals (RFC 7946)."""
    rounded = shapely.transform(lon_lat, lambda xy: np.round(xy, _DECIMALS))
    oriented = shapely.orient_polygons(rounded)
    features = [
        orjson.dumps({"type": "Feature", "id": id, "properties": row})[:-1] + b',"geometry":' + text.encode() + b"}"
        for id, row, text in zip(ids, rows, shapely.to_geojson(oriented))
    ]
    return b'{"type":"FeatureCollection","features":[' + b",".join(features) + b"]}"
