"""Features as GeoJSON (RFC 7946): longitude and latitude, right-hand rings, no ``crs`` member."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import shapely

from data.store.rooms.features import Page

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def features_of(page: Page) -> list[dict[str, Any]]:
    """The features of a page; ``geometry`` is JSON already."""
    # Every digit is kept: who asks for the box around what came must get all of it again.
    told = shapely.to_geojson(shapely.orient_polygons(page.shapes))
    geometry = [orjson.Fragment(b"null" if text is None else text) for text in told]
    return [
        {"type": "Feature", "id": id, "geometry": shape, "properties": properties}
        for id, shape, properties in zip(page.ids, geometry, page.properties)
    ]


def body_of(document: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """A document as JSON; what is not a number becomes ``null``, moments end in ``Z``."""
    return orjson.dumps(document, option=_OPTIONS)


def etag_of(body: bytes, *, is_weak: bool = False) -> str:
    """An entity tag; a weak one for answers that tell the time."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return f"W/{tag}" if is_weak else tag


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Whether the reader has this answer already."""
    if if_none_match is None:
        return False
    plain = etag.removeprefix("W/")
    known = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(part in ("*", plain) for part in known)
