"""The dispatcher's desk: incidents on a live map, in a list, and the one that is worked on."""

from __future__ import annotations

from api.pages.desk import desk_page, file_links


def dispatch_page(language: str) -> str:
    """The page, beginning in one language, ``zh`` or ``en``."""
    return desk_page(
        "dispatch",
        "dd_",
        language,
        styles=file_links("dispatch", '<link rel="stylesheet" href="/desk/dispatch/{}">', ".css"),
        preloads=file_links("dispatch", '<link rel="modulepreload" href="/desk/dispatch/{}">', ".js"),
    )
