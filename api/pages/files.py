"""Scripts and styles of the pages, served by ourselves."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from gis.errors import NotFound

FOLDER = Path(__file__).parent
_MEDIA_TYPE = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
SHARED = "desk_"
"""How the scripts are called that several pages use; every page has them at its own address."""
_NAME = re.compile(r"[a-z][a-z_]*\.(?:js|css)")


@cache
def page_file(page: str, name: str) -> tuple[bytes, str]:
    """Content and media type of a page's script or style, called like the page, begun like ``PAGE_``, or shared.

    Raises
    ------
    NotFound
        ``page_file_unknown``.
    """
    if name in page_files(page):
        return (FOLDER / name).read_bytes(), _MEDIA_TYPE[Path(name).suffix]
    raise NotFound("page_file_unknown", measured=name[:80])


@cache
def page_files(page: str) -> tuple[str, ...]:
    """Names of all scripts and styles of a page, the shared ones with them."""
    found = (path.name for path in FOLDER.iterdir() if _NAME.fullmatch(path.name))
    beginnings = (f"{page}.", f"{page}_", SHARED)
    return tuple(sorted(name for name in found if name.startswith(beginnings)))
