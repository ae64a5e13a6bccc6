"""Which language a reader wants: ``?lang=`` before ``Accept-Language`` before the service's own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from api.settings import LANGUAGES


@lru_cache(maxsize=512)
def accepted_language(header: str) -> str | None:
    """The language of ours with the highest weight in an ``Accept-Language``; none where it names none of ours."""
    best, best_weight = None, 0.0
    for part in header.split(",")[:20]:
        name, _, options = part.partition(";")
        short = name.strip().lower().split("-")[0]
        weight = 1.0
        key, _, value = options.strip().partition("=")
        if key.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                continue
        if short in LANGUAGES and weight > best_weight:
            best, best_weight = short, weight
    return best


def language_of(scope: Any, default: str = "en") -> str:
    """The language for the answer to a request, ``zh`` or ``en``."""
    query: bytes = scope.get("query_string", b"")
    if b"lang=" in query:
        for name, value in parse_qsl(query.decode("latin-1")):
            short = value.lower().split("-")[0]
            if name == "lang" and short in LANGUAGES:
                return short
    for name, value in scope.get("headers", ()):
        if name == b"accept-language":
            found = accepted_language(value.decode("latin-1"))
            if found is not None:
                return found
    app = scope.get("app")
    settings = getattr(getattr(app, "state", None), "settings", None)
    return settings.language if settings is not None else default
