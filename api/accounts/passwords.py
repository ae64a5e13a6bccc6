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
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import Refusal
from gis.errors import InputError

MIN_CHARACTERS, MAX_CHARACTERS = 12, 256
_AT_ONCE, _WAITING = 2, 8
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike
# The commonest of those with at least twelve characters, and their beginnings.
_COMMON = frozenset(
    "123456789012 1234567890123 111111111111 000000000000 888888888888 666666666666 123123123123 987654321098 "
    "112233445566 121212121212 123456123456 abc123456789 abcd12345678 qwertyuiop12 qwertyuiop123 1qaz2wsx3edc "
    "1q2w3e4r5t6y qwerty123456 qwer12345678 password1234 password12345 password123456 passw0rd1234 p@ssw0rd1234 "
    "passwordpassword adminadminadmin administrator admin1234567 admin12345678 admin123456789 administrator1 "
    "woaini123456 woaini1314520 5201314520131 520131452013 a12345678901 aa1234567890 asdfghjkl123 zxcvbnm12345 "
    "letmein12345 welcome12345 welcome123456 iloveyou1234 changeme1234 changemechangeme test12345678 root12345678 "
    "gridwright12 gridwright123 gridwright1234 wangge123456 wanggeyuan123 zhongguo1234".split()
)
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
    if plain in _COMMON or len(set(plain)) < 5 or _is_row(plain):
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
    steps = {(ord(b) - ord(a)) % 10 if a.isdigit() and b.isdigit() else ord(b) - ord(a) for a, b in zip(text, text[1:])}
    return len(steps) == 1
