"""Links to read a plan without an account: made, and opened again.

A token is 256 random bits; what is kept of it is a hash.  Whoever holds it sees that one plan as it is now, nothing
else, until the link ends.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from data.store import Act, Store, Tx
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.shares import Share
from gis.errors import NotFound, StorageError

DEFAULT_DAYS, MOST_DAYS = 14, 90
_BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_NOTE_USE_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan that a link leads to.

    Attributes
    ----------
    share
        The link, whatever its state.
    card
        The plan as it is now.
    """

    share: Share
    card: PlanCard


def make_share(tx: Tx, plan: str, days: int, label: str = "") -> tuple[Share, str]:
    """A new link and its token; the token is known from now on only to whoever gets it.

    Raises
    ------
    NotFound, Conflict
        As `data.store.rooms.shares.Shares.add`.
    """
    token = secrets.token_urlsafe(_BYTES)
    share = tx.shares.add(plan, hash_of(token), tx.act.at + timedelta(days=days), label)
    return share, token


def hash_of(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_share(store: Store, token: str) -> Opened:
    """The link of a token, also one that has ended.

    Raises
    ------
    NotFound
        ``share_unknown``.
    """
    if not _FORM.fullmatch(token):
        raise NotFound("share_unknown")
    # Whoever comes with a link has no jurisdiction of their own: the link says where they may look.
    with store.read() as tx:
        share = tx.shares.find(hash_of(token))
        if share is None:
            raise NotFound("share_unknown")
        return Opened(share, tx.plans.card(share.plan))


def note_use(store: Store, share: Share, now: datetime, *, opened: bool) -> None:
    """Remember that a link is used; a store that is busy or full keeps nobody from reading."""
    recently = share.last_used_at is not None and now - share.last_used_at < _NOTE_USE_EVERY
    if recently and not opened:
        return
    try:
        with store.write(Act("system", now)) as tx:
            tx.shares.note_use(share.id, opened=opened)
    except StorageError:
        return
