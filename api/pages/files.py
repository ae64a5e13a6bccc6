"""Scripts and styles of the pages, served by ourselves."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gis.errors import NotFound

FOLDER = Path(__file__).parent
_MEDIA_TYPE = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@cache
def page_file(page: str, name: str) -> tuple[bytes, str]:
    """Content and media type of a page's script or style, which are called like the page.

    Raises
    ------
    NotFound
        ``page_file_unknown``.
    """
    for suffix, media_type in _MEDIA_TYPE.items():
        if name == page + suffix:
            return (FOLDER / name).read_bytes(), media_type
    raise NotFound("page_file_unknown", measured=name[:80])
