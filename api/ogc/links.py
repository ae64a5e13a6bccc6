"""Links between resources, as addresses that the reader can follow from where they are."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from fastapi import Request

from api.routes.acts import settings_of

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
TILE = "application/vnd.mapbox-vector-tile"

Link = dict[str, str]


def base_of(request: Request) -> str:
    """Address of the service for its readers, without a slash at the end.

    What a site states comes before what the request says of itself; whose host names are answered at all is decided
    before.
    """
    stated = settings_of(request).public_url
    return (stated or str(request.base_url)).rstrip("/")


def link(rel: str, href: str, media_type: str, title: str = "") -> Link:
    """One link."""
    made = {"href": href, "rel": rel, "type": media_type}
    return {**made, "title": title} if title else made


def address(base: str, *parts: str, **query: str | int) -> str:
    """An address under the service's own: every part is encoded, also slashes within one."""
    path = "".join(f"/{quote(part, safe='')}" for part in parts)
    asked = f"?{urlencode(query, safe=':/,')}" if query else ""
    return f"{base}{path}{asked}"


def header_of(links: Sequence[Link]) -> str:
    """The links as a ``Link`` header (RFC 8288); titles, which may be Chinese, stay in the body."""
    return ", ".join(f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' for each in links)
