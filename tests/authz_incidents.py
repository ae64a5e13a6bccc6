"""Rows of the table of who may do what: incidents, units, the dispatcher's desk, statistics."""

from __future__ import annotations

from tests.authz_rows import Row, row

DESK = "planner reviewer dispatcher patrol auditor"
RECORDERS = "dispatcher patrol reviewer"
NOT_THEIRS = 409
"""The step of these tests is the dispatcher's; that this is said shows that one came in."""

_SWEEP = {"kind": "x", "began_at": "2026-10-06", "community": "{community}"}
_SWEEP |= dict.fromkeys(("vehicles", "people", "buildings", "problems"), 1)

INCIDENTS: dict[tuple[str, str], Row] = {
    ("POST", "/v1/incidents"): row(
        "dispatcher patrol",
        201,
        422,
        "/v1/incidents",
        content='{{"lon": {lon}, "lat": {lat}, "kind": "x"}}',
        headers={"Content-Type": "application/json"},
    ),
    ("GET", "/v1/incidents"): row(DESK, 200, 200, "/v1/incidents"),
    ("GET", "/v1/incidents.geojson"): row(DESK, 200, 200, "/v1/incidents.geojson"),
    ("GET", "/v1/incidents/board"): row(DESK, 200, 200, "/v1/incidents/board"),
    ("GET", "/v1/incidents/stream"): row(DESK, 200, 200, "/v1/incidents/stream?after=0&seconds=0"),
    ("GET", "/v1/incidents/{id}"): row(DESK, 200, 404, "/v1/incidents/{new_incident}"),
    ("GET", "/v1/incidents/{id}/history"): row(DESK, 200, 404, "/v1/incidents/{new_incident}/history"),
    ("PATCH", "/v1/incidents/{id}"): row("dispatcher", 200, 404, "/v1/incidents/{new_incident}", json={"priority": 1}),
    ("POST", "/v1/incidents/{id}/transitions"): row(
        "dispatcher patrol reviewer",
        {"patrol": NOT_THEIRS, "reviewer": NOT_THEIRS, "others": 200},
        404,
        "/v1/incidents/{new_incident}/transitions",
        json={"to": "assessed"},
    ),
    ("GET", "/v1/incidents/{id}/cap"): row(DESK, 200, 404, "/v1/incidents/{new_incident}/cap"),
    ("POST", "/v1/incidents/cap"): row(
        "dispatcher",
        201,
        422,
        "/v1/incidents/cap",
        content=(
            '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier><sender>s</sender>'
            "<sent>2026-01-01T08:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType>"
            "<scope>Public</scope><info><category>Other</category><event>x</event><urgency>Future</urgency>"
            "<severity>Minor</severity><certainty>Likely</certainty><area><areaDesc>x</areaDesc>"
            "<circle>{lat},{lon} 0</circle></area></info></alert>"
        ),
        headers={"Content-Type": "application/cap+xml"},
    ),
    ("POST", "/v1/incidents/import"): row(
        "dispatcher",
        200,
        200,
        "/v1/incidents/import?kind=x",
        content="lon,lat,time\n{lon},{lat},2026-01-01 08:00\n",
        headers={"Content-Type": "text/csv"},
    ),
    # units
    ("GET", "/v1/units"): row(DESK, 200, 200, "/v1/units"),
    ("GET", "/v1/units.geojson"): row(DESK, 200, 200, "/v1/units.geojson"),
    ("GET", "/v1/units/{id}"): row(DESK, 200, 404, "/v1/units/{new_unit}"),
    ("PUT", "/v1/units/{id}"): row(
        "dispatcher", 201, 409, "/v1/units/{name}", json={"name": "巡逻一组", "place": "{county}"}
    ),
    ("DELETE", "/v1/units/{id}"): row("dispatcher", 204, 404, "/v1/units/{new_unit}"),
    ("POST", "/v1/units/{id}/position"): row(
        "dispatcher patrol",
        200,
        404,
        "/v1/units/{new_unit}/position",
        content='{{"lon": {lon}, "lat": {lat}}}',
        headers={"Content-Type": "application/json"},
    ),
    ("POST", "/v1/units/positions"): row(
        "dispatcher patrol",
        200,
        200,
        "/v1/units/positions",
        content='{{"positions": [{{"unit": "{new_unit}", "lon": {lon}, "lat": {lat}}}]}}',
        headers={"Content-Type": "application/json"},
    ),
    ("POST", "/v1/units/{id}/status"): row(
        "dispatcher patrol", 200, 404, "/v1/units/{new_unit}/status", json={"status": "resting"}
    ),
    ("GET", "/v1/incidents/rules"): row(DESK, 200, 404, "/v1/incidents/rules?county={county}"),
    ("GET", "/v1/incidents/kinds"): row(DESK, 200, 200, "/v1/incidents/kinds"),
    ("PUT", "/v1/incidents/rules"): row(
        "reviewer",
        200,
        404,
        "/v1/incidents/rules?county={county}",
        json={"rules": {}},
        headers={"If-Match": '"rules-0"'},
    ),
    ("POST", "/v1/incidents/rules/undo"): row("reviewer", 409, 404, "/v1/incidents/rules/undo?county={county}"),
    ("GET", "/v1/incidents/duplicates"): row(DESK, 200, 404, "/v1/incidents/duplicates?incident={new_incident}"),
    ("GET", "/v1/red-flags"): row(DESK, 200, 200, "/v1/red-flags"),
    ("GET", "/v1/red-flags.geojson"): row(DESK, 200, 200, "/v1/red-flags.geojson"),
    ("GET", "/v1/red-flags/{flag}"): row(DESK, 200, 404, "/v1/red-flags/{new_flag}"),
    ("POST", "/v1/red-flags"): row(
        "dispatcher", 201, 404, "/v1/red-flags", json={"incident": "{new_incident}", "title": "{name}"}
    ),
    ("POST", "/v1/red-flags/many"): row(
        "dispatcher",
        201,
        404,
        "/v1/red-flags/many",
        json={"flags": [{"incident": "{new_incident}", "title": "{name}"}]},
    ),
    ("POST", "/v1/red-flags/{flag}/clear"): row(
        "dispatcher reviewer", 200, 404, "/v1/red-flags/{new_flag}/clear", json={"reason": "put right"}
    ),
    ("POST", "/v1/red-flags/{flag}/reopen"): row(
        "dispatcher reviewer", 409, 404, "/v1/red-flags/{new_flag}/reopen", json={"reason": "not put right"}
    ),
    # statistics
    ("GET", "/v1/statistics"): row(DESK, 200, 200, "/v1/statistics?by=kind"),
    ("GET", "/v1/statistics/ranking"): row(DESK, 200, 200, "/v1/statistics/ranking"),
    ("GET", "/v1/statistics/scorecards"): row(DESK, 200, 200, "/v1/statistics/scorecards?months=1"),
    ("GET", "/v1/statistics/hotspots"): row(DESK, 200, 200, "/v1/statistics/hotspots"),
    ("GET", "/v1/statistics/flags"): row(DESK, 200, 200, "/v1/statistics/flags"),
    ("GET", "/v1/statistics/summary"): row(DESK, 200, 200, "/v1/statistics/summary"),
    ("GET", "/v1/statistics/summary.{ending}"): row(DESK, 200, 200, "/v1/statistics/summary.csv"),
    ("GET", "/v1/incidents/map"): row(DESK, 200, 200, "/v1/incidents/map?from=2026-01-01&to=2026-12-31"),
    ("POST", "/v1/statistics/rates"): row(DESK, 200, 200, "/v1/statistics/rates", json={}),
    # sweeps
    ("GET", "/v1/sweeps"): row(DESK, 200, 200, "/v1/sweeps"),
    ("POST", "/v1/sweeps"): row(RECORDERS, 201, 422, "/v1/sweeps", json=_SWEEP),
    ("POST", "/v1/sweeps/many"): row(RECORDERS, 200, 200, "/v1/sweeps/many", json={"sweeps": [_SWEEP]}),
    ("GET", "/v1/sweeps/{id}"): row(DESK, 200, 404, "/v1/sweeps/{new_sweep}"),
    ("PATCH", "/v1/sweeps/{id}"): row(RECORDERS, 200, 404, "/v1/sweeps/{new_sweep}", json={"problems": 1}),
    ("DELETE", "/v1/sweeps/{id}"): row(RECORDERS, 200, 404, "/v1/sweeps/{new_sweep}"),
    ("POST", "/v1/sweeps/{id}/restore"): row(RECORDERS, 200, 404, "/v1/sweeps/{new_sweep}/restore"),
    # whom to send, and what lies around
    ("GET", "/v1/dispatch"): row(DESK, 200, 404, "/v1/dispatch?incident={new_incident}&wait_s=0"),
    ("POST", "/v1/dispatch"): row(
        "dispatcher", 200, 404, "/v1/dispatch", json={"incident": "{new_incident}", "unit": "{new_unit}"}
    ),
    ("GET", "/v1/incidents/{id}/surroundings"): row(DESK, 200, 404, "/v1/incidents/{new_incident}/surroundings"),
    ("GET", "/v1/surroundings"): row(DESK, 200, 400, "/v1/surroundings?lon={lon}&lat={lat}"),
}
