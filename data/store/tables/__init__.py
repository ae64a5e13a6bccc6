"""The one table layout of both stores (SQLAlchemy Core; geometry through GeoAlchemy2)."""

from data.store.tables import addresses, coverage, incidents, layers, notes, plans, service, sweeps, tracks
from data.store.tables.base import METADATA
from data.store.tables.layers import LAYER_TABLES

__all__ = [
    "LAYER_TABLES",
    "METADATA",
    "addresses",
    "coverage",
    "incidents",
    "layers",
    "notes",
    "plans",
    "service",
    "sweeps",
    "tracks",
]
