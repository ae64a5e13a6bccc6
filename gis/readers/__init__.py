"""Readers: files of every kind in, checked layers out; each collects all faults before it raises."""
