"""Features: what a network makes of a photo before it decides, for telling how different two photos are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

from model.card import NETWORK
from model.classifier import Classifier, Prepared
from model.errors import ModelError

EVIDENCE = "evidence"

# The few fields of onnx.proto3 that are read here, by number; all others are kept as they are.
_FIELDS = {
    "ModelProto": (("graph", 7, "GraphProto", False),),
    "GraphProto": (("node", 1, "NodeProto", True), ("output", 12, "ValueInfoProto", True)),
    "NodeProto": (("input", 1, "", True), ("output", 2, "", True), ("op_type", 4, "", False)),
    "ValueInfoProto": (("name", 1, "", False),),
}


class FeatureNetwork:
    """The network of a model folder, which tells its features as well. Safe to use from several threads at once."""

    def __init__(self, classifier: Classifier, session: onnxruntime.InferenceSession, maps: Sequence[str]) -> None:
        """Take what `load` has opened; call `load` instead."""
        self.classifier = classifier
        self._session = session
        self._maps = list(maps)

    @classmethod
    def load(cls, folder: Path) -> FeatureNetwork:
        """Return the network in a model folder. Raises ModelError."""
        classifier = Classifier.load(folder)
        path = folder / NETWORK
        data, maps = with_feature_maps(path.read_bytes())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions share no base class but this
            raise ModelError(
                "bad_network", f"{str(path)!r} shows none of its features ({error}); copy the whole model folder again."
            ) from error
        return cls(classifier, session, maps)

    def look(self, prepared: Prepared) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the logits (outputs,) and the features (n,) of a photo: unit length, averaged over the photo."""
        logits, *maps = self._session.run(["logits", *self._maps], {"photos": prepared.pixels[None]})
        features = np.concatenate([np.asarray(one)[0].mean(axis=(1, 2)) for one in maps])
        length = float(np.linalg.norm(features))
        return np.asarray(logits)[0], np.asarray(features / length if length else features, np.float32)


def with_feature_maps(network: bytes) -> tuple[bytes, list[str]]:
    """Return an ONNX network that gives out its feature maps too, and their names.

    They are what the convolutions read that are nearest to its output `evidence`: the heads of all networks here, see
    `training.fitting.network`. Raises ModelError where there are none.
    """
    model = _message("ModelProto")()
    model.ParseFromString(network)
    makers = {name: node for node in model.graph.node for name in node.output}
    maps: dict[str, None] = {}
    waiting, seen = [EVIDENCE], {EVIDENCE}
    while waiting:
        node = makers.get(waiting.pop(0))
        if node is None:
            continue
        if node.op_type == "Conv":
            maps[node.input[0]] = None
            continue
        new = [name for name in node.input if name not in seen]
        seen.update(new)
        waiting += new
    known = {output.name for output in model.graph.output}
    if not maps or EVIDENCE not in known:
        raise ModelError("bad_network", "The network has no convolution before its evidence; export it again.")
    for name in maps:
        if name not in known:
            model.graph.output.add().name = name
    return model.SerializeToString(), list(maps)


@cache
def _message(name: str) -> Any:
    """Return the class of a message of ONNX. The package `onnx` belongs to training; protobuf is there without it."""
    file = descriptor_pb2.FileDescriptorProto(name="redspots_onnx.proto", package="redspots_onnx", syntax="proto3")
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        for field, number, kind, is_repeated in fields:
            kinds = descriptor_pb2.FieldDescriptorProto
            added = described.field.add(name=field, number=number)
            added.label = kinds.LABEL_REPEATED if is_repeated else kinds.LABEL_OPTIONAL
            added.type = kinds.TYPE_MESSAGE if kind else kinds.TYPE_STRING
            if kind:
                added.type_name = f".redspots_onnx.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"redspots_onnx.{name}"))
