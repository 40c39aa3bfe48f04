"""Labelled photos through a model: figures with intervals, comparisons, diagrams."""
