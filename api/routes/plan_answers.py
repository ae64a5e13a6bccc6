"""Plans for the reader: cards, steps, and what stands in the way of a stale change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from api.http.answers import problem
from api.i18n import sentence
from api.problems import fault_rows
from api.routes.acts import language_of
from api.routes.plan_schemas import (
    BrokenRuleOut,
    ChangeOut,
    CommunityOut,
    ConflictOut,
    EditOut,
    GridOut,
    MovedOut,
    PlanOut,
    StepOut,
    YoursOut,
)
from api.routes.repeats import etag_of
from data.store.rooms.history import Change
from data.store.rooms.life import NEXT
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.repeats import Answer

if TYPE_CHECKING:
    from api.usecases.edit_plan import Difference, Edited
    from data.store.rooms.edits import Step

_MOST_CHANGES = 100
_MOST_MEMBERS = 2_000
_SIDES = ("kind", "id", "before", "after")


def plan_out(card: PlanCard) -> PlanOut:
    """A plan."""
    columns = {name: getattr(card, name) for name in PlanOut.model_fields if hasattr(card, name)}
    etag = etag_of(card.id, card.revision)
    return PlanOut(**columns, etag=etag, steps=card.edit, next_states=list(NEXT[card.state]))  # type: ignore[arg-type]


def is_next(card: PlanCard, state: str) -> bool:
    """Whether somebody can put a plan into a state now."""
    return state in NEXT[card.state]


def answer(status: int, card: PlanCard | None, body: BaseModel | None, **headers: str) -> Answer:
    """An answer about a plan, with its ETag."""
    if card is not None:
        headers = {"ETag": etag_of(card.id, card.revision), "Cache-Control": "private, no-cache", **headers}
    return Answer(status, headers, b"" if body is None else body.model_dump_json().encode())


def respond(given: Answer) -> Response:
    """The same, not kept."""
    return Response(given.body, given.status, dict(given.headers), media_type="application/json")


def edit_out(edited: Edited, name: str, language: str) -> EditOut:
    """A step for the reader."""
    change = edited.change
    grids = [change.after.grids[code] for code in sorted(change.after.grids) if code in change.grids]
    rules = [row for code in sorted(change.after.violations) for row in change.after.violations[code]]
    detail = f"detail_{language}"
    return EditOut(
        plan=plan_out(edited.card),
        step=edited.card.edit,
        kind=change.kind,
        title=title_of(change.kind, name, {"grids": change.grids, "members": change.members}, language),
        moved=_moved(change.members),
        pieces=list(change.atoms),
        gone=sorted(set(change.before.grids) - set(change.after.grids)),
        grids=[GridOut(**{key: row[key] for key in GridOut.model_fields}) for row in grids],
        communities=[
            CommunityOut(**{key: row[key] for key in CommunityOut.model_fields})
            for _, row in sorted(change.after.communities.items())
        ],
        broken_rules=[
            BrokenRuleOut(code=row["code"], grid=row["grid"], detail=row[detail] or row["code"]) for row in rules
        ],
        ground=None if edited.ground is None else dict(edited.ground),
    )


def step_out(step: Step, in_effect: int, language: str) -> StepOut:
    """A step of the list."""
    return StepOut(
        number=step.number,
        kind=step.kind,
        title=title_of(step.kind, step.name, step.change, language),
        at=step.at,
        who=step.who,
        revision=step.revision,
        grids=list(step.change["grids"]),
        n_members=len(step.change["members"]),
        is_undone=step.number > in_effect,
        pieces=step.change.get("atoms"),
        came=step.change.get("came", []),
        went=step.change.get("went", []),
    )


def title_of(kind: str, name: str, change: Mapping[str, Any], language: str) -> str:
    """The name of a step or change, or what it does."""
    if name and kind not in ("undo", "redo", "rename"):
        return name
    grids, members = change.get("grids", []), change.get("members", [])
    _, _, before, after = members[0] if members else ("", "", "", "")
    facts = {
        "name": name,
        "measured": len(members),
        "grid": before if kind in ("dissolve", "split") else after,
        "grids": ", ".join(grids[:8]) + (" ..." if len(grids) > 8 else ""),
        "locks": ", ".join(change.get("locks", [])[:8]),
    }
    return sentence(f"step_{kind}", facts, language)


def conflict(request: Request, difference: Difference, faults: Any) -> Response:
    """412: what others changed since, and whether both edits fit."""
    language = language_of(request)
    card = difference.card
    shown = difference.theirs[-_MOST_CHANGES:]
    yours = None
    if difference.yours is not None or difference.faults:
        change = difference.yours
        yours = YoursOut(
            grids=[] if change is None else list(change.grids),
            members=[] if change is None else _moved(change.members),
            ground=None if difference.ground is None else dict(difference.ground),
            faults=fault_rows(difference.faults, language),
        )
    told = ConflictOut(
        etag=etag_of(card.id, card.revision),
        revision=card.revision,
        known_revision=difference.revision,
        mergeable=difference.is_disjoint,
        theirs=[change_out(change, language) for change in shown],
        more_changes=len(difference.theirs) - len(shown),
        yours=yours,
    )
    response = problem(request.scope, 412, *faults, headers={"ETag": told.etag})
    body = {**orjson.loads(response.body), **told.model_dump(mode="json")}
    return Response(orjson.dumps(body), 412, _kept(response.headers), media_type=response.media_type)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in ("content-length", "content-type")}


def change_out(change: Change, language: str) -> ChangeOut:
    """What one revision changed."""
    told = change.change
    return ChangeOut(
        revision=change.revision,
        kind=change.kind,
        title=title_of(change.kind, change.name, told, language),
        at=change.at,
        who=change.who,
        grids=list(told.get("grids", [])),
        members=_moved(told.get("members", [])),
        pieces=told.get("atoms"),
        ground=told.get("ground"),
    )


def _moved(members: Iterable[Sequence[str]]) -> list[MovedOut]:
    return [MovedOut(**dict(zip(_SIDES, row))) for row, _ in zip(members, range(_MOST_MEMBERS))]  # type: ignore[arg-type]
