"""The tables of a period's incidents."""

from data.papers.incidents.tables import write_incident_tables
from data.papers.incidents.text import incidents_csv

__all__ = ["incidents_csv", "write_incident_tables"]
