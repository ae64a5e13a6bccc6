"""What lies inside the jurisdiction of a transaction, as a condition."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, true

from data.store.tx import Tx


def is_inside(place: ColumnElement[str], tx: Tx) -> ColumnElement[Any]:
    """Whether a code starts with the transaction's jurisdiction.

    By parts of text: ``LIKE`` takes capital and small letters for the same in SQLite, and has signs of its own.
    """
    prefix = tx.jurisdiction
    return func.substr(place, 1, len(prefix)) == prefix if prefix else true()
