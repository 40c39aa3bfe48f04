"""Many photos into files: sources, outputs, and a run that can be killed."""
