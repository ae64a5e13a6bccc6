"""The page to look up with: its HTML, script and style, all served by ourselves and nothing inline."""

from __future__ import annotations

from html import escape
from string import Template

from api.i18n import sentence
from api.pages.files import FOLDER

_IN_PAGE = (
    *("title", "heading", "lead", "label", "placeholder", "button", "clear", "suggestions", "more", "day"),
    *("no_script", "footer"),
)
_IN_SCRIPT = (
    *("exact", "building", "grid_only", "no_grid", "unsure", "not_found", "copy", "copied", "map", "no_answer"),
    *("address_label", "building_label", "community_label", "dropped_label", "point_label", "candidates", "grids"),
    *("kind_district", "kind_town", "kind_community", "kind_street", "kind_estate", "kind_building", "kind_door"),
)


def lookup_page(language: str, *, account: str, reads_plans: bool) -> str:
    """The page in one language.

    Parameters
    ----------
    language
        ``zh`` or ``en``.
    account
        Name of whoever is signed in; empty where there are no accounts.
    reads_plans
        Whether the reader may see plans and their maps, and so is shown the way to them.
    """
    other = "en" if language == "zh" else "zh"
    said = {"lang": language, "maps": "yes" if reads_plans else ""}
    said |= {word.replace("_", "-"): sentence(f"ask_{word}", {}, language) for word in _IN_SCRIPT}
    return Template((FOLDER / "lookup.html").read_text(encoding="utf-8")).substitute(
        {word: escape(sentence(f"ask_{word}", {}, language)) for word in _IN_PAGE},
        lang="zh-CN" if language == "zh" else "en",
        words=" ".join(f'data-{name}="{escape(text)}"' for name, text in said.items()),
        home=f"/?lang={language}" if reads_plans else f"/lookup?lang={language}",
        account=f'<a href="/login?next=/lookup">{escape(account)}</a>' if account else "",
        other=other,
        other_lang="en" if other == "en" else "zh-CN",
        other_name=escape(sentence("page_language", {}, other)),
    )
