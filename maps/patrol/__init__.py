"""What a patrol leader receives: a route as GPX, GeoJSON, KML, as a turn list, and as a page to print."""

from maps.patrol.datum import DATUMS, Datum, file_name
from maps.patrol.geojson import leg_features, render_geojson, route_facts, route_features, write_geojson
from maps.patrol.gpx import render_gpx, write_gpx
from maps.patrol.kml import render_kml, write_kml
from maps.patrol.missed import Missed, MissedStreet
from maps.patrol.page import render_patrol_page, survey, write_patrol_page
from maps.patrol.turns import TurnRow, turn_dicts, turn_rows, turn_text

__all__ = [
    "DATUMS",
    "Datum",
    "Missed",
    "MissedStreet",
    "TurnRow",
    "file_name",
    "leg_features",
    "render_geojson",
    "render_gpx",
    "render_kml",
    "render_patrol_page",
    "route_facts",
    "route_features",
    "survey",
    "turn_dicts",
    "turn_rows",
    "turn_text",
    "write_geojson",
    "write_gpx",
    "write_kml",
    "write_patrol_page",
]
