"""Rows of the table of who may do what: mergers, their trade-off, papers made by a job."""

from __future__ import annotations

from tests.authz_rows import BEHIND_THE_DOOR, OFFICE, Row, row

MERGERS: dict[tuple[str, str], Row] = {
    ("GET", "/v1/plans/{plan}/villages"): row(OFFICE, 200, 404, "/v1/plans/{plan}/villages"),
    ("GET", "/v1/plans/{plan}/merge"): row(OFFICE, 200, 404, "/v1/plans/{plan}/merge?villages={community}"),
    ("POST", "/v1/frontier"): row("planner", 202, 404, "/v1/frontier", json={"plan": "{plan}"}),
    ("GET", "/v1/jobs/{job}/points/{number}"): row(OFFICE, BEHIND_THE_DOOR, 404, "/v1/jobs/{job}/points/1"),
    ("POST", "/v1/jobs/{job}/choose"): row(
        "planner", BEHIND_THE_DOOR, 404, "/v1/jobs/{job}/choose", json={"weight": 1.0}
    ),
    ("POST", "/v1/plans/{plan}/papers"): row("planner reviewer", 202, 404, "/v1/plans/{plan}/papers", json={}),
    ("GET", "/v1/jobs/{job}/papers"): row(OFFICE, BEHIND_THE_DOOR, 404, "/v1/jobs/{job}/papers"),
}
