"""OGC API - Features: parameters, links and documents; the routes are in `api.routes.ogc`."""
