"""Formats with one histogram a row: DIALS and the legacy CSV."""
