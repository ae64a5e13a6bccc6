"""The documents of OGC API - Features beside the features: landing page, conformance, collections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, Integer

from api.i18n import sentence
from api.ogc.links import GEOJSON, HTML, JSON, OPENAPI, SCHEMA, Link, address, link
from data.store.rooms.collections import Collection
from data.store.rooms.features import Extent
from data.store.shape import Moment

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
CLASSES = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "oas30", "geojson")
)
"""What we claim to conform to.  Not ``html``: only the landing page has a form for people."""


def landing(base: str, language: str, *, has_html: bool) -> dict[str, Any]:
    """The landing page."""
    links = [
        link("self", f"{base}/", JSON, sentence("ogc_this", {}, language)),
        link("service-desc", f"{base}/api", OPENAPI, sentence("ogc_description", {}, language)),
        link("conformance", f"{base}/conformance", JSON, sentence("ogc_conformance", {}, language)),
        link("data", f"{base}/collections", JSON, sentence("ogc_collections", {}, language)),
    ]
    if has_html:
        links.insert(1, link("alternate", f"{base}/?f=html", HTML, sentence("ogc_for_people", {}, language)))
    return {
        "title": "gridwright",
        "description": sentence("ogc_about_service", {}, language),
        "links": links,
    }


def conformance() -> dict[str, Any]:
    """What the service conforms to."""
    return {"conformsTo": list(CLASSES)}


def collection_document(base: str, collection: Collection, extent: Extent, language: str) -> dict[str, Any]:
    """One collection."""
    here = address(base, "collections", collection.name)
    title = sentence(f"ogc_title_{collection.name}", {}, language)
    spans: dict[str, Any] = {}
    if extent.bbox is not None:
        spans["spatial"] = {"bbox": [list(extent.bbox)], "crs": CRS84}
    if collection.times is not None and (extent.start is not None or extent.end is not None):
        spans["temporal"] = {"interval": [[_said(extent.start), _said(extent.end)]], "trs": GREGORIAN}
    document: dict[str, Any] = {
        "id": collection.name,
        "title": title,
        "description": sentence(f"ogc_about_{collection.name}", {}, language),
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            link("self", here, JSON, title),
            link("items", f"{here}/items", GEOJSON, title),
            link("describedby", f"{here}/schema", SCHEMA, sentence("ogc_schema", {}, language)),
            link("tiles", address(base, "tiles", f"{collection.name}.json"), JSON, sentence("ogc_tiles", {}, language)),
        ],
    }
    return {**document, "extent": spans} if spans else document


def schema_document(base: str, collection: Collection, language: str) -> dict[str, Any]:
    """What a feature of a collection looks like as GeoJSON, so that no client has to guess types from the first ones.

    ``id`` among the properties is left out: GDAL takes it from the features, and would show it twice.
    """
    properties = {name: _type_of(collection, name) for name in collection.properties if name != "id"}
    if collection.is_grids:
        moment = {"type": "string", "format": "date-time"}
        properties |= {"plan": {"type": "string"}, "valid_from": moment, "valid_to": moment}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address(base, "collections", collection.name, "schema"),
        "title": sentence(f"ogc_title_{collection.name}", {}, language),
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {"type": ["object", "null"], "format": _shape_of(collection)},
            "properties": {"type": "object", "properties": properties},
        },
    }


def _type_of(collection: Collection, name: str) -> dict[str, str]:
    # Without "or null", which GDAL does not understand.
    kind = collection.column(name).type
    if isinstance(kind, Moment):
        return {"type": "string", "format": "date-time"}
    for known, said in ((Boolean, "boolean"), (Integer, "integer"), (Float, "number")):
        if isinstance(kind, known):
            return {"type": said}
    return {"type": "string"}


def _shape_of(collection: Collection) -> str:
    if len(collection.geometry) > 1:
        return "geometry-any"
    return {"point": "geometry-point", "line": "geometry-linestring-or-multilinestring"}.get(
        collection.geometry[0], "geometry-polygon-or-multipolygon"
    )


def collections_document(base: str, collections: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """All collections."""
    links: list[Link] = [link("self", f"{base}/collections", JSON, sentence("ogc_collections", {}, language))]
    return {"links": links, "collections": collections}


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
