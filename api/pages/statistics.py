"""The page of incident statistics: figures of a period, charts, map, ranking, papers to take away.

The page holds its words in both languages, so that switching loses nothing and asks nobody.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from string import Template

from api.i18n import sentence, sentences
from api.pages.files import FOLDER
from api.settings import LANGUAGES

_PREFIX = "st_"


def statistics_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return Template((FOLDER / "statistics.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence("st_title", {}, language)),
        no_script=" ".join(escape(sentence("st_no_script", {}, one)) for one in LANGUAGES),
        words=_words(),
    )


@cache
def _words() -> str:
    """The words by language, as JSON that cannot end the element it stands in."""
    tables = {
        language: {
            code.removeprefix(_PREFIX): text for code, text in sentences(language).items() if code.startswith(_PREFIX)
        }
        for language in LANGUAGES
    }
    text = json.dumps(tables, ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
