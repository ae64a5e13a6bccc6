"""The store: territories, plans, accounts and jobs, in PostGIS or in one SQLite file, through one set of tables."""

from data.store.database import SqlStore, open_store
from data.store.tx import Tx
from data.store.types import EVERYWHERE, Act, Event, Store

__all__ = ["EVERYWHERE", "Act", "Event", "SqlStore", "Store", "Tx", "open_store"]
