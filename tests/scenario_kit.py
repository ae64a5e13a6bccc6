"""For tests of scenarios at the planner's desk: copies of a plan, and lawful moves in them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.plan_desk_kit import ServedDesk


def post(served: ServedDesk, path: str, body: dict[str, Any], **headers: str) -> Any:
    answer = httpx.post(f"{served.address}{path}", json=body, headers=headers, timeout=120)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def fork(served: ServedDesk, name: str, parent: str = "") -> str:
    return str(post(served, "/v1/plans", {"parent": parent or served.plan, "name": name})["id"])


def move_some(served: ServedDesk, plan: str, wanted: int = 2) -> list[dict[str, Any]]:
    """Lawful moves of pieces with homes, as the service took them."""
    made: list[dict[str, Any]] = []
    for community in served.get(f"/v1/plans/{plan}/sheet")["communities"]:
        told = served.get(f"/v1/plans/{plan}/atoms", community=community["code"])["features"]
        for piece in told:
            for grid in sorted({one["properties"]["grid"] for one in told} - {piece["properties"]["grid"]}):
                if len(made) == wanted or not piece["properties"]["households"] or piece["properties"]["estate"]:
                    continue
                body = {"kind": "move", "atoms": [piece["id"]], "grid": grid}
                etag = served.card(plan)["etag"]
                path = f"{served.address}/v1/plans/{plan}/moves"
                answer = httpx.post(path, json=body, headers={"If-Match": etag}, timeout=120)
                if answer.status_code == 201:
                    made.append(answer.json())
    assert len(made) == wanted
    return made
