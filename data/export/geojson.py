"""GeoJSON after RFC 7946: one collection a layer, one feature a line, codes as text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely


def write_geojson(path: Path, layer: str, table: gpd.GeoDataFrame, facts: Mapping[str, str]) -> None:
    """Write a layer that `data.export.degrees` has prepared.

    Parameters
    ----------
    path
        File to write.
    layer
        Name of the layer.
    table
        Polygons in WGS 84; the column ``code`` becomes the id of a feature as well.
    facts
        Foreign members of the collection, for example the plan version.
    """
    rows = plain_rows(table)
    lines = []
    for row, shape in zip(rows, np.asarray(table.geometry.array)):
        feature = {"type": "Feature", "id": row.get("code"), "properties": row, "geometry": _geometry(shape)}
        lines.append(_text(feature))
    head = _text({"type": "FeatureCollection", "name": layer, **facts})
    if len(table):
        head = head[:-1] + ',"bbox":' + _text([float(v) for v in table.total_bounds]) + "}"
    path.write_text(f'{head[:-1]},"features":[\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8", newline="\n")


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table without geometry as plain Python; what is missing, or no number, is ``None``."""
    if isinstance(table, gpd.GeoDataFrame):
        table = pd.DataFrame(table.drop(columns=table.geometry.name))
    columns = {column: [_plain(value) for value in table[column].tolist()] for column in table.columns}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
    """The rings of a polygon as lists of positions, the shell first."""
    return [shapely.get_coordinates(ring).tolist() for ring in (polygon.exterior, *polygon.interiors)]


def _geometry(shape: shapely.Polygon | shapely.MultiPolygon) -> dict[str, Any]:
    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": rings(shape)}
    return {"type": "MultiPolygon", "coordinates": [rings(part) for part in shape.geoms]}


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
