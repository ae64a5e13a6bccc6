"""The page to walk a patrol with: made for a phone in the rain, and for no network once a shift is saved.

The page holds its words in both languages, so that switching loses nothing and needs nobody.  It says nothing of who
is signed in: the phone may keep it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from html import escape
from string import Template

from api.i18n import sentence, sentences
from api.pages.files import FOLDER, page_file, page_files
from api.settings import LANGUAGES

WORKER = "patrol_worker.js"
SCOPE = "/desk/patrol"
_PREFIX = "walk_"
_SHARED = ("walk_", "why_patrol_", "track_dropped_")
"""Beginnings of the codes whose sentences the page has: its own, and reasons that answers give by code."""


def patrol_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return Template((FOLDER / "patrol.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence("walk_title", {}, language)),
        no_script=" ".join(escape(sentence("walk_no_script", {}, one)) for one in LANGUAGES),
        words=_words(),
        version=shell_version(),
    )


def patrol_worker() -> str:
    """The script that serves the page where there is no network."""
    template = Template((FOLDER / "patrol_worker.js").read_text(encoding="utf-8"))
    return template.substitute(version=shell_version(), page=SCOPE, files=json.dumps(_shell()))


@cache
def shell_version() -> str:
    """Names what the phone keeps of the page itself: another one whenever a script, a style or a word changes."""
    parts = [(FOLDER / "patrol.html").read_bytes(), _words().encode()]
    parts += [page_file("patrol", name)[0] for name in page_files("patrol")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _shell() -> list[str]:
    return [f"{SCOPE}/{name}" for name in page_files("patrol") if name != WORKER]


@cache
def _words() -> str:
    """The words by language, as JSON that cannot end the element it stands in."""
    tables = {
        language: {
            code.removeprefix(_PREFIX): text for code, text in sentences(language).items() if code.startswith(_SHARED)
        }
        for language in LANGUAGES
    }
    text = json.dumps(tables, ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
