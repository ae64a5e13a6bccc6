"""Zoning: cutting communities into grids."""
