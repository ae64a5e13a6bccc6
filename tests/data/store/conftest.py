"""Fixtures: stores of both kinds."""

from tests.stores import embedded_store, migrated_file, migrated_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_store", "store"]
