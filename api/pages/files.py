"""Scripts and styles of the pages, served by ourselves."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from gis.errors import NotFound

FOLDER = Path(__file__).parent
_MEDIA_TYPE = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_NAME = re.compile(r"[a-z][a-z_]*\.(?:js|css)")


@cache
def page_file(page: str, name: str) -> tuple[bytes, str]:
    """Content and media type of a page's script or style, which are called like the page or begin like ``PAGE_``.

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
    """Names of all scripts and styles of a page."""
    found = (path.name for path in FOLDER.iterdir() if _NAME.fullmatch(path.name))
    return tuple(sorted(name for name in found if name.partition(".")[0] == page or name.startswith(f"{page}_")))
