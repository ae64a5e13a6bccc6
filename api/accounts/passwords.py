"""Passwords: which are taken, how they are kept (argon2id), and how many are looked at at once.

One look costs a good part of a second and 64 MiB, so a flood of log-ins must not take the machine: two at once, a few
more wait, the rest are sent away with the time to come back.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import Refusal
from gis.errors import InputError

MIN_CHARACTERS, MAX_CHARACTERS = 12, 256
_AT_ONCE, _WAITING = 2, 8
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike
_COMMON = Path(__file__).with_name("common-passwords.txt")
"""The commonest of those with at least twelve characters."""
T = TypeVar("T")


def check_password(name: str, password: str) -> None:
    """Refuse a password that would be guessed.

    Raises
    ------
    InputError
        ``password_short``, ``password_long``, ``password_like_name``, ``password_common``.
    """
    if len(password) < MIN_CHARACTERS:
        raise InputError("password_short", measured=len(password), allowed=MIN_CHARACTERS)
    if len(password) > MAX_CHARACTERS:
        raise InputError("password_long", measured=len(password), allowed=MAX_CHARACTERS)
    plain = password.lower()
    bare = re.sub(r"[\W_]", "", name.lower())
    if name.lower() == plain or (len(bare) >= 4 and bare in re.sub(r"[\W_]", "", plain)):
        raise InputError("password_like_name")
    if plain in _COMMON.read_text(encoding="utf-8").split() or len(set(plain)) < 5 or _is_row(plain):
        raise InputError("password_common")


def one_time_password() -> str:
    """A password to be told once and changed at the first sign-in: 100 random bits in groups of five letters."""
    letters = [secrets.choice(_ALPHABET) for _ in range(20)]
    return "-".join("".join(letters[i : i + 5]) for i in range(0, 20, 5))


class Passwords:
    """Hashes of passwords, made and looked at under one set of parameters.

    Parameters
    ----------
    hasher
        Parameters of argon2id; those of RFC 9106 for little memory when omitted.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "gw-passwords")
        self._asked = 0
        self._lock = threading.Lock()
        self._stand_in = cache(lambda: self._hasher.hash(secrets.token_urlsafe(16)))

    def hash(self, password: str) -> str:
        """What the store keeps of a password."""
        return self._hasher.hash(_plain(password))

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether a password is the one that was kept; without one, as much time is spent and the answer is no."""
        try:
            self._hasher.verify(password_hash or self._stand_in(), _plain(password))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_old(self, password_hash: str) -> bool:
        """Whether a hash was made under other parameters."""
        return self._hasher.check_needs_rehash(password_hash)

    async def gated(self, work: Callable[[], T]) -> T:
        """Hash or look in a thread, two at once.

        Raises
        ------
        Refusal
            503 ``login_busy`` with ``Retry-After`` when too many wait already.
        """
        with self._lock:
            if self._asked >= _AT_ONCE + _WAITING:
                raise Refusal(503, "login_busy", headers={"Retry-After": "2"}, measured=2)
            self._asked += 1

        def run() -> T:
            try:
                return work()
            finally:
                with self._lock:
                    self._asked -= 1

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)


def _plain(password: str) -> bytes:
    # The same characters typed on another keyboard must stay the same password.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _is_row(text: str) -> bool:
    """Whether each character follows the one before it: 345678901234, abcdefghijkl."""
    steps = {(ord(b) - ord(a)) % 10 if a.isdigit() and b.isdigit() else ord(b) - ord(a) for a, b in pairwise(text)}
    return len(steps) == 1
