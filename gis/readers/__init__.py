"""Readers: files of every kind in, checked layers out; each collects all faults before it raises.

`guard` and `archive` decide what may be opened, `vector`, `tables` and `osm` read it, `columns` says what a layer and
its columns mean, `checks` and `relations` hold it against the schema, `territory_file` and `sources` are the doors.
"""
