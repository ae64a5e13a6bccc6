"""What the answers look like, for the description of the service (JSON Schema)."""

from __future__ import annotations

from typing import Any

from api.ogc.links import GEOJSON, JSON

_TEXT = {"type": "string"}
_LINK: dict[str, Any] = {
    "type": "object",
    "required": ["href", "rel", "type"],
    "properties": {"href": _TEXT, "rel": _TEXT, "type": _TEXT, "title": _TEXT},
}
_LINKS: dict[str, Any] = {"type": "array", "items": _LINK}

LANDING: dict[str, Any] = {
    "type": "object",
    "required": ["links"],
    "properties": {"title": _TEXT, "description": _TEXT, "links": _LINKS},
}
CONFORMANCE: dict[str, Any] = {
    "type": "object",
    "required": ["conformsTo"],
    "properties": {"conformsTo": {"type": "array", "items": _TEXT}},
}
COLLECTION: dict[str, Any] = {
    "type": "object",
    "required": ["id", "title", "links", "itemType", "crs"],
    "properties": {
        "id": _TEXT,
        "title": _TEXT,
        "description": _TEXT,
        "itemType": {"type": "string", "enum": ["feature"]},
        "crs": {"type": "array", "items": _TEXT},
        "links": _LINKS,
        "extent": {
            "type": "object",
            "properties": {
                "spatial": {
                    "type": "object",
                    "properties": {
                        "crs": _TEXT,
                        "bbox": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
                        },
                    },
                },
                "temporal": {
                    "type": "object",
                    "properties": {
                        "trs": _TEXT,
                        "interval": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "array",
                                "minItems": 2,
                                "maxItems": 2,
                                "items": {"type": ["string", "null"]},
                            },
                        },
                    },
                },
            },
        },
    },
}
COLLECTIONS: dict[str, Any] = {
    "type": "object",
    "required": ["links", "collections"],
    "properties": {"links": _LINKS, "collections": {"type": "array", "items": COLLECTION}},
}
_GEOMETRY: dict[str, Any] = {
    "type": ["object", "null"],
    "required": ["type", "coordinates"],
    "properties": {
        "type": {
            "type": "string",
            "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"],
        },
        "coordinates": {"type": "array", "items": {}},
    },
}
FEATURE: dict[str, Any] = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": _TEXT,
        "geometry": _GEOMETRY,
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
FEATURES: dict[str, Any] = {
    "type": "object",
    "required": ["type", "features", "links", "timeStamp", "numberMatched", "numberReturned"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "timeStamp": {"type": "string", "format": "date-time"},
        "numberMatched": {"type": "integer", "minimum": 0},
        "numberReturned": {"type": "integer", "minimum": 0},
        "links": _LINKS,
        "features": {"type": "array", "items": FEATURE},
    },
}
TILEJSON: dict[str, Any] = {
    "type": "object",
    "required": ["tilejson", "tiles", "vector_layers"],
    "properties": {
        "tilejson": _TEXT,
        "name": _TEXT,
        "tiles": {"type": "array", "items": _TEXT},
        "minzoom": {"type": "integer"},
        "maxzoom": {"type": "integer"},
        "bounds": {"type": "array", "items": {"type": "number"}},
        "vector_layers": {"type": "array", "items": {"type": "object"}},
    },
}


def answer(schema: dict[str, Any], description: str, media_type: str = JSON) -> dict[int | str, dict[str, Any]]:
    """The good answer of a route, and that of a reader who has it already."""
    return {
        200: {"description": description, "content": {media_type: {"schema": schema}}},
        304: {"description": "The reader has it already (If-None-Match)"},
    }


def features_answer(schema: dict[str, Any], description: str) -> dict[int | str, dict[str, Any]]:
    """The good answer of a route that gives features."""
    return answer(schema, description, GEOJSON)
