"""Minutes to every door: arrival times on the streets, promises checked to the worst address, nearest units."""
