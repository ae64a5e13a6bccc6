"""Vector tiles of the collections, and what a map has to know to ask for them (TileJSON)."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.http.openapi import responses
from api.http.settings import MIB
from api.i18n import sentence
from api.ogc import schemas
from api.ogc.encoding import is_known
from api.ogc.figures import extent_of
from api.ogc.kept import Kept
from api.ogc.links import TILE, address, base_of
from api.ogc.parameters import LANGUAGE
from api.routes.acts import language_of, settings_of, store_of
from api.routes.ogc import CollectionName, ReaderOf, answered
from data.store.rooms.collections import COLLECTIONS, TILE_LAYOUT
from data.store.rooms.windows import Interval
from gis.errors import NotFound

router = APIRouter(tags=["tiles"])

MAX_ZOOM = 22
_USEFUL_ZOOM = 16  # from here on tiles hold everything exactly; maps enlarge them
_KEPT_SECONDS = 60
_KEPT_BYTES = 32 * MIB  # a few hundred tiles: those of low zooms take long and are asked for by everybody

_Zoom = Annotated[int, Path(ge=0, le=MAX_ZOOM, description="Zoom")]
_Column = Annotated[int, Path(ge=0, lt=2**MAX_ZOOM, description="Column, from the west")]
_Row = Annotated[int, Path(ge=0, lt=2**MAX_ZOOM, description="Row, from the north")]


class Tile(Response):
    """An answer with a vector tile."""

    media_type = TILE


@router.get(
    "/tiles/{collection}.json",
    summary="What a map has to know of the tiles of a collection",
    response_model=None,
    responses={**schemas.answer(schemas.TILEJSON, "TileJSON 3.0"), **responses(404)},
    openapi_extra={"parameters": [LANGUAGE]},
)
def show_tilejson(request: Request, caller: ReaderOf, collection: CollectionName) -> Response:
    """Gives the address of the tiles, their zooms, bounds and fields."""
    with store_of(request).read(caller.jurisdiction) as tx:
        extent = extent_of(request.app, tx, collection)
    known, language = COLLECTIONS[collection], language_of(request)
    template = address(base_of(request), "tiles", collection) + "/{z}/{x}/{y}.mvt"
    about = sentence(f"ogc_about_{collection}", {}, language)
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": sentence(f"ogc_title_{collection}", {}, language),
        "description": about,
        "tiles": [template],
        "minzoom": known.detail.min_zoom,
        "maxzoom": _USEFUL_ZOOM,
        "vector_layers": [{"id": collection, "description": about, "fields": dict.fromkeys(known.detail.fields, "")}],
    }
    if extent.bbox is not None:
        document["bounds"] = list(extent.bbox)
    return answered(request, document, by_language=True)


@router.get(
    "/tiles/{collection}/{z}/{x}/{y}.mvt",
    summary="A vector tile",
    response_class=Tile,
    response_model=None,
    responses={**schemas.answer({"type": "string", "format": "binary"}, "The tile", TILE), **responses(404)},
)
def show_tile(
    request: Request, caller: ReaderOf, collection: CollectionName, z: _Zoom, x: _Column, y: _Row
) -> Response:
    """Gives the features of a collection in one tile (Web Mercator), simplified to the zoom.

    Below a zoom of its own a collection shows one point a cell, with the number of `features` in it.
    """
    if max(x, y) >= 2**z:
        raise NotFound("tile_unknown", measured=f"{z}/{x}/{y}", allowed=2**z - 1)
    now = settings_of(request).now()
    with store_of(request).read(caller.jurisdiction) as tx:
        state = tx.features.state(collection, Interval.at(now))
        etag = f'"{hashlib.blake2b(f"{TILE_LAYOUT}/{state}/{z}/{x}/{y}".encode(), digest_size=12).hexdigest()}"'
        headers = {
            "ETag": etag,
            "Cache-Control": f"private, max-age={_KEPT_SECONDS}",
            "Vary": "Authorization, Cookie",
        }
        if is_known(etag, request.headers.get("if-none-match")):
            return Response(status_code=304, headers=headers)
        kept = _kept(request).get(etag, lambda: tx.features.tile(collection, z, x, y, now=now))
    return Tile(kept, headers=headers)


def _kept(request: Request) -> Kept:
    state = request.app.state
    if not hasattr(state, "kept_tiles"):
        state.kept_tiles = Kept(_KEPT_BYTES)
    kept: Kept = state.kept_tiles
    return kept
