"""From a photo to a prediction: reading, preprocessing, the network on ONNX Runtime, and its calibration.

Never imports torch, gradio or albumentations, so that scoring starts fast and installs small. To import it switches off
what packages would report to their makers.
"""

from model.no_telemetry import switch_off

switch_off()
