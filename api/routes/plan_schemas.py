"""What plans look like over HTTP: request bodies, answers, and the answer to a stale change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.http.answers import PROBLEM_TYPE
from api.http.openapi import also_describe
from api.http.schemas import Body, Line, Moment

State = Literal["draft", "submitted", "returned", "approved", "filed", "in_force", "superseded", "withdrawn"]
Step = Literal["submitted", "returned", "approved", "filed", "in_force", "withdrawn"]
MOST_GROUND = 20_000
"""Buildings, units or pieces of ground that one edit may name."""
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Revision = Annotated[int, Field(ge=1)]


class PlanOut(BaseModel):
    """A plan."""

    id: str
    name: str
    state: State
    revision: int = Field(description="Grows with every change")
    etag: str = Field(description="What a change of this plan sends as If-Match")
    territory: str
    county: str
    place: str = Field(description="What the codes of its communities share")
    parent: str | None
    content_id: str
    job: str | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    submitted_by: str | None
    approved_by: str | None
    effective_from: datetime | None
    effective_to: datetime | None
    steps: int = Field(description="Edits by hand that are in effect")
    next_states: list[State] = Field(description="States that somebody can put it into now")


class PlansOut(BaseModel):
    """Plans, the newest first."""

    plans: list[PlanOut]
    next: str | None = Field(description="What `after` must be for the following ones")


class ForkIn(Body):
    """A new draft, made from a plan."""

    parent: Annotated[str, Field(min_length=1, max_length=40)]
    name: Line | None = Field(None, description="That of the parent when omitted")
    at_revision: Revision | None = Field(
        None, description="Begin as the parent was at that revision; as it is now when omitted"
    )


class RenameIn(Body):
    """Another name."""

    name: Line


class MemberIn(Body):
    """A building or a ready-made unit."""

    kind: Literal["building", "unit"]
    id: Line


class GroundIn(Body):
    """Some ground.  A building stands for the whole piece of ground it lies in: a street block, an estate."""

    members: list[MemberIn] = Field(default_factory=list, max_length=MOST_GROUND)
    atoms: list[Line] = Field(default_factory=list, max_length=MOST_GROUND)


class _Edit(Body):
    name: Line | None = Field(None, description="What to call the step")


class MoveIn(GroundIn, _Edit):
    """Ground goes to a grid of the same community."""

    kind: Literal["move"]
    grid: Line


class NewIn(GroundIn, _Edit):
    """Ground becomes a grid; it gets the lowest number that was never issued in its community."""

    kind: Literal["new"]
    grid_name: Line | None = None


class DissolveIn(_Edit):
    """A grid falls to its neighbours, piece by piece to the one it touches longest."""

    kind: Literal["dissolve"]
    grid: Line


class MergeIn(_Edit):
    """Grids become one; the one named by `grid`, else the one with most households, keeps its code."""

    kind: Literal["merge"]
    grids: Annotated[list[Line], Field(min_length=2, max_length=100)]
    grid: Line | None = None


class SplitIn(_Edit):
    """A grid is cut into parts that hold all its members; the part with most households keeps the code."""

    kind: Literal["split"]
    grid: Line
    parts: Annotated[list[GroundIn], Field(min_length=2, max_length=100)]


class ShareIn(GroundIn):
    """Ground and where it is to be."""

    grid: Line = Field(description="Code of a grid, or `+1`, `+2` ... for new ones")


class AssignIn(_Edit):
    """Much ground goes to many grids at once, also in several communities; a grid that nothing is left of ends."""

    kind: Literal["assign"]
    shares: Annotated[list[ShareIn], Field(min_length=1, max_length=1_000)]


class AcceptIn(_Edit):
    """The answer of a finished solver run on this plan, as long as nobody touched the ground it is about."""

    kind: Literal["accept"]
    job: Line


EditIn = Annotated[MoveIn | NewIn | DissolveIn | MergeIn | SplitIn | AssignIn | AcceptIn, Field(discriminator="kind")]


class MovedOut(BaseModel):
    """A building or unit that went from one grid to another."""

    kind: Literal["building", "unit"]
    id: str
    before: str
    after: str


Piece = tuple[str, str, str]
"""A piece of ground, the grid it was in and the one it is in now."""


class BrokenRuleOut(BaseModel):
    """A rule that a grid breaks, with its sentence."""

    code: str
    grid: str | None
    detail: str


class GridOut(BaseModel):
    """A grid as an edit left it."""

    code: str
    name: str | None
    kind: str
    households: int
    population: int
    buildings: int
    area_m2: float
    within_band: bool
    reason: str | None


class CommunityOut(BaseModel):
    """What is known of a community after an edit."""

    code: str
    grids: int
    households: int
    feasible: str
    reason: str | None
    proof: str
    objective: float | None = Field(description="Cost as the solver counts; null where the plan is none it weighs")
    bound: float | None = Field(description="No lawful plan costs less; null where this plan is not lawful")
    gap_frac: float | None


class EditOut(BaseModel):
    """A step that was made, taken back or made again."""

    plan: PlanOut
    step: int = Field(description="Steps in effect now")
    kind: str
    title: str = Field(description="The step's name, or what it does")
    moved: list[MovedOut]
    pieces: list[Piece] = Field(description="Pieces of ground that moved: id, grid before, grid now")
    gone: list[str] = Field(description="Codes of grids that are no more")
    grids: list[GridOut] = Field(description="Grids that changed, as they are now")
    communities: list[CommunityOut]
    broken_rules: list[BrokenRuleOut] = Field(description="All of the communities that were touched")
    ground: dict[str, Any] | None = Field(description="The ground that moved: GeoJSON geometry, longitude and latitude")


class BriefGridOut(BaseModel):
    """A grid that a step made or gave up."""

    code: str
    name: str | None
    community: str
    kind: str
    reason: str | None
    parent: str | None


class StepOut(BaseModel):
    """One step made by hand."""

    number: int
    kind: str
    title: str
    at: datetime
    who: str
    revision: int
    grids: list[str]
    n_members: int
    is_undone: bool
    pieces: list[Piece] | None = Field(description="Pieces of ground that moved; null where nobody wrote them down")
    came: list[BriefGridOut] = Field(description="Grids that the step made")
    went: list[BriefGridOut] = Field(description="Grids that were given up")


class StepsOut(BaseModel):
    """Steps in their order."""

    steps: list[StepOut]
    in_effect: int = Field(description="Number of the last step in effect; 0 for none")
    next: int | None = Field(description="What `after` must be for the following ones")


class LocksIn(Body):
    """Locks: `CODE`, `community:CODE`, `estate:ID`, `building:ID`, `unit:ID`, `border:A+B`, `all`."""

    locks: Annotated[list[Line], Field(min_length=1, max_length=1000)]


class LocksOut(BaseModel):
    """The locks on a plan."""

    locks: list[str]


class StatusIn(Body):
    """A step of the plan's life."""

    state: Step
    effective_from: Moment | None = Field(
        None, description="With `in_force`: since when, with a time zone; now when omitted"
    )
    over_others: bool = Field(
        False, description="With `in_force`: also in place of a plan that this one was not made from"
    )
    reason: Reason | None = Field(None, description="Why, for the history of the plan; as the header X-Reason")


