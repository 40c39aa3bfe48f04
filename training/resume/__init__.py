"""A killed run goes on: checkpoints without pickle, and whether it is still the same run."""
