"""How the service is set up: host names, limits, languages, the clock.  Filled by `api.wiring` and by tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from partition.incidents.periods import ZONE

MIB = 1024 * 1024
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "testserver")


def utc_now() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What a site may set.

    Attributes
    ----------
    language
        Language where the reader asks for none.
    hosts
        Host names the service answers to; ``("*",)`` for any.  A page elsewhere must not be able to read the service
        through a name of its own.
    cors_origins
        Origins whose pages may read answers (``https://map.example``); none by default.
    public_url
        Address that readers use, where a proxy changes it; empty: as the request says.
    max_body_bytes, max_url_bytes
        Longer bodies are answered 413, longer addresses 414.
    max_table_bytes
        The same for tables that are read row by row.
    body_seconds
        A body that takes longer to arrive is answered 408.
    gzip_from_bytes
        Answers of at least this size are packed for readers that take gzip.
    cache_folder
        Where drawn maps are kept between requests; none: in memory only.
    poll_seconds
        How often the look-up index asks the outbox for news.
    zone
        Time zone that the days of figures are counted in.
    now
        The clock.
    """

    language: str = "en"
    hosts: tuple[str, ...] = LOOPBACK_NAMES
    cors_origins: tuple[str, ...] = ()
    public_url: str = ""
    max_body_bytes: int = 16 * MIB
    max_table_bytes: int = 256 * MIB
    max_url_bytes: int = 8192
    body_seconds: float = 30.0
    gzip_from_bytes: int = 1400
    cache_folder: Path | None = None
    poll_seconds: float = 1.0
    zone: str = ZONE
    now: Callable[[], datetime] = utc_now
