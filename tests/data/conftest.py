"""Fixtures of the data floor: the PostGIS server."""

from tests.postgis import postgis, postgis_server

__all__ = ["postgis", "postgis_server"]
