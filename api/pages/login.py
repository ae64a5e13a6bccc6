"""The page to sign in with: its HTML, script and style, all served by ourselves and nothing inline."""

from __future__ import annotations

import re
from html import escape
from string import Template
from urllib.parse import quote

from api.accounts.passwords import MIN_CHARACTERS
from api.i18n import sentence
from api.pages.files import FOLDER

_WORDS = (
    *("title", "heading", "lead", "name", "password", "show", "button", "working", "change_heading", "change_lead"),
    *("new", "again", "change_button", "not_equal", "signed_in", "out", "on", "no_answer", "no_script"),
    *("change", "change_own_lead"),
)
# A path of ours: one slash, then neither a slash nor what browsers take for one.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")


def login_page(language: str, following: str, *, asks: bool) -> str:
    """The page in one language.

    Parameters
    ----------
    language
        ``zh`` or ``en``.
    following
        Where to go once signed in; anything but a path of this service is passed over.
    asks
        Whether the page shall ask who is signed in: there may be somebody.
    """
    other = "en" if language == "zh" else "zh"
    local = local_path(following)
    facts = {"measured": MIN_CHARACTERS}
    return Template((FOLDER / "login.html").read_text(encoding="utf-8")).substitute(
        {word: escape(sentence(f"login_{word}", facts, language)) for word in _WORDS},
        lang="zh-CN" if language == "zh" else "en",
        next=escape(local),
        asks="yes" if asks else "",
        other=f"/login?lang={other}&amp;next={escape(quote(local, safe='/'))}",
        other_lang="en" if other == "en" else "zh-CN",
        other_name=escape(sentence("page_language", {}, other)),
    )


def local_path(text: str) -> str:
    """The text where it is a path of this service, else ``/``."""
    return text if _LOCAL_PATH.fullmatch(text) and not text.startswith("/login") else "/"
