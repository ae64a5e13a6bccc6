"""Links to read one plan without an account: made, listed, revoked, found by the hash of their token.

The token itself is never here: it is shown once, to whoever made the link.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import and_, func, select, update

from data.store.tables.notes import plan_shares
from data.store.tx import Tx
from gis.errors import Conflict, NotFound

MOST_SHARES = 200
"""Links of one plan that are neither revoked nor expired."""
_ID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a plan.

    Attributes
    ----------
    label
        Whom it is for, in the words of whoever made it.
    last_used_at, uses
        When and how often the page was opened by it.
    """

    id: str
    plan: str
    label: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None
    uses: int

    def state(self, now: datetime) -> str:
        """``live``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if now < self.expires_at else "expired"


_SHARE = [plan_shares.c[f.name] for f in fields(Share)]


class Shares:
    """Links inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def add(self, plan: str, token_hash: str, expires_at: datetime, label: str = "") -> Share:
        """Keep a new link.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        Conflict
            ``shares_too_many``.
        """
        tx = self._tx
        card = tx.life.hold(plan)
        live = and_(
            plan_shares.c.plan == plan, plan_shares.c.revoked_at.is_(None), plan_shares.c.expires_at > tx.act.at
        )
        n = tx.connection.execute(select(func.count()).select_from(plan_shares).where(live)).scalar_one()
        if n >= MOST_SHARES:
            raise Conflict("shares_too_many", id=plan, allowed=MOST_SHARES)
        id = f"s{token_hash[:_ID_DIGITS]}"
        row = {"id": id, "plan": plan, "hash": token_hash, "label": label, "created_at": tx.act.at, "uses": 0}
        tx.connection.execute(plan_shares.insert().values(**row, created_by=tx.act.who, expires_at=expires_at))
        after = {"share": id, "label": label, "expires_at": expires_at.isoformat()}
        tx.audit.record("share.make", plan, place=card.place, after=after)
        tx.outbox.put("share.made", plan, {"plan": plan, "share": id}, place=card.place)
        return self.share(plan, id)

    def revoke(self, plan: str, id: str) -> Share:
        """End a link now; one that is revoked stays as it is.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``share_not_here``.
        """
        tx = self._tx
        card = tx.life.hold(plan)
        share = self.share(plan, id)
        if share.revoked_at is None:
            values = {"revoked_at": tx.act.at, "revoked_by": tx.act.who}
            tx.connection.execute(update(plan_shares).where(plan_shares.c.id == id).values(**values))
            tx.audit.record("share.revoke", plan, place=card.place, after={"share": id, "label": share.label})
            tx.outbox.put("share.revoked", plan, {"plan": plan, "share": id}, place=card.place)
        return self.share(plan, id)

    def share(self, plan: str, id: str) -> Share:
        """One link of a plan.

        Raises
        ------
        NotFound
            ``plan_unknown``, ``share_not_here``.
        """
        self._tx.plans.card(plan)
        wanted = select(*_SHARE).where(plan_shares.c.plan == plan, plan_shares.c.id == id)
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            raise NotFound("share_not_here", measured=id)
        return Share(**row._mapping)

    def of_plan(self, plan: str) -> tuple[Share, ...]:
        """All links of a plan, the newest first."""
        self._tx.plans.card(plan)
        wanted = select(*_SHARE).where(plan_shares.c.plan == plan)
        wanted = wanted.order_by(plan_shares.c.created_at.desc(), plan_shares.c.id)
        return tuple(Share(**row._mapping) for row in self._tx.connection.execute(wanted))

    def find(self, token_hash: str) -> Share | None:
        """The link of a token; ``None`` for none.  Whose plan it is comes with it: ask it seeing everything.

        How long the database looks says nothing about a token, of which it knows the hash only; and the hash itself
        is compared in constant time.
        """
        row = self._tx.connection.execute(
            select(*_SHARE, plan_shares.c.hash).where(plan_shares.c.hash == token_hash)
        ).first()
        if row is None or not hmac.compare_digest(str(row.hash).encode(), token_hash.encode()):
            return None
        return Share(**{name: value for name, value in row._mapping.items() if name != "hash"})

    def note_use(self, id: str, *, opened: bool) -> None:
        """Remember that somebody reads by a link; counted where the page was opened."""
        values = {"last_used_at": self._tx.act.at, "uses": plan_shares.c.uses + int(opened)}
        self._tx.connection.execute(update(plan_shares).where(plan_shares.c.id == id).values(**values))
