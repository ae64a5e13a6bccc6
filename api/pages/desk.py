"""Pages of desks: one HTML file each, with its words in both languages in it.

So that switching the language loses nothing and asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from string import Template

from api.i18n import sentence, sentences
from api.pages.files import FOLDER, page_files
from api.settings import LANGUAGES


def desk_page(name: str, prefix: str, language: str, *, others: Sequence[str] = (), **parts: str) -> str:
    """The page ``NAME.html``, beginning in one language.

    Parameters
    ----------
    name
        Of the page and its files.
    prefix
        How the codes of its own words begin; the page knows them without it.
    language
        ``zh`` or ``en``.
    others
        Beginnings of further codes that the page says as they are: sentences of the service.
    parts
        What else the page has places for.
    """
    return Template((FOLDER / f"{name}.html").read_text(encoding="utf-8")).substitute(
        parts,
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence(f"{prefix}title", {}, language)),
        no_script=" ".join(escape(sentence(f"{prefix}no_script", {}, one)) for one in LANGUAGES),
        words=desk_words(prefix, tuple(others)),
    )


@cache
def desk_words(prefix: str, others: tuple[str, ...] = ()) -> str:
    """The words of a page by language, as JSON that cannot end the element it stands in."""
    tables = {}
    for language in LANGUAGES:
        every = sentences(language)
        table = {code: text for code, text in every.items() if code.startswith(others)}
        table |= {code.removeprefix(prefix): text for code, text in every.items() if code.startswith(prefix)}
        tables[language] = table
    text = json.dumps(tables, ensure_ascii=False, sort_keys=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def file_links(name: str, form: str, ending: str) -> str:
    """All styles or scripts of a page, so that the browser asks for them at once and not one after the other."""
    return "\n".join(form.format(file) for file in page_files(name) if file.endswith(ending))
