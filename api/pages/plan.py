"""The planner's desk: a plan on the map, drawn, locked, mended, compared and filed.

The page holds its words in both languages, so that switching loses nothing and asks nobody.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from string import Template

from api.i18n import sentence, sentences
from api.pages.files import FOLDER, page_files
from api.settings import LANGUAGES

_PREFIX = "pd_"
_AS_THEY_ARE = ("edit_", "lock_", "plan_", "how_", "step_", "why_", "reason_", "proof_")
"""Sentences of the service that the page says itself, since it judges edits before they are sent."""


def plan_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return Template((FOLDER / "plan.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence("pd_title", {}, language)),
        no_script=" ".join(escape(sentence("pd_no_script", {}, one)) for one in LANGUAGES),
        words=_words(),
        preloads=_preloads(),
    )


@cache
def _preloads() -> str:
    """All scripts of the page, so that the browser asks for them at once and not one after another finds the next."""
    names = (name for name in page_files("plan") if name.endswith(".js"))
    return "\n".join(f'<link rel="modulepreload" href="/desk/plan/{name}">' for name in names)


@cache
def _words() -> str:
    """The words by language, as JSON that cannot end the element it stands in."""
    tables = {}
    for language in LANGUAGES:
        all_words = sentences(language)
        table = {code: text for code, text in all_words.items() if code.startswith(_AS_THEY_ARE)}
        table |= {code.removeprefix(_PREFIX): text for code, text in all_words.items() if code.startswith(_PREFIX)}
        tables[language] = table
    text = json.dumps(tables, ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
