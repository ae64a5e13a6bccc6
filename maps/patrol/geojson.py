"""A route as GeoJSON (RFC 7946): one feature a leg, in order.

The GCJ-02 variant has the same form but is no RFC 7946: it says so in ``datum`` and ``note`` of the collection and
in ``datum`` of every feature.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shapely

from maps.patrol.datum import Datum, clean, degrees, file_name, title, write_whole
from maps.patrol.turns import facts, turn_rows
from maps.patrol.words import patrol_words
from partition.patrol.itinerary import Itinerary


def write_geojson(itinerary: Itinerary, folder: Path, *, language: str = "zh", datum: Datum = "wgs84") -> Path:
    """Write a route as GeoJSON into a folder; returns the file, whose name tells the datum.

    Raises
    ------
    StorageError
        ``patrol_file_not_written``.
    """
    content = render_geojson(itinerary, language=language, datum=datum)
    return write_whole(content, Path(folder) / file_name(itinerary, "geojson", datum))


def render_geojson(itinerary: Itinerary, *, language: str = "zh", datum: Datum = "wgs84") -> bytes:
    """The file of `write_geojson` as bytes; the same route gives the same bytes."""
    collection = route_features(itinerary, language=language, datum=datum)
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1).encode() + b"\n"


def route_features(itinerary: Itinerary, *, language: str = "zh", datum: Datum = "wgs84") -> dict[str, Any]:
    """The route as a FeatureCollection of plain data, with what is known of the route as a whole beside it."""
    words = patrol_words(language)
    features = leg_features(itinerary, language=language, datum=datum)
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if features:
        bounds = shapely.total_bounds(degrees(itinerary, datum))
        collection["bbox"] = [float(v) for v in bounds]
    return collection | {
        "name": title(itinerary, datum),
        "datum": datum,
        "note": f"{words['planned']} {words[f'datum_{datum}']}",
        "about": facts(itinerary, language),
        "route": route_facts(itinerary),
        "features": features,
    }


def route_facts(itinerary: Itinerary) -> dict[str, Any]:
    """The figures of a route as a whole, as plain data."""
    return {
        "id": clean(itinerary.id),
        "grid": clean(itinerary.grid),
        "patroller": itinerary.patroller,
        "n_patrollers": itinerary.n_patrollers,
        "mode": itinerary.mode.value,
        "length_m": round(itinerary.length_m, 1),
        "required_m": round(itinerary.required_m, 1),
        "deadhead_m": round(itinerary.deadhead_m, 1),
        "minutes": round(itinerary.minutes, 1),
        "lower_bound_m": round(itinerary.lower_bound_m, 1),
        "unreachable_m": round(itinerary.unreachable_m, 1),
        "plan_id": clean(itinerary.plan_id),
        "shift": clean(itinerary.shift),
        "post": clean(itinerary.post),
        "starts_at": itinerary.starts_at,
        "is_closed": itinerary.is_closed,
    }


def leg_features(itinerary: Itinerary, *, language: str = "zh", datum: Datum = "wgs84") -> list[dict[str, Any]]:
    """One feature a leg.

    ``start_s`` (time of arrival at its beginning) and ``start_m`` count from the beginning of the route,
    ``end_km`` is what has been covered at its end.  A dwell is a point.
    """
    shapes = shapely.to_geojson(degrees(itinerary, datum))
    features = []
    for leg, row, shape in zip(itinerary.legs, turn_rows(itinerary, language), shapes):
        features.append(
            {
                "type": "Feature",
                "id": leg.number,
                "geometry": json.loads(shape),
                "properties": {
                    "number": leg.number,
                    "kind": leg.kind,
                    "turn": leg.turn,
                    "name": clean(leg.name),
                    "road_class": clean(leg.road_class),
                    "link_ids": [clean(link) for link in leg.link_ids],
                    "bearing_deg": round(leg.bearing_deg, 1),
                    "mode": itinerary.mode.value,
                    "length_m": round(leg.length_m, 1),
                    "required": leg.kind == "inspect",
                    "deadhead": leg.kind == "deadhead",
                    "seconds": round(leg.seconds, 1),
                    "start_s": round(leg.start_s, 1),
                    "start_m": round(leg.start_m, 1),
                    "end_km": round((leg.start_m + leg.length_m) / 1000, 4),
                    "turns_back": leg.turns_back,
                    "other_side": leg.other_side,
                    "place_id": clean(leg.place_id),
                    "at": row.at,
                    "text": row.text,
                    "datum": datum,
                },
            }
        )
    return features
