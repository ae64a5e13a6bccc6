"""The page to walk a patrol with: made for a phone in the rain, and for no network once a shift is saved.

It says nothing of who is signed in: the phone may keep it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from string import Template

from api.pages.desk import desk_page, desk_words
from api.pages.files import FOLDER, page_file, page_files

WORKER = "patrol_worker.js"
SCOPE = "/desk/patrol"
_PREFIX = "walk_"
_REASONS = ("why_patrol_", "track_dropped_")
"""Sentences of reasons that answers give by code."""


def patrol_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return desk_page("patrol", _PREFIX, language, others=_REASONS, version=shell_version())


def patrol_worker() -> str:
    """The script that serves the page where there is no network."""
    template = Template((FOLDER / "patrol_worker.js").read_text(encoding="utf-8"))
    return template.substitute(version=shell_version(), page=SCOPE, files=json.dumps(_shell()))


@cache
def shell_version() -> str:
    """Names what the phone keeps of the page itself: another one whenever a script, a style or a word changes."""
    parts = [(FOLDER / "patrol.html").read_bytes(), desk_words(_PREFIX, _REASONS).encode()]
    parts += [page_file("patrol", name)[0] for name in page_files("patrol")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _shell() -> list[str]:
    return [f"{SCOPE}/{name}" for name in page_files("patrol") if name != WORKER]
