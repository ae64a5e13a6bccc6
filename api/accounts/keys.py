"""API keys: ``gw_<prefix>_<secret>``, 256 random bits, so a keyed SHA-256 keeps them as safely as anything slower."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

_FORM = re.compile(r"gw_(?P<prefix>[a-z2-7]{10})_[a-z2-7]{52}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which its text is known."""

    text: str = field(repr=False)
    prefix: str
    hash: str


def mint_key(secret: bytes) -> NewKey:
    """A new key, and what the store keeps of it."""
    prefix = _letters(secrets.token_bytes(7))[:10]
    text = f"gw_{prefix}_{_letters(secrets.token_bytes(32))}"
    return NewKey(text, prefix, digest(text, secret))


def prefix_of(text: str) -> str | None:
    """The readable start of a key; ``None`` for what is no key at all."""
    found = _FORM.fullmatch(text)
    return found["prefix"] if found else None


def digest(text: str, secret: bytes) -> str:
    """What the store keeps of a key."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def is_key(text: str, key_hash: str, secret: bytes) -> bool:
    """Whether a key is the one that was kept; takes equally long whatever differs."""
    return hmac.compare_digest(digest(text, secret).encode(), key_hash.encode())


def _letters(random: bytes) -> str:
    return base64.b32encode(random).decode().rstrip("=").lower()
