"""A route as GPX 1.1: ``rte`` with a point for every turn and place, ``trk`` with the exact line.

The line carries no times: a file with times is a recorded track, and a planned route must never pass for one.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import shapely
from gpxpy.gpx import GPX, GPXRoute, GPXRoutePoint, GPXTrack, GPXTrackPoint, GPXTrackSegment

from gis.readers.gpx import PLANNER
from maps.patrol.datum import Datum, clean, degrees, file_name, title, write_whole
from maps.patrol.turns import about, end_point, starts, turn_rows
from maps.patrol.words import length_text, patrol_words
from partition.patrol.itinerary import Itinerary


def write_gpx(itinerary: Itinerary, folder: Path, *, language: str = "zh", datum: Datum = "wgs84") -> Path:
    """Write a route as GPX 1.1 into a folder; returns the file, whose name tells the datum.

    Raises
    ------
    StorageError
        ``patrol_file_not_written``.
    """
    content = render_gpx(itinerary, language=language, datum=datum)
    return write_whole(content, Path(folder) / file_name(itinerary, "gpx", datum))


def render_gpx(itinerary: Itinerary, *, language: str = "zh", datum: Datum = "wgs84") -> bytes:
    """The file of `write_gpx` as bytes; the same route gives the same bytes."""
    file = GPX()
    file.creator = PLANNER
    file.name = patrol_words(language)["list_title"].format(id=title(itinerary, datum))
    file.description = about(itinerary, language, datum)
    file.keywords = ", ".join(k for k in (clean(itinerary.grid), itinerary.mode.value, datum) if k)
    file.routes.append(_route(itinerary, language, datum, file.description))
    file.tracks.append(_track(itinerary, datum, file.description))
    text: str = file.to_xml("1.1")
    return text.encode() + b"\n"


def _route(itinerary: Itinerary, language: str, datum: Datum, description: str) -> GPXRoute:
    words = patrol_words(language)
    route = GPXRoute(title(itinerary, datum), description, itinerary.patroller)
    route.type = itinerary.mode.value
    rows = turn_rows(itinerary, language)
    moment = starts(itinerary)
    shapes = degrees(itinerary, datum, *([end_point(itinerary)] if rows else []))
    seconds = [leg.start_s for leg in itinerary.legs]
    seconds += [itinerary.legs[-1].start_s + itinerary.legs[-1].seconds] if rows else []
    for row, shape, at_s in zip(rows, shapes, seconds, strict=True):
        lon, lat = shapely.get_coordinates(shape)[0].tolist()
        length = length_text(row.length_m, words) if row.length_m else ""
        point = GPXRoutePoint(lat, lon, name=" ".join(t for t in (f"{row.number}", row.turn, row.street, length) if t))
        if moment is not None:
            point.time = moment.astimezone(UTC) + timedelta(seconds=round(at_s))
        point.description = f"{row.at} {row.text}"
        point.type = row.kind
        route.points.append(point)
    return route


def _track(itinerary: Itinerary, datum: Datum, description: str) -> GPXTrack:
    track = GPXTrack(title(itinerary, datum), description, itinerary.patroller)
    track.type = itinerary.mode.value
    segment = GPXTrackSegment()
    before: list[float] | None = None
    for leg, shape in zip(itinerary.legs, degrees(itinerary, datum), strict=True):
        for lon, lat in shapely.get_coordinates(shape).tolist() if leg.kind != "dwell" else []:
            if [lon, lat] != before:
                segment.points.append(GPXTrackPoint(lat, lon))
            before = [lon, lat]
    track.segments.append(segment)
    return track
