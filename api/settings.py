"""What the environment says: language, debugging, build time, cores, store, data folder.  The only room that reads it.

Nothing is read at import; every function reads when it is called, so tests and long-running services see changes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

LANGUAGES = ("en", "zh")


def language(asked: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Language to speak: what was asked for, else ``GRIDWRIGHT_LANG``, else the locale, else English.

    Parameters
    ----------
    asked
        Value of ``--lang`` or of a ``lang`` query; anything that is not a known language is passed over.
    environ
        Environment to read; the process's own when omitted.
    """
    env = os.environ if environ is None else environ
    names = (asked, *(env.get(key) for key in ("GRIDWRIGHT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")))
    for name in names:
        short = (name or "").replace("-", "_").split("_")[0].split(".")[0].lower()
        if short in LANGUAGES:
            return short
    return "en"


def is_debugging() -> bool:
    """Whether ``GRIDWRIGHT_DEBUG`` asks for the whole trace of an unexpected error."""
    return os.environ.get("GRIDWRIGHT_DEBUG", "") not in ("", "0")


def fixed_moment() -> str | None:
    """The moment ``SOURCE_DATE_EPOCH`` states, as ISO 8601 in UTC; ``None`` where it states none."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not text.isdecimal():
        return None
    return iso_moment(datetime.fromtimestamp(int(text), UTC))


def iso_moment(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, as GeoPackage writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def n_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def store_address() -> str:
    """Address of the store that ``GRIDWRIGHT_STORE`` names; empty where it names none."""
    return os.environ.get("GRIDWRIGHT_STORE", "").strip()


def data_folder() -> Path:
    """The user's folder for our data: ``XDG_DATA_HOME``, else ``~/.local/share``, and ``gridwright`` in it."""
    stated = os.environ.get("XDG_DATA_HOME", "").strip()
    # A relative path there is to be ignored, says the XDG base directory specification.
    base = Path(stated) if stated and Path(stated).is_absolute() else Path.home() / ".local" / "share"
    return base / "gridwright"


def with_store(address: str) -> dict[str, str]:
    """The environment for a child process that works on a store: no password stands on its command line."""
    return {**os.environ, "GRIDWRIGHT_STORE": address}


def address_index() -> str:
    """Where the names of addresses are looked up: ``GRIDWRIGHT_ADDRESS_INDEX``, ``memory`` by default."""
    return os.environ.get("GRIDWRIGHT_ADDRESS_INDEX", "").strip() or "memory"


def config_folder() -> Path:
    """The user's folder for our settings: ``XDG_CONFIG_HOME``, else ``~/.config``, and ``gridwright`` in it."""
    stated = os.environ.get("XDG_CONFIG_HOME", "").strip()
    base = Path(stated) if stated and Path(stated).is_absolute() else Path.home() / ".config"
    return base / "gridwright"


def secret() -> str:
    """What ``GRIDWRIGHT_SECRET`` says; empty where it says nothing."""
    return os.environ.get("GRIDWRIGHT_SECRET", "").strip()


def rates() -> str:
    """What ``GRIDWRIGHT_RATES`` says about requests by role; empty where it says nothing."""
    return os.environ.get("GRIDWRIGHT_RATES", "").strip()


def public_url() -> str:
    """Address that readers use, where a proxy stands before the service: ``GRIDWRIGHT_PUBLIC_URL``."""
    return os.environ.get("GRIDWRIGHT_PUBLIC_URL", "").strip()


def trusted_proxies() -> str:
    """Addresses whose ``X-Forwarded-*`` headers are believed, by comma: ``GRIDWRIGHT_PROXIES``; none by default."""
    return os.environ.get("GRIDWRIGHT_PROXIES", "").strip()


def cors_origins() -> tuple[str, ...]:
    """Origins whose pages may read answers, by comma: ``GRIDWRIGHT_ORIGINS``; none by default."""
    stated = os.environ.get("GRIDWRIGHT_ORIGINS", "").split(",")
    return tuple(origin.strip().rstrip("/") for origin in stated if origin.strip())


def zone() -> str:
    """Time zone that the days of figures are counted in: ``GRIDWRIGHT_ZONE``; empty where it says nothing."""
    return os.environ.get("GRIDWRIGHT_ZONE", "").strip()