class StayOut(BaseModel):
    """A state the plan came into."""

    revision: int
    state: State
    at: datetime
    who: str
    reason: str | None


class ReignOut(BaseModel):
    """A plan in force in a community."""

    community: str
    valid_from: datetime
    valid_to: datetime | None


class StatusOut(BaseModel):
    """Where the plan is in its life, and where and when it is in force."""

    plan: PlanOut
    states: list[StayOut]
    reigns: list[ReignOut]


class ChangeOut(BaseModel):
    """What one revision changed."""

    revision: int
    kind: str
    title: str
    at: datetime
    who: str
    grids: list[str]
    members: list[MovedOut]
    pieces: list[Piece] | None = Field(
        None, description="Pieces of ground that moved; null where nobody wrote them down"
    )
    ground: dict[str, Any] | None


class ChangesOut(BaseModel):
    """What happened to a plan since a revision."""

    plan: PlanOut
    changes: list[ChangeOut] = Field(description="The oldest first")
    next: int | None = Field(description="What `after` must be for the following ones")


class YoursOut(BaseModel):
    """What the stale request would change in the plan as it is."""

    grids: list[str]
    members: list[MovedOut]
    ground: dict[str, Any] | None
    faults: list[dict[str, Any]] = Field(description="Why it can not be made any more; empty where it can")


class ConflictOut(BaseModel):
    """What a problem answer with status 412 holds besides."""

    etag: str = Field(description="The plan as it is now")
    revision: int
    known_revision: int
    mergeable: bool = Field(description="Nobody touched what it touches: send it again with X-Merge: disjoint")
    theirs: list[ChangeOut] = Field(description="What others changed since, the oldest first")
    more_changes: int = Field(description="Changes that are left out here, the oldest")
    yours: YoursOut | None


STALE: dict[int | str, dict[str, Any]] = {
    412: {
        "description": "The plan was changed since it was read; says by whom, where, and whether both edits fit",
        "content": {
            PROBLEM_TYPE: {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, also_describe(ConflictOut)]}}
        },
    }
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The reader has it already (If-None-Match)"}}
