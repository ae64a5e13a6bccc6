"""Rows of the table of who may do what: notes on plans, the history of a plan, links and what they open."""

from __future__ import annotations

from tests.authz_rows import ANYONE, OFFICE, Row, row

WRITERS = "planner reviewer"
OTHERS_NOTE = 403
"""Notes of these tests were written by the admin of everything; that this is said shows that one came in."""

NOTES: dict[tuple[str, str], Row] = {
    ("GET", "/v1/plans/{plan}/notes"): row(OFFICE, 200, 404, "/v1/plans/{plan}/notes"),
    ("GET", "/v1/plans/{plan}/notes.geojson"): row(OFFICE, 200, 404, "/v1/plans/{plan}/notes.geojson"),
    ("POST", "/v1/plans/{plan}/notes"): row(
        WRITERS, 201, 404, "/v1/plans/{plan}/notes", json={"lon": 120.5, "lat": 30.5, "text": "look"}
    ),
    ("POST", "/v1/plans/{plan}/notes/{note}/answers"): row(
        WRITERS, 201, 404, "/v1/plans/{plan}/notes/{new_note}/answers", json={"text": "yes"}
    ),
    ("PATCH", "/v1/plans/{plan}/notes/{note}"): row(
        WRITERS, 200, 404, "/v1/plans/{plan}/notes/{new_note}", json={"state": "settled"}
    ),
    ("DELETE", "/v1/plans/{plan}/notes/{note}"): row(
        WRITERS, {"admin": 200, "root": 200, "others": OTHERS_NOTE}, 404, "/v1/plans/{plan}/notes/{new_note}"
    ),
    ("GET", "/v1/plans/{plan}/history"): row(OFFICE, 200, 404, "/v1/plans/{plan}/history"),
    ("GET", "/v1/plans/{plan}/shares"): row(OFFICE, 200, 404, "/v1/plans/{plan}/shares"),
    ("POST", "/v1/plans/{plan}/shares"): row(WRITERS, 201, 404, "/v1/plans/{plan}/shares", json={}),
    ("DELETE", "/v1/plans/{plan}/shares/{share}"): row(WRITERS, 200, 404, "/v1/plans/{plan}/shares/{new_share}"),
    # Whoever holds a link sees that plan, wherever they may look else; nobody else's.
    ("GET", "/shared/{token}"): row(ANYONE, 200, 200, "/shared/{new_link}", is_link=True),
    ("GET", "/v1/shared/{token}"): row(ANYONE, 200, 200, "/v1/shared/{new_link}", is_link=True),
    ("GET", "/v1/shared/{token}/ground"): row(ANYONE, 200, 200, "/v1/shared/{new_link}/ground", is_link=True),
    ("GET", "/v1/shared/{token}/sheet"): row(ANYONE, 200, 200, "/v1/shared/{new_link}/sheet", is_link=True),
    ("GET", "/v1/shared/{token}/grids"): row(ANYONE, 200, 200, "/v1/shared/{new_link}/grids", is_link=True),
    ("GET", "/v1/shared/{token}/notes"): row(ANYONE, 200, 200, "/v1/shared/{new_link}/notes", is_link=True),
    ("GET", "/v1/shared/{token}/backdrop/{layer}"): row(
        ANYONE, 200, 200, "/v1/shared/{new_link}/backdrop/streets", is_link=True
    ),
    ("GET", "/v1/shared/{token}/compare"): row(ANYONE, 404, 404, "/v1/shared/{new_link}/compare", is_link=True),
}
