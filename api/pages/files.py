"""Scripts and styles of the pages, served by ourselves."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from gis.errors import NotFound

FOLDER = Path(__file__).parent
_MEDIA_TYPE = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
SHARED = "desk_"
"""How the scripts are called that several pages use; a page has those it imports at its own address."""
_IMPORT = re.compile(r'(?:from|import)\s*\(?\s*"\./([a-z_]+\.js)"')
_NAME = re.compile(r"[a-z][a-z_]*\.(?:js|css)")


@cache
def page_file(page: str, name: str) -> tuple[bytes, str]:
    """Content and media type of a script or style of a page: its own (``PAGE.js``, ``PAGE_x.js``) or one it imports.

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
    """Names of all scripts and styles of a page, with the shared ones that its scripts import, directly or not."""
    found = [path.name for path in FOLDER.iterdir() if _NAME.fullmatch(path.name)]
    names = {name for name in found if name.startswith((f"{page}.", f"{page}_"))}
    unread = set(names)
    while unread:
        imported = set(_IMPORT.findall((FOLDER / unread.pop()).read_text(encoding="utf-8")))
        new = {name for name in imported if name.startswith(SHARED)} - names
        names |= new
        unread |= new
    return tuple(sorted(names))
