"""The addresses of a territory file by themselves, checked as strictly as the whole, and the names that go with them.

Look-ups need this and nothing of buildings, borders or counts: the other layers are not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.errors import InputError
from gis.layers import LAYERS, PLACE_COLUMNS
from gis.persons import drop_person_columns
from gis.progress import SILENT, Progress
from gis.readers.checks import check_columns, check_crs
from gis.readers.faults import FaultList
from gis.readers.guard import FileKind, identify
from gis.readers.vector import list_layers, read_layers
from gis.report import QualityReport

_NAMED = {"communities": ("code", "name", "town"), "streets": ("name",), "estates": ("name",)}


@dataclass(frozen=True, slots=True)
class AddressLayer:
    """Addresses and names of places.

    Attributes
    ----------
    addresses
        The columns of the layer, communities by their names, and ``lon, lat`` (WGS 84; NaN where there is no point).
    towns, communities, streets, estates
        Names of the other layers, ascending, each once.
    """

    addresses: pd.DataFrame
    towns: tuple[str, ...]
    communities: tuple[str, ...]
    streets: tuple[str, ...]
    estates: tuple[str, ...]


def read_address_layer(path: Path, progress: Progress = SILENT) -> AddressLayer:
    """Read the addresses of a territory file.

    Raises
    ------
    InputError
        ``addresses_missing``, ``not_a_territory_file``, ``plan_in_place_of_territory``, what
        `gis.readers.guard.identify` refuses, and what `gis.readers.territory_file.read_territory` finds in columns
        and coordinates of this layer.
    """
    path = Path(path)
    if (kind := identify(path)) is not FileKind.GEOPACKAGE:
        raise InputError("not_a_territory_file", file=path.name, measured=kind.value, allowed="GeoPackage")
    present = list_layers(path, kind)
    if "communities" in present and {"grids", "members", "violations"} <= set(present):
        raise InputError("plan_in_place_of_territory", file=path.name)
    if "addresses" not in present:
        raise InputError("addresses_missing", file=path.name)
    progress.stage("stage_read_addresses")
    report, faults = QualityReport(), FaultList(path.name)
    table = read_layers(path, kind, report, only=("addresses",))[0][1]
    if table.empty:
        raise InputError("addresses_missing", file=path.name)
    kept = drop_person_columns(table, report, layer="addresses", file=path.name, places=PLACE_COLUMNS, keys=["id"])
    placed = gpd.GeoDataFrame(kept, geometry=table.geometry.name)
    check_crs("addresses", placed, faults)
    clean = check_columns("addresses", placed, faults, report)
    faults.stop_if_any()
    names = {layer: _names(path, kind, layer, columns, present) for layer, columns in _NAMED.items()}
    addresses = pd.DataFrame({c: clean[c] for c in LAYERS["addresses"].columns if c in clean.columns})
    name_of = dict(zip(names["communities"]["code"], names["communities"]["name"]))
    if "community" in addresses.columns:
        addresses["community"] = [name_of.get(one, one) for one in addresses["community"]]
    lon, lat = _degrees(clean)
    return AddressLayer(
        addresses.assign(lon=lon, lat=lat),
        _once(names["communities"]["town"]),
        _once(names["communities"]["name"]),
        _once(names["streets"]["name"]),
        _once(names["estates"]["name"]),
    )


def _names(path: Path, kind: FileKind, layer: str, columns: tuple[str, ...], present: list[str]) -> pd.DataFrame:
    if layer not in present:
        return pd.DataFrame({column: [] for column in columns})
    table = read_layers(path, kind, QualityReport(), only=(layer,))[0][1]
    return pd.DataFrame({c: table[c] if c in table.columns else None for c in columns}, index=table.index)


def _once(names: pd.Series) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in names if pd.notna(name) and str(name)}))


def _degrees(table: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    points = table.geometry if CRS(table.crs).to_epsg() == 4326 else table.to_crs(4326).geometry
    shapes = np.asarray(points.array)
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    sound = np.isfinite(x) & np.isfinite(y)
    return np.where(sound, x, np.nan), np.where(sound, y, np.nan)
