"""Content security policies of our pages: what stands in the page by its hash, or files of ours."""

from __future__ import annotations

import base64
import hashlib
import re

OWN_FILES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For a page whose script and style are files of ours, and that asks nobody but this service."""
OWN_WORKER = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
"""For a script that runs beside a page of ours and fetches what the page needs, from this service only."""
_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def policy_of_map(html: str) -> str:
    """The policy that a map states itself, and that nobody may frame it (which only a header can say)."""
    stated = _META.search(html)
    if stated is None:
        raise ValueError("a map without a content security policy")
    return f"{stated[1]}; frame-ancestors 'none'"


def policy_of_page(html: str) -> str:
    """The policy for a page of styles and text: no script, no request."""
    hashes = " ".join(sorted({f"'sha256-{_digest(style)}'" for style in _STYLE.findall(html)})) or "'none'"
    return (
        f"default-src 'none'; style-src {hashes}; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
