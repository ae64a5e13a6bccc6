"""Patrols and tracks as answers: geometry in longitude and latitude, sentences in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.ops import substring

from api.i18n import sentence
from api.problems import Refusal
from api.usecases.patrol_desk import DeskPatrol
from api.usecases.patrol_summary import REASONS, grid_row, notes_of
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.tracks import TrackCard
from gis.report import QualityReport
from maps.features import DECIMALS, to_lonlat
from maps.patrol import Missed, MissedStreet, leg_features, route_facts
from partition.patrol.problem import Unreachable

_AROUND_M = 120.0
"""Streets this far around a grid and its routes are drawn beneath them."""
_WGS84 = CRS.from_epsg(4326)


def plan_out(card: PlanCard) -> dict[str, Any]:
    """Which version of which plan an answer is about."""
    return {
        "id": card.id,
        "name": card.name,
        "revision": card.revision,
        "state": card.state,
        "effective_from": card.effective_from.isoformat() if card.effective_from else None,
    }


def patrol_out(found: DeskPatrol, language: str) -> dict[str, Any]:
    """Routes, what they leave out and why, and the ground they are drawn on.

    Raises
    ------
    Refusal
        As `notes_on`.
    """
    question, ground, patrol = found.question, found.ground, found.patrol
    notes = notes_on(found, language)
    check = patrol.check
    return {
        "plan": plan_out(ground.card),
        "grid": question.grid,
        "mode": question.mode,
        "shift": found.itineraries[0].shift,
        "shift_minutes": question.shift_minutes,
        "routes": [
            {**route_facts(itinerary), "legs": leg_features(itinerary, language=language)}
            for itinerary in found.itineraries
        ],
        "required_m": round(check.required_m, 1),
        "covered_m": round(check.covered_m, 1),
        "unreachable_m": round(check.unreachable_m, 1),
        "covered_frac": round(check.covered_m / check.required_m, 5) if check.required_m else 1.0,
        "proof": patrol.result.proof,
        "unreachable": [_unreachable_out(found, out, language) for out in patrol.result.unreachable],
        "grid_geometry": _grid_geometry(found),
        "streets": _streets_around(found),
        "warnings": notes,
    }


def notes_on(found: DeskPatrol, language: str) -> list[dict[str, Any]]:
    """What a leader should know of a patrol that can be walked.

    Raises
    ------
    Refusal
        422 where nothing can be walked, with the reason; 500 ``patrol_routes_refused`` where the check found a fault.
    """
    grid, patrol = found.question.grid, found.patrol
    if not patrol.check.passed:
        raise Refusal(500, "patrol_routes_refused", id=grid, measured=str(patrol.check.faults[0]))
    left_out = {} if found.itineraries else {grid: _left_out(found)}
    notes = notes_of([grid_row(patrol, found.ground.land.network)], left_out, QualityReport(), language)
    if not found.itineraries:
        raise Refusal(422, notes[0]["code"], **notes[0]["facts"])
    return notes


def _left_out(found: DeskPatrol) -> dict[str, float]:
    """Metres of street in the grid that nobody patrols, by reason."""
    land = found.ground.land
    network, reason = land.network, land.beats.link_reason
    outline = shapely.buffer(found.ground.outline(found.question.grid), 3.0)
    middle = shapely.line_interpolate_point(network.geometry, 0.5, normalized=True)
    inside = shapely.contains_xy(outline, shapely.get_x(middle), shapely.get_y(middle))
    return {word: float(network.length_m[inside & (reason == code)].sum()) for code, word in REASONS.items()}


def _unreachable_out(found: DeskPatrol, out: Unreachable, language: str) -> dict[str, Any]:
    network, posed = found.ground.land.network, found.patrol.posed
    told = {"reason": out.reason, "detail": sentence(f"why_{out.reason}", {}, language)}
    if out.link < 0:
        row = int(posed.place[out.stop])
        place = found.ground.places[row]
        return {
            **told,
            "street": place.name or place.id,
            "length_m": 0.0,
            "geometry": _geojson(place.point, network.crs),
        }
    link = int(posed.link[out.link])
    line = substring(network.geometry[link], float(posed.from_m[out.link]), float(posed.to_m[out.link]))
    return {
        **told,
        "street": str(network.name[link] or ""),
        "length_m": round(float(posed.problem.length_m[out.link]), 1),
        "geometry": _geojson(line, network.crs),
    }


def _grid_geometry(found: DeskPatrol) -> Any:
    return _geojson(found.ground.outline(found.question.grid), found.ground.land.territory.crs)


def _streets_around(found: DeskPatrol) -> dict[str, Any]:
    land = found.ground.land
    streets = land.territory["streets"]
    shapes = [found.ground.outline(found.question.grid)]
    shapes += [leg.geometry for itinerary in found.itineraries for leg in itinerary.legs]
    x0, y0, x1, y1 = shapely.total_bounds(np.array([*shapes, None], dtype=object)[:-1])
    box = (x0 - _AROUND_M, y0 - _AROUND_M, x1 + _AROUND_M, y1 + _AROUND_M)
    rows = np.sort(found.ground.street_tree.query(shapely.box(*box)))
    clipped = shapely.clip_by_rect(np.asarray(streets.geometry.array)[rows], *box)
    lines = _rounded(to_lonlat(clipped, land.territory.crs))
    names, classes = streets["name"].to_numpy()[rows], streets["class"].to_numpy()[rows]
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(text),
            "properties": {"name": _text(name), "road_class": _text(road_class)},
        }
        for line, text, name, road_class in zip(lines, shapely.to_geojson(lines), names, classes)
        if not line.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


# -- tracks


def track_row(card: TrackCard) -> dict[str, Any]:
    """A track in a list."""
    planned, covered = card.planned_m, card.covered_m
    return {
        "id": card.id,
        "patrol": card.route,
        "plan": card.plan,
        "revision": card.revision,
        "grid": card.grid,
        "mode": card.mode,
        "date": card.day,
        "half": card.half,
        "received_at": card.received_at.isoformat(),
        "fixes": card.fixes,
        "used": card.used,
        "hours": card.hours,
        "km": card.km,
        "planned_km": round(planned / 1000, 4),
        "covered_km": round(covered / 1000, 4),
        "missed_km": round((planned - covered) / 1000, 4),
        "coverage_frac": round(covered / planned, 5) if planned > 0 else None,
    }


def track_out(card: TrackCard, report: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A track with everything that was found."""
    warnings = [
        {**warning, "message": sentence(warning["code"], warning["facts"], language)} for warning in report["warnings"]
    ]
    return {**report, **track_row(card), "warnings": warnings}


def missed_of(card: TrackCard, report: Mapping[str, Any]) -> Missed:
    """What a track left out, for the page to print."""
    streets = tuple(
        MissedStreet(row["street"], row["road_class"], float(row["length_m"]), _shape(row["geometry"]))
        for row in report["missed"]
    )
    blind = tuple(_shape(row["geometry"]) for row in report["blind"])
    return Missed(_WGS84, streets, blind, f"{card.day} {card.half}")


def _shape(geometry: Mapping[str, Any]) -> shapely.Geometry:
    return shapely.geometry.shape(geometry)


def _geojson(shape: shapely.Geometry | None, crs: CRS) -> Any:
    if shape is None or shape.is_empty:
        return None
    return json.loads(shapely.to_geojson(_rounded(to_lonlat(np.array([shape]), crs))[0]))


def _rounded(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    out: NDArray[np.object_] = shapely.transform(shapes, lambda xy: np.round(xy, DECIMALS))
    return out


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def posts_out(rows: Sequence[tuple[str, object, str]]) -> list[dict[str, str]]:
    """Posts to begin at."""
    return [{"id": id, "name": _text(name), "kind": kind} for id, name, kind in rows]
