"""From labelled photos to a model folder. The only package that imports torch, timm, albumentations and lightning."""

# Importing `model` switches off what packages would report to their makers: before any of them is imported.
from model.no_telemetry import keep_caches_out_of_home

keep_caches_out_of_home()
