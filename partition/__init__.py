"""The optimisation core: rules, plans, zoning and the independent checks. Numbers in, numbers out.

It may import `gis`; it never imports a web framework, a database library or a map library.
"""
