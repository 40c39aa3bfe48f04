"""Logits of photos from the network that is being trained, before it is exported."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from model.preprocess import Preprocess
from training.fitting.network import EvidenceNetwork
from training.loading.shards import Photos


def logits_of(network: EvidenceNetwork, pixels: Photos, preprocess: Preprocess) -> NDArray[np.float64]:
    """Return the logits (n, outputs) of photos that have the network's size."""
    network.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 32):
            some = range(start, min(start + 32, len(pixels)))
            batch = np.stack([preprocess.normalise(np.asarray(pixels[row])) for row in some])
            photos = torch.from_numpy(batch).to(memory_format=torch.channels_last)
            rows.append(network(photos)[0].double().numpy())
    return np.concatenate(rows)
