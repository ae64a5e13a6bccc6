"""Running the service: its door, its log, its figures, its worker, its end."""
