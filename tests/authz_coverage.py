"""Rows of the table of who may do what: cameras, reach, units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.authz_rows import OFFICE, Row, row

NOTHING_TO_UNDO = 409
"""Rules of coverage that were never changed have none before them; that this is said shows that one came in."""
SAME_RULES: Mapping[str, Any] = {"json": {"settings": {}}, "headers": {"If-Match": '"cameras-0"'}}
SAME_REACH: Mapping[str, Any] = {"json": {"settings": {}}, "headers": {"If-Match": '"reach-0"'}}

COVERAGE: dict[tuple[str, str], Row] = {
    ("GET", "/v1/cameras"): row(OFFICE, 200, 404, "/v1/cameras?plan={plan}"),
    ("GET", "/v1/cameras/features"): row(OFFICE, 200, 404, "/v1/cameras/features?what=cameras&plan={plan}"),
    ("POST", "/v1/cameras/what-if"): row(
        OFFICE, 200, 404, "/v1/cameras/what-if", json={"plan": "{plan}", "add": [{"grid": "{grid}"}]}
    ),
    ("GET", "/v1/cameras/compare"): row(OFFICE, 200, 404, "/v1/cameras/compare?plan={plan}&other={plan}"),
    ("GET", "/v1/cameras/settings"): row(OFFICE, 200, 404, "/v1/cameras/settings?plan={plan}"),
    ("PUT", "/v1/cameras/settings"): row("planner", 200, 404, "/v1/cameras/settings?plan={plan}", **SAME_RULES),
    ("POST", "/v1/cameras/settings/undo"): row(
        "planner", NOTHING_TO_UNDO, 404, "/v1/cameras/settings/undo?plan={plan}"
    ),
    ("POST", "/v1/cameras/proposals"): row(
        OFFICE, 200, 404, "/v1/cameras/proposals", json={"plan": "{plan}", "add": 1, "grids": ["{grid}"]}
    ),
    ("GET", "/v1/cameras/proposals"): row(OFFICE, 200, 404, "/v1/cameras/proposals?plan={plan}"),
    ("GET", "/v1/cameras/proposals.xlsx"): row(OFFICE, 200, 404, "/v1/cameras/proposals.xlsx?plan={plan}"),
    ("GET", "/v1/cameras/proposals.geojson"): row(OFFICE, 200, 404, "/v1/cameras/proposals.geojson?plan={plan}"),
    ("PUT", "/v1/cameras/proposals/{id}"): row(
        "planner",
        200,
        404,
        "/v1/cameras/proposals/pole@090",
        content='{{"plan": "{plan}", "verdict": "refused", "lon": {lon}, "lat": {lat}}}',
        headers={"Content-Type": "application/json"},
    ),
    ("DELETE", "/v1/cameras/proposals/{id}"): row(
        "planner", 204, 404, "/v1/cameras/proposals/{new_decision}?plan={plan}"
    ),
    ("GET", "/v1/reach"): row(f"{OFFICE} dispatcher", 200, 404, "/v1/reach?plan={plan}"),
    ("GET", "/v1/reach/features"): row(
        f"{OFFICE} dispatcher", 200, 404, "/v1/reach/features?what=streets&rule=30&plan={plan}"
    ),
    ("GET", "/v1/reach/arrival"): row(
        f"{OFFICE} dispatcher", 200, 404, "/v1/reach/arrival?lon={lon}&lat={lat}&plan={plan}"
    ),
    ("GET", "/v1/reach/settings"): row(OFFICE, 200, 404, "/v1/reach/settings?plan={plan}"),
    ("PUT", "/v1/reach/settings"): row("planner", 200, 404, "/v1/reach/settings?plan={plan}", **SAME_REACH),
    ("POST", "/v1/reach/settings/undo"): row("planner", NOTHING_TO_UNDO, 404, "/v1/reach/settings/undo?plan={plan}"),
    ("POST", "/v1/reach/posts"): row(
        OFFICE, 200, 404, "/v1/reach/posts", json={"plan": "{plan}", "rule": "30", "add": 1}
    ),
    ("POST", "/v1/units/nearest"): row(
        f"{OFFICE} dispatcher",
        200,
        404,
        "/v1/units/nearest",
        content='{{"plan": "{plan}", "lon": {lon}, "lat": {lat}, "units": []}}',
        headers={"Content-Type": "application/json"},
    ),
}
