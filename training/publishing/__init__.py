"""Model folders: network, card for people and programs, notes, runs of MLflow."""
