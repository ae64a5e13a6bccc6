"""The land: coordinates, readers, territory, atoms, adjacency.

The lowest floor. It knows shapely, geopandas and pyproj; it imports nothing of `partition`, `data`, `maps` or `api`.
"""
