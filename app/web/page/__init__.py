"""The page that a person sees, its scripts and styles."""
