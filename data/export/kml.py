"""KML 2.2: one folder a layer, outlines by kind, every attribute as data with its type; codes are text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.export.geojson import plain_rows, rings

_KML = "http://www.opengis.net/kml/2.2"
# aabbggrr: outline and fill; the hues differ in lightness as well, so that they tell apart without colour.
_STYLES: Mapping[str, tuple[str, str, str]] = {
    "standard": ("ff7a4a1f", "4dd8a860", "1.5"),
    "dedicated": ("ff0055cc", "6600a5ff", "2"),
    "rural": ("ff2f6b2f", "4d70c080", "1.5"),
    "communities": ("ff303030", "00ffffff", "3"),
}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_kml(path: Path, layers: Mapping[str, gpd.GeoDataFrame], *, name: str, facts: Mapping[str, str]) -> None:
    """Write layers that `data.export.degrees` has prepared.

    Parameters
    ----------
    path
        File to write.
    layers
        Layer name to polygons in WGS 84, in order.
    name
        Name of the document.
    facts
        Data of the document, for example the plan version.
    """
    root = Xml.Element("kml", xmlns=_KML)
    document = _add(root, "Document")
    _add(document, "name", name)
    for style, (line, fill, width) in _STYLES.items():
        drawn = _add(document, "Style", id=style)
        border = _add(drawn, "LineStyle")
        _add(border, "color", line)
        _add(border, "width", width)
        _add(_add(drawn, "PolyStyle"), "color", fill)
    for layer, table in layers.items():
        schema = _add(document, "Schema", name=layer, id=f"schema-{layer}")
        for column in _columns(table):
            _add(schema, "SimpleField", type=_type(table[column]), name=column)
    data = _add(document, "ExtendedData")
    for key, value in facts.items():
        _add(_add(data, "Data", name=key), "value", value)
    for layer, table in layers.items():
        folder = _add(document, "Folder")
        _add(folder, "name", layer)
        for row, shape in zip(plain_rows(table), np.asarray(table.geometry.array)):
            _place(folder, layer, row, shape)
    Xml.indent(root, " ")
    path.write_bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _place(folder: Xml.Element, layer: str, row: Mapping[str, Any], shape: Any) -> None:
    mark = _add(folder, "Placemark", id=f"{layer}-{row['code']}")
    _add(mark, "name", row.get("name") or row["code"])
    style = row.get("kind") if layer == "grids" and row.get("kind") in _STYLES else layer
    if style in _STYLES:
        _add(mark, "styleUrl", f"#{style}")
    values = _add(_add(mark, "ExtendedData"), "SchemaData", schemaUrl=f"#schema-{layer}")
    for column, value in row.items():
        if value is not None:
            text = str(int(value)) if isinstance(value, bool) else value
            _add(values, "SimpleData", text, name=column)
    parts = shape.geoms if shape.geom_type == "MultiPolygon" else [shape]
    place = _add(mark, "MultiGeometry") if len(parts) > 1 else mark
    for part in parts:
        _polygon(place, part)


def _polygon(place: Xml.Element, part: shapely.Polygon) -> None:
    polygon = _add(place, "Polygon")
    for position, ring in enumerate(rings(part)):
        border = _add(polygon, "innerBoundaryIs" if position else "outerBoundaryIs")
        _add(_add(border, "LinearRing"), "coordinates", " ".join(f"{_degrees(x)},{_degrees(y)}" for x, y in ring))


def _degrees(value: float) -> str:
    return f"{value:.7f}".rstrip("0").rstrip(".")


def _columns(table: gpd.GeoDataFrame) -> list[str]:
    return [column for column in table.columns if column != table.geometry.name]


def _type(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "bool"
    if pd.api.types.is_integer_dtype(values):
        return "int"
    return "double" if pd.api.types.is_float_dtype(values) else "string"


def _add(parent: Xml.Element, tag: str, text: object = None, **attributes: str) -> Xml.Element:
    clean = {key: _NOT_XML.sub(" ", str(value)) for key, value in attributes.items()}
    child = Xml.SubElement(parent, tag, clean)
    if text is not None:
        child.text = _NOT_XML.sub(" ", str(text))
    return child
