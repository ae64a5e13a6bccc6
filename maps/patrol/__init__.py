"""What a patrol leader receives: a route as GPX, GeoJSON, KML, as a turn list, and as a page to print."""

from maps.patrol.datum import DATUMS, Datum, file_name
from maps.patrol.geojson import leg_features, render_geojson, route_facts, route_features, write_geojson
from maps.patrol.gpx import render_gpx, write_gpx
from maps.patrol.kml import render_kml, write_kml
from maps.patrol.turns import TurnRow, turn_dicts, turn_rows, turn_text

__all__ = [
    "DATUMS",
    "Datum",
    "TurnRow",
    "file_name",
    "leg_features",
    "render_geojson",
    "render_gpx",
    "render_kml",
    "route_facts",
    "route_features",
    "turn_dicts",
    "turn_rows",
    "turn_text",
    "write_geojson",
    "write_gpx",
    "write_kml",
]
