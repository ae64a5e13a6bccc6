"""The secret that API keys are hashed with: whoever copies the store alone can not test keys against it.

``GRIDWRIGHT_SECRET``, else a file that only its owner may read, made when it is first needed: beside an embedded store
(it moves with the store), or in the configuration folder for a store on a server.  There, several hosts must share
one: the store keeps the fingerprint of the secret its keys were made with, and `agrees` tells whether ours is that one.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from api import settings
from data.store import SqlStore
from gis.errors import InputError, StorageError

MIN_SECRET_CHARACTERS = 32
_OTHERS = 0o077


def service_secret(store: SqlStore) -> bytes:
    """The secret, made where there is none.

    Raises
    ------
    InputError
        ``secret_short``: ``GRIDWRIGHT_SECRET`` has too few characters; ``secret_readable``: others may read the file.
    StorageError
        ``secret_unwritable``.
    """
    given = settings.secret()
    if given:
        if len(given) < MIN_SECRET_CHARACTERS:
            raise InputError("secret_short", measured=len(given), allowed=MIN_SECRET_CHARACTERS)
        return given.encode()
    path = secret_path(store)
    try:
        return _read(path) or _make(path)
    except OSError as error:
        raise StorageError("secret_unwritable", file=str(path), measured=error.strerror or str(error)) from error


def secret_path(store: SqlStore) -> Path:
    """Where the secret is kept when the environment states none."""
    url = store.url
    if store.kind == "embedded" and url.database:
        return Path(f"{url.database}.secret")
    return settings.config_folder() / "secret"


def fingerprint(secret: bytes) -> str:
    """What may be told of a secret: enough to see whether two are the same."""
    return hmac.new(secret, b"gridwright fingerprint", hashlib.sha256).hexdigest()[:16]


def agrees(store: SqlStore) -> bool | None:
    """Whether our secret is the one the keys of this store were made with; ``None`` while there are no keys."""
    with store.read() as tx:
        known = tx.accounts.keys.secret_fingerprint()
    return None if known is None else known == fingerprint(service_secret(store))


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes().strip()
        rights = path.stat().st_mode
    except FileNotFoundError:
        return None
    if rights & _OTHERS:
        raise InputError("secret_readable", file=str(path), measured=f"{rights & 0o777:o}", allowed="600")
    if len(content) < MIN_SECRET_CHARACTERS:
        raise InputError("secret_short", measured=len(content), allowed=MIN_SECRET_CHARACTERS)
    return content


def _make(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written whole under another name and then linked: of two processes that start at once, one secret stays.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_hex(32).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    found = _read(path)
    if found is None:
        raise FileNotFoundError(path)
    return found
