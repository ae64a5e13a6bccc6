"""A route as KML 2.2: a line for every leg, a pin for every place and for both ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import shapely

from maps.patrol.datum import DECIMALS, Datum, degrees, file_name, title, write_whole
from maps.patrol.turns import about, end_point, turn_rows
from maps.patrol.words import patrol_words
from partition.patrol.itinerary import Itinerary

NAMESPACE = "http://www.opengis.net/kml/2.2"

_STYLES = {"inspect": ("ff9c4f0b", "5"), "deadhead": ("ff3a00b0", "2")}
"""Colour as KML writes it (alpha, blue, green, red) and width: KML knows no dashes, so a deadhead is thin."""


def write_kml(itinerary: Itinerary, folder: Path, *, language: str = "zh", datum: Datum = "wgs84") -> Path:
    """Write a route as KML into a folder; returns the file, whose name tells the datum.

    Raises
    ------
    StorageError
        ``patrol_file_not_written``.
    """
    content = render_kml(itinerary, language=language, datum=datum)
    return write_whole(content, Path(folder) / file_name(itinerary, "kml", datum))


def render_kml(itinerary: Itinerary, *, language: str = "zh", datum: Datum = "wgs84") -> bytes:
    """The file of `write_kml` as bytes; the same route gives the same bytes."""
    words = patrol_words(language)
    root = ET.Element("kml", {"xmlns": NAMESPACE})
    document = ET.SubElement(root, "Document")
    _text(document, "name", words["list_title"].format(id=title(itinerary, datum)))
    _text(document, "description", about(itinerary, language, datum))
    for kind, (colour, width) in _STYLES.items():
        style = ET.SubElement(ET.SubElement(document, "Style", {"id": kind}), "LineStyle")
        _text(style, "color", colour)
        _text(style, "width", width)
    rows = turn_rows(itinerary, language)
    shapes = degrees(itinerary, datum, *([end_point(itinerary)] if rows else []))
    for row, shape in zip(rows, shapes, strict=True):
        mark = ET.SubElement(document, "Placemark", {"id": f"leg-{row.number}"})
        _text(mark, "name", " ".join(t for t in (f"{row.number}", row.turn, row.street) if t))
        _text(mark, "description", f"{row.at} {row.text}")
        if row.kind in _STYLES:
            _text(mark, "styleUrl", f"#{row.kind}")
        is_line = shapely.get_dimensions(shape) == 1
        _shape(mark, "LineString" if is_line else "Point", shape)
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _shape(parent: ET.Element, tag: str, shape: Any) -> None:
    node = ET.SubElement(parent, tag)
    if tag == "LineString":
        _text(node, "tessellate", "1")
    pairs = shapely.get_coordinates(shape).tolist()
    _text(node, "coordinates", " ".join(f"{lon:.{DECIMALS}f},{lat:.{DECIMALS}f}" for lon, lat in pairs))


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text
