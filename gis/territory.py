"""The territory: every layer of one planning area, cleaned, in one metric CRS, sorted by id.

Layers are kept as tables (one GeoDataFrame a layer, columns as `gis.layers` states), not as one object a
feature: a city has a million rows (docs/adr/0001).  A Territory is never changed; make a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.crs import metric_crs
from gis.errors import InputError, NotFound
from gis.layers import LAYERS, ColumnType

_DTYPES: Mapping[ColumnType, str] = {"text": "str", "int": "Int64", "float": "float64", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Territory:
    """One planning area.

    Attributes
    ----------
    layers
        Every layer of `gis.layers.LAYERS` by name; absent ones are empty tables.  Geometry in ``crs``
        (metres), rows sorted by the layer's key, a plain range index, all columns present.
    crs
        The metric CRS everything inside is computed in.
    file_crs
        The CRS of the file it came from; results go back in it.
    meta
        Text facts that travel with the file: ``households_basis``, ``households_modelled``, ``created_at``
        (ISO 8601, the state of the data), ``source``.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    crs: CRS
    file_crs: CRS
    meta: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        layers: Mapping[str, gpd.GeoDataFrame],
        *,
        crs: CRS | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Territory:
        """Make a territory from layers that are already clean.

        Unknown columns are dropped except integer columns of ``posts`` (capacity counts); missing columns are
        added empty.  Reading and checking files is the work of `gis.readers`.

        Parameters
        ----------
        layers
            Layer name to table; each with the same CRS.
        crs
            Metric CRS to compute in; chosen from the communities when omitted.

        Raises
        ------
        NotFound
            ``layer_unknown``.
        InputError
            ``layer_without_crs``, ``layers_differ_in_crs``, ``layer_missing`` (no communities).
        """
        for name in layers:
            if name not in LAYERS:
                raise NotFound("layer_unknown", layer=name, allowed=", ".join(LAYERS))
        if "communities" not in layers or layers["communities"].empty:
            raise InputError("layer_missing", layer="communities")
        for name, table in layers.items():
            if table.crs is None:
                raise InputError("layer_without_crs", layer=name)
        file_crs = CRS(layers["communities"].crs)
        for name, table in layers.items():
            if CRS(table.crs) != file_crs:
                raise InputError("layers_differ_in_crs", layer=name, measured=str(table.crs), allowed=str(file_crs))
        x0, y0, x1, y1 = (float(v) for v in layers["communities"].total_bounds)
        inside = crs or metric_crs(file_crs, (x0, y0, x1, y1))
        clean = {name: _tidy(name, layers.get(name), inside) for name in LAYERS}
        return cls(MappingProxyType(clean), inside, file_crs, MappingProxyType(dict(meta or {})))

    def __getitem__(self, name: str) -> gpd.GeoDataFrame:
        return self.layers[name]

    def content_hash(self) -> str:
        """SHA-256 over all rows of all layers and the file CRS; independent of row order and of the file's bytes."""
        digest = hashlib.sha256(self.file_crs.to_string().encode())
        for name, table in self.layers.items():
            digest.update(f"\0{name}\0{len(table)}".encode())
            for column in table.columns:
                if column == table.geometry.name:
                    for wkb in shapely.to_wkb(np.asarray(table.geometry.array), byte_order=1):
                        digest.update(b"" if wkb is None else wkb)
                else:
                    digest.update("\x1f".join(map(str, table[column].tolist())).encode())
        return digest.hexdigest()

    def with_layers(self, **layers: gpd.GeoDataFrame) -> Territory:
        """A copy with some layers replaced (tables in ``crs``)."""
        merged: dict[str, Any] = dict(self.layers)
        for name, table in layers.items():
            merged[name] = _tidy(name, table, self.crs)
        return Territory(MappingProxyType(merged), self.crs, self.file_crs, self.meta)


def _tidy(name: str, table: gpd.GeoDataFrame | None, crs: CRS) -> gpd.GeoDataFrame:
    spec = LAYERS[name]
    if table is None:
        table = gpd.GeoDataFrame({}, geometry=[], crs=crs)
    table = table.to_crs(crs) if CRS(table.crs) != crs else table
    data: dict[str, Any] = {}
    for column, kind in spec.columns.items():
        values = table[column] if column in table.columns else pd.Series([None] * len(table), index=table.index)
        data[column] = values.astype(_DTYPES[kind.type])
        if kind.type == "float":
            data[column] = data[column] + 0.0  # minus zero is zero, and SQLite cannot keep it
    if name == "posts":
        for column in table.columns:
            if column not in data and pd.api.types.is_integer_dtype(table[column]):
                data[column] = table[column].astype("Int64")
    frame = gpd.GeoDataFrame(data, geometry=np.asarray(table.geometry.array), crs=crs)
    return frame.sort_values(spec.key, kind="stable", ignore_index=True)
