"""Labelled photos, whosever they are: read, checked, imported, merged, counted; groups never part."""
