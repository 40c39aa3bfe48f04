"""From labelled photos to a model folder. The only package that imports torch, timm, albumentations and lightning."""
