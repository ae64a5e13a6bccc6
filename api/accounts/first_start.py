"""The first start: a service that others can reach must have an account before it answers anybody."""

from __future__ import annotations

import ipaddress
import socket

from api.accounts.passwords import Passwords
from api.usecases.accounts import add_account
from data.store import Act, SqlStore
from gis.errors import Conflict

FIRST_ADMIN = "admin"


def ensure_admin(store: SqlStore, act: Act, passwords: Passwords | None = None) -> str | None:
    """Make the account ``admin`` in a store without accounts.

    Parameters
    ----------
    store
        The store.
    act
        Who starts the service, and when.
    passwords
        How passwords are kept.

    Returns
    -------
    str or None
        Its one-time password, to be shown once on standard error; ``None`` where there were accounts already.
    """
    with store.read() as tx:
        if tx.accounts.exist():
            return None
    try:
        return add_account(store, act, FIRST_ADMIN, role="admin", passwords=passwords).password
    except Conflict:
        return None  # another process was faster, and has shown the password


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host: every address of its name must be one of the loopback's."""
    bare = host.strip("[]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(bare, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(entry[4][0]).split("%")[0]).is_loopback for entry in found)
