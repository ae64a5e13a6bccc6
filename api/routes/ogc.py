"""OGC API - Features Part 1 (Core, GeoJSON, OpenAPI 3.0): landing page, conformance, collections, features."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.openapi_30 import MEDIA_TYPE, openapi_30
from api.ogc import documents, schemas
from api.ogc.encoding import body_of, etag_of, features_of, is_known
from api.ogc.figures import count_of, extent_of
from api.ogc.links import GEOJSON, HTML, JSON, SCHEMA, Link, address, base_of, header_of, link
from api.ogc.parameters import (
    AFTER,
    BBOX,
    DATETIME,
    LANGUAGE,
    LIMIT,
    format_parameter,
    read_bbox,
    read_format,
    read_interval,
    read_limit,
)
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of, settings_of, store_of
from data.store.rooms.collections import COLLECTIONS, collection_of
from gis.errors import InputError

router = APIRouter(tags=["features"])

READERS = ("planner", "reviewer", "dispatcher", "patrol", "auditor")
"""Who reads the layers; ``lookup`` sees nothing but answers to look-ups."""
_F_JSON = format_parameter("json")
ReaderOf = Annotated[Caller, Depends(allow(*READERS))]
_Anyone = Annotated[Caller, Depends(allow_anyone())]
_Hidden = Annotated[str | None, Query(include_in_schema=False)]
CollectionName = Annotated[
    str, Path(description="Name of a collection", json_schema_extra={"enum": list(COLLECTIONS)}, max_length=100)
]
_FeatureId = Annotated[str, Path(description="Id of a feature, percent-encoded", max_length=500)]


class GeoJson(Response):
    """An answer with features."""

    media_type = GEOJSON


class Schema(Response):
    """An answer with a JSON Schema."""

    media_type = SCHEMA


@router.get(
    "/",
    summary="The start: links to everything",
    response_model=None,
    responses={
        200: {
            "description": "Links to the description, the conformance classes and the collections; for browsers a page",
            "content": {JSON: {"schema": schemas.LANDING}, HTML: {"schema": {"type": "string"}}},
        },
        303: {"description": "To the sign-in page, for browsers"},
        304: {"description": "The reader has it already (If-None-Match)"},
    },
    openapi_extra={"parameters": [format_parameter("json", "html"), LANGUAGE]},
)
async def show_landing(request: Request, caller: _Anyone, f: _Hidden = None) -> Response:
    """Gives links to everything else; a browser gets the page for people, where there is one."""
    formats = ("json", "html")
    wanted = read_format(f, formats)
    page: Callable[[Request], Awaitable[Response]] | None = getattr(request.app.state, "front_page", None)
    if wanted is None and page is not None:
        accept = request.headers.get("accept", "")
        wanted = "html" if preferred(accept, (JSON, HTML)) == HTML else "json"
    if wanted == "html" and page is not None:
        return await page(request)
    if wanted == "html":
        raise InputError("format_unknown", measured="html", allowed="json")
    document = documents.landing(base_of(request), language_of(request), has_html=page is not None)
    return answered(request, document, document["links"], by_language=True)


@router.get(
    "/conformance",
    summary="What the service conforms to",
    response_model=None,
    responses=schemas.answer(schemas.CONFORMANCE, "Conformance classes"),
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_conformance(request: Request, caller: _Anyone, f: _Hidden = None) -> Response:
    """Lists the classes of OGC API - Features that the service conforms to."""
    read_format(f, ("json",))
    return answered(request, documents.conformance())


@router.get(
    "/api",
    summary="This description in OpenAPI 3.0",
    response_model=None,
    responses={
        200: {
            "description": "An OpenAPI 3.0 document",
            "content": {MEDIA_TYPE: {"schema": {"type": "object"}}, JSON: {"schema": {"type": "object"}}},
        },
        304: {"description": "The reader has it already (If-None-Match)"},
    },
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_api(request: Request, caller: _Anyone, f: _Hidden = None) -> Response:
    """Gives the description of the service in OpenAPI 3.0.3."""
    read_format(f, ("json",))
    state = request.app.state
    if not hasattr(state, "openapi_30"):
        # The same for every reader and for as long as the service runs.
        document = openapi_30(request.app)
        # QGIS learns the largest page from here and not from the path.
        document.setdefault("components", {})["parameters"] = {each["name"]: each for each in (LIMIT, BBOX, DATETIME)}
        state.openapi_30 = document
    document = {**state.openapi_30, "servers": [{"url": base_of(request)}]}
    return answered(request, document, media_type=MEDIA_TYPE)


@router.get(
    "/collections",
    summary="The collections of features",
    response_model=None,
    responses=schemas.answer(schemas.COLLECTIONS, "All collections, each with its extent and links"),
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_collections(request: Request, caller: ReaderOf, f: _Hidden = None) -> Response:
    """Lists the collections with what they span of space and time, as far as the caller may see."""
    read_format(f, ("json",))
    base, language = base_of(request), language_of(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        told = [
            documents.collection_document(base, each, extent_of(request.app, tx, each.name), language)
            for each in COLLECTIONS.values()
        ]
    document = documents.collections_document(base, told, language)
    return answered(request, document, document["links"], by_language=True)


@router.get(
    "/collections/{collection}",
    summary="One collection",
    response_model=None,
    responses={**schemas.answer(schemas.COLLECTION, "The collection with its extent and links"), **responses(404)},
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_collection(request: Request, caller: ReaderOf, collection: CollectionName, f: _Hidden = None) -> Response:
    """Gives one collection, as it stands in the list of all."""
    read_format(f, ("json",))
    with store_of(request).read(caller.jurisdiction) as tx:
        extent = extent_of(request.app, tx, collection)
    document = documents.collection_document(base_of(request), COLLECTIONS[collection], extent, language_of(request))
    return answered(request, document, document["links"], by_language=True)


@router.get(
    "/collections/{collection}/schema",
    summary="Fields of a collection",
    response_class=Schema,
    response_model=None,
    responses={**schemas.answer({"type": "object"}, "A JSON Schema of the properties", SCHEMA), **responses(404)},
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_schema(request: Request, caller: ReaderOf, collection: CollectionName, f: _Hidden = None) -> Response:
    """Gives the names and types of the properties of the features."""
    read_format(f, ("json",))
    document = documents.schema_document(base_of(request), collection_of(collection), language_of(request))
    return answered(request, document, media_type=SCHEMA, by_language=True)


@router.get(
    "/collections/{collection}/items",
    summary="Features of a collection, page by page",
    response_class=GeoJson,
    response_model=None,
    responses={**schemas.features_answer(schemas.FEATURES, "One page of features"), **responses(404)},
    openapi_extra={"parameters": [LIMIT, BBOX, DATETIME, AFTER, _F_JSON, LANGUAGE]},
)
def show_items(
    request: Request,
    caller: ReaderOf,
    collection: CollectionName,
    limit: _Hidden = None,
    bbox: _Hidden = None,
    datetime: _Hidden = None,
    after: _Hidden = None,
    f: _Hidden = None,
) -> Response:
    """Gives features in a fixed order.

    Follow the link `next` to the end: nothing is missed or shown twice while others write, and grids stay those of
    the moment the first page was asked for.
    """
    read_format(f, ("json",))
    at_most, box, interval = read_limit(limit), read_bbox(bbox), read_interval(datetime)
    now = settings_of(request).now()
    with store_of(request).read(caller.jurisdiction) as tx:
        page = tx.features.page(collection, now=now, limit=at_most, after=after, box=box, interval=interval)
        if after is None and page.following is None:
            matched = len(page.ids)
        else:
            matched = count_of(request.app, tx, collection, now=now, box=box, interval=interval)
    here = address(base_of(request), "collections", collection)
    asked = dict(request.query_params.items())
    links: list[Link] = [
        link("self", _with_query(f"{here}/items", asked), GEOJSON),
        link("collection", here, JSON),
    ]
    if page.following is not None:
        further = {**asked, "limit": str(at_most), "after": page.following}
        if COLLECTIONS[collection].is_grids and interval is None:
            further["datetime"] = _said(now)
        links.append(link("next", _with_query(f"{here}/items", further), GEOJSON))
    document = {
        "type": "FeatureCollection",
        "numberMatched": matched,
        "numberReturned": len(page.ids),
        "links": links,
        "features": features_of(page),
    }
    return answered(request, document, links, media_type=GEOJSON, now=now)


@router.get(
    "/collections/{collection}/items/{feature:path}",
    summary="One feature",
    response_class=GeoJson,
    response_model=None,
    responses={**schemas.features_answer(schemas.FEATURE, "The feature"), **responses(404)},
    openapi_extra={"parameters": [_F_JSON, LANGUAGE]},
)
def show_item(
    request: Request, caller: ReaderOf, collection: CollectionName, feature: _FeatureId, f: _Hidden = None
) -> Response:
    """Gives one feature.

    Grids and communities are called by their code, other features by `county:id`, a grid of a plan that is no longer
    in force by `code@plan`.
    """
    read_format(f, ("json",))
    with store_of(request).read(caller.jurisdiction) as tx:
        page = tx.features.one(collection, feature, now=settings_of(request).now())
    here = address(base_of(request), "collections", collection)
    links = [
        link("self", address(here, "items", page.ids[0]), GEOJSON),
        link("collection", here, JSON),
    ]
    document = {**features_of(page)[0], "links": links}
    return answered(request, document, links, media_type=GEOJSON)


def answered(
    request: Request,
    document: dict[str, Any],
    links: list[Link] | None = None,
    *,
    media_type: str = JSON,
    by_language: bool = False,
    now: datetime | None = None,
) -> Response:
    """A document as an answer with its tag and links, or 304 for a reader who has it.

    Parameters
    ----------
    now
        Told as ``timeStamp``; the tag is of everything else.
    """
    etag = etag_of(body_of(document), is_weak=now is not None)
    headers = {"ETag": etag, "Vary": "Accept, Accept-Language, Authorization, Cookie"}
    if links:
        headers["Link"] = header_of(links)
    if by_language:
        headers["Content-Language"] = language_of(request)
    if is_known(etag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    if now is not None:
        document = {"timeStamp": _said(now), **document}
    return Response(body_of(document), headers=headers, media_type=media_type)


def _with_query(path: str, query: dict[str, str]) -> str:
    return address(path, **query)


def _said(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
