"""The page and the interface for programs, as one application."""
