"""What a look-up says over HTTP: one shape for points, addresses and codes, with its sentences.

Counts never: an answer holds codes, the address found and why, and nothing of who lives there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.i18n import sentence
from api.lookup_index import NOWHERE, GridIndex
from api.usecases.look_up_answers import Answer, Choice

Reason = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
_JOIN = {"zh": "", "en": " "}


class PlaceMeant(BaseModel):
    """An address, or the successor of a retired grid, that may be meant."""

    address: str | None
    building: str | None
    grid: str | None
    lon: float | None
    lat: float | None
    reasons: list[Reason] = Field(description="What differs from what was asked")
    detail: str | None = Field(description="The same in sentences")


class PlaceFound(BaseModel):
    """Where a point, an address or a code lies."""

    status: Literal["exact", "building", "street", "ambiguous", "not_found"]
    grid: str | None = Field(description="Given only where it is certain")
    name: str | None = Field(description="Name of the grid")
    community: str | None
    building: str | None = Field(description="Given only where it is certain")
    matched_text: str | None = Field(description="The address found, as the layer writes it")
    dropped_text: str | None = Field(description="What of the asked text was not used")
    confidence: float = Field(ge=0, le=1)
    plan: str | None
    lon: float | None
    lat: float | None
    reason: Reason | None = Field(description="The weightiest of `reasons`")
    reasons: list[Reason]
    detail: str | None = Field(description="The reasons in sentences")
    candidates: list[PlaceMeant] = Field(max_length=5, description="Best first")
    grids: list[str] = Field(description="Every grid it may lie in; one where the grid is certain")


class PlacesFound(BaseModel):
    """Where points or addresses lie, in the order they were given."""

    rows: list[PlaceFound]
    found: int = Field(description="Rows with a grid")
    not_found: int = Field(description="Rows without one")


def of_point(
    index: GridIndex, row: int, lon: float, lat: float, reason: str | None, facts: Mapping[str, Any], language: str
) -> dict[str, Any]:
    """What is said of a point."""
    grids = index.grids
    is_found = row != NOWHERE
    return {
        "status": "exact" if is_found else "not_found",
        "grid": grids.code[row] if is_found else None,
        "name": grids.name[row] if is_found else None,
        "community": grids.community[row] if is_found else None,
        "building": None,
        "matched_text": None,
        "dropped_text": None,
        "confidence": 1.0 if is_found else 0.0,
        "plan": grids.plan[row] if is_found else None,
        "lon": lon,
        "lat": lat,
        "reason": reason,
        "reasons": [reason] if reason else [],
        "detail": sentence(f"lookup_{reason}", facts, language) if reason else None,
        "candidates": [],
        "grids": [grids.code[row]] if is_found else [],
    }


def of_answer(answer: Answer, language: str) -> dict[str, Any]:
    """What is said of an address or a code."""
    return {
        "status": answer.status,
        "grid": answer.grid,
        "name": answer.name,
        "community": answer.community,
        "building": answer.building,
        "matched_text": answer.matched_text,
        "dropped_text": answer.dropped or None,
        "confidence": answer.confidence,
        "plan": answer.plan,
        "lon": answer.lon,
        "lat": answer.lat,
        "reason": answer.reason,
        "reasons": list(answer.reasons),
        "detail": detail(answer.reasons, answer.facts, language),
        "candidates": [_of_choice(choice, language) for choice in answer.candidates],
        "grids": list(answer.grids),
    }


def of_fault(reason: str, facts: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What is said of a row that can not be read."""
    return of_answer(Answer("", "not_found", reasons=(reason,), facts=facts), language)


def detail(reasons: Sequence[str], facts: Mapping[str, Any], language: str) -> str | None:
    """Reasons in sentences."""
    return _JOIN[language].join(sentence(f"address_{reason}", facts, language) for reason in reasons) or None


def _of_choice(choice: Choice, language: str) -> dict[str, Any]:
    return {
        "address": choice.address,
        "building": choice.building,
        "grid": choice.grid,
        "lon": choice.lon,
        "lat": choice.lat,
        "reasons": list(choice.reasons),
        "detail": detail(choice.reasons, {}, language),
    }
