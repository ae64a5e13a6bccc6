"""The dispatcher's desk: incidents on a live map, in a list, and the one that is worked on.

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

_PREFIX = "dd_"


def dispatch_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return Template((FOLDER / "dispatch.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence("dd_title", {}, language)),
        no_script=" ".join(escape(sentence("dd_no_script", {}, one)) for one in LANGUAGES),
        words=_words(),
        styles=_links('<link rel="stylesheet" href="/desk/dispatch/{}">', ".css"),
        preloads=_links('<link rel="modulepreload" href="/desk/dispatch/{}">', ".js"),
    )


@cache
def _links(form: str, ending: str) -> str:
    """All styles or scripts of the page, so that the browser asks for them at once."""
    return "\n".join(form.format(name) for name in page_files("dispatch") if name.endswith(ending))


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
