"""Names while one types: prefixes, pinyin and its initials; after a whole name the numbers it has."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.routes.access import Caller, allow_signed_in
from api.routes.lookup import books_of, without_words

router = APIRouter(tags=["lookup"])
_SIGNED_IN = Depends(allow_signed_in())
MOST = 20


class Suggestion(BaseModel):
    """A name that may be meant."""

    text: str = Field(description="What to look up, or to go on typing from")
    kind: Literal["district", "town", "community", "street", "estate", "building", "door"]
    context: str = Field(description="Where it lies, to tell it from others of its name")
    n_buildings: int = Field(ge=0)
    lon: float | None
    lat: float | None


class Suggestions(BaseModel):
    """Names that may be meant, best first."""

    suggestions: list[Suggestion] = Field(max_length=MOST)


@router.get("/v1/suggest", summary="Names while one types")
async def suggest(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="The start of a name, its pinyin, or the initials of that")],
    limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
    caller: Caller = _SIGNED_IN,
) -> Suggestions:
    """Completes names of the territory's own addresses; only of those that the account may see."""
    books = books_of(request.app)
    shelf = books.current(caller.jurisdiction) or await run_in_threadpool(books.ask_current, caller.jurisdiction)

    def search() -> list[tuple[int, Any]]:
        with without_words():
            return [ranked for index in shelf.indexes for ranked in enumerate(index.suggest(q, limit))]

    found = await books.run(search)
    found.sort(key=lambda ranked: (ranked[0], -ranked[1].n_buildings))  # the first of every county, then the second
    return Suggestions(
        suggestions=[
            Suggestion(
                text=one.text,
                kind=one.kind,
                context=one.context,
                n_buildings=one.n_buildings,
                lon=one.lon,
                lat=one.lat,
            )
            for _, one in found[:limit]
        ]
    )
