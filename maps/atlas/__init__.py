"""The atlas: one PDF of a plan with an index and a sheet per community, true to scale, to print and to file."""

from maps.atlas.write import AtlasSummary, write_atlas

__all__ = ["AtlasSummary", "write_atlas"]
