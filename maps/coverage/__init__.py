"""What the maps of cameras and of response times hold: stretches of street, sight polygons, rings, and their words."""
