"""Uploaded photos, from the form to their removal."""
