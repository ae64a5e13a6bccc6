"""Territory and plan files: GeoPackages, written in one step and byte for byte the same for the same content."""
