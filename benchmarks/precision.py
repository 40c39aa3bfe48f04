"""Fewer bits for a model's network: what becomes of its figures, its speed and its size.

    python benchmarks/precision.py --photos photos/photos.csv --calibrate use=train --where use=evaluate

prints a table. int8 is ONNX Runtime's static quantization (QDQ, weights per channel, ranges of 300 photos).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from model.card import NETWORK, ModelCard
from model.categories import NOT_SKIN
from model.classifier import newest_release
from model.photo import read_photo
from training.data.manifest import Example, read_manifest

ENDS = 6, 3
"""Convolutions at the beginning and at the end that one variant leaves in 32 bits."""
CALIBRATING = 300
TIMED = 100
ROUNDS = 7


class Calibration(CalibrationDataReader):  # type: ignore[misc] - onnxruntime ships no types
    """Network inputs of some photos, one at a time."""

    def __init__(self, inputs: NDArray[np.float32]) -> None:
        """Take (n, 3, size, size)."""
        self._rest: Iterator[NDArray[np.float32]] = iter(inputs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input, or None."""
        one = next(self._rest, None)
        return None if one is None else {"photos": one[None]}


def variants(network: Path, inputs: NDArray[np.float32], folder: Path) -> dict[str, Path]:
    """Return the networks by name, made in `folder`."""
    plain = folder / "plain.onnx"
    quant_pre_process(str(network), str(plain))
    graph = onnx.load(plain)
    convolutions = [node.name for node in graph.graph.node if node.op_type == "Conv"]
    onnx.save(convert_float_to_float16(graph, keep_io_types=True), folder / "fp16.onnx")
    for name, excluded in {
        "int8": [],
        "int8, ends in 32 bits": convolutions[: ENDS[0]] + convolutions[-ENDS[1] :],
    }.items():
        quantize_static(
            plain,
            folder / f"{name}.onnx",
            Calibration(inputs),
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            nodes_to_exclude=excluded,
        )
    names = ("fp16", "int8", "int8, ends in 32 bits")
    return {"fp32": network} | {name: folder / f"{name}.onnx" for name in names}


def inputs_of(examples: Sequence[Example], card: ModelCard) -> NDArray[np.float32]:
    """Return the network inputs (n, 3, size, size) of photos."""
    return np.stack(
        [card.preprocess(read_photo(one.path, shorter_side=card.preprocess.decoded_side).pixels) for one in examples]
    )


def session_of(network: Path) -> Any:
    """Return a session of one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def probabilities(session: Any, inputs: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return (n, outputs), photo by photo as in use."""
    logits = np.concatenate([session.run(["logits"], {"photos": one[None]})[0] for one in inputs]) / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def aucs(found: NDArray[np.float64], categories: Sequence[str], card: ModelCard) -> dict[str, float]:
    """Return areas under the curve of the categories and parents that the photos show."""
    truth = np.array(categories)
    groups = {name: (name,) for name in card.categories} | dict(card.parents)
    return {
        name: float(roc_auc_score(is_one, found[:, [card.outputs.index(member) for member in members]].sum(axis=1)))
        for name, members in groups.items()
        if (is_one := np.isin(truth, members)).any()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--calibrate", action="append", default=[], help="condition for the photos that set the ranges")
    parser.add_argument("--where", action="append", default=[], help="condition for the photos that measure")
    parser.add_argument("--model", type=Path, default=newest_release())
    chosen = parser.parse_args()
    card = ModelCard.read(chosen.model)
    known = (*card.outputs, NOT_SKIN)
    ranges, measured = (
        read_manifest(chosen.photos, categories=known, where=where)
        for where in ([*chosen.calibrate, "category!=dermoscopy_vascular"], chosen.where)
    )
    few = np.random.default_rng(0).choice(len(ranges), min(CALIBRATING, len(ranges)), replace=False)
    inputs = inputs_of(measured, card)
    with tempfile.TemporaryDirectory() as folder:
        networks = variants(chosen.model / NETWORK, inputs_of([ranges[i] for i in few], card), Path(folder))
        sessions = {name: session_of(path) for name, path in networks.items()}
        sizes = {name: path.stat().st_size / 1e6 for name, path in networks.items()}
    found = {name: probabilities(session, inputs, card.temperature) for name, session in sessions.items()}
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(ROUNDS):
        for name, session in sessions.items():
            start = time.process_time()
            for one in inputs[:TIMED]:
                session.run(["logits", "evidence"], {"photos": one[None]})
            times[name].append((time.process_time() - start) / TIMED * 1000)
    table = Table("network", "MB", "times as fast", "largest change of a probability")
    figures = {name: aucs(found[name], [one.category for one in measured], card) for name in sessions}
    for name in figures["fp32"]:
        table.add_column(f"AUC {name}")
    for name in sessions:
        speed = statistics.median(times["fp32"]) / statistics.median(times[name])
        change = np.abs(found[name] - found["fp32"]).max()
        table.add_row(
            name, f"{sizes[name]:.1f}", f"{speed:.2f}", f"{change:.3f}", *(f"{v:.4f}" for v in figures[name].values())
        )
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
