"""Use cases: load -> compute -> check -> save.  The public Python API."""
