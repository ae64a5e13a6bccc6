"""Names of accounts and prefixes of places: what is taken for one, and what is refused."""

from __future__ import annotations

import re
import unicodedata

from gis.errors import InputError

RESERVED = frozenset({"local", "system", "anyone", "anonymous", "me"})
NAME_PATTERN = r"^\w[\w.@-]{1,63}$"
PREFIX_PATTERN = r"^([0-9A-Za-z][0-9A-Za-z.:-]{0,31})?$"
_NAME = re.compile(r"\w[\w.@-]{1,63}")
# Signs that a store could take for "anything" (* % _ \) stay out.
_PREFIX = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:-]{0,31}")


def tidy_name(text: str) -> str:
    """The name as it is kept: compatibility forms and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def is_name(name: str) -> bool:
    """Whether an account could be called so."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def account_name(text: str) -> str:
    """The name of a new account.

    Raises
    ------
    InputError
        ``account_name_wrong``.
    """
    name = tidy_name(text)
    if not is_name(name):
        raise InputError("account_name_wrong", measured=text[:80], allowed="2-64")
    return name


def jurisdiction(text: str) -> str:
    """The code prefix an account is confined to; empty for everything.

    Raises
    ------
    InputError
        ``jurisdiction_wrong``.
    """
    prefix = text.strip()
    if prefix and not _PREFIX.fullmatch(prefix):
        raise InputError("jurisdiction_wrong", measured=text[:80], allowed="1-32")
    return prefix
