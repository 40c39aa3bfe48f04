"""From a trained network to the files that a model folder holds: ONNX for use, safetensors for retraining."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.torch import save_file

from model.card import NETWORK, WEIGHTS
from model.errors import OutputError
from training.fitting.network import EvidenceNetwork

TOLERANCE = 1e-3
"""Largest difference between the logits of torch and of the exported file; rounding makes about 1e-5."""


def export_network(network: EvidenceNetwork, folder: Path, *, size: int) -> None:
    """Write classifier.onnx and weights.safetensors into a folder, and check that both runtimes agree.

    Raises OutputError when the files cannot be written or their logits differ.
    """
    network = network.eval().to(memory_format=torch.contiguous_format)
    photos = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    batch = torch.export.Dim("batch", min=1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own deprecated internals
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            torch.onnx.export(
                network,
                (photos,),
                str(folder / NETWORK),
                input_names=["photos"],
                output_names=["logits", "evidence"],
                dynamic_shapes={"photos": {0: batch}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        forget_origin(folder / NETWORK)
        save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / WEIGHTS)
        # safetensors lets the owner alone read it; a server often runs as somebody else.
        with suppress(PermissionError):  # Some file systems know no modes.
            (folder / WEIGHTS).chmod((folder / NETWORK).stat().st_mode)
    except OSError as error:
        raise OutputError(
            "cannot_write", f"The model cannot be written to {str(folder)!r} ({error}); make room."
        ) from error
    with torch.inference_mode():
        expected = network(photos)[0].numpy()
    session = onnxruntime.InferenceSession(str(folder / NETWORK), providers=["CPUExecutionProvider"])
    difference = float(np.abs(np.asarray(session.run(["logits"], {"photos": photos.numpy()})[0]) - expected).max())
    if not difference < TOLERANCE:
        raise OutputError(
            "cannot_write",
            f"The exported network differs from the trained one by {difference:.2g}; choose another backbone.",
        )


def forget_origin(path: Path) -> None:
    """Remove what the exporter notes beside the network: source lines, and with them the paths of this machine."""
    model = onnx.load(path)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)
