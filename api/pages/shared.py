"""What a link shows that opens nothing any more, or never did: a plain page that says which, nothing of the plan."""

from __future__ import annotations

from html import escape
from string import Template

from api.i18n import sentence
from api.pages.files import FOLDER


def ended_page(why: str, language: str) -> str:
    """The page in one language.

    Parameters
    ----------
    why
        ``unknown``, ``expired`` or ``revoked``.
    language
        ``zh`` or ``en``.
    """
    other = "en" if language == "zh" else "zh"
    return Template((FOLDER / "shared.html").read_text(encoding="utf-8")).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=escape(sentence("shared_title", {}, language)),
        heading=escape(sentence(f"shared_{why}", {}, language)),
        lead=escape(sentence(f"shared_{why}_lead", {}, language)),
        remedy=escape(sentence("shared_remedy", {}, language)),
        other=other,
        other_lang="en" if other == "en" else "zh-CN",
        other_name=escape(sentence("page_language", {}, other)),
    )
