"""Classifier: a model folder opened with ONNX Runtime. One photo is a batch of one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from model.card import NETWORK, ModelCard
from model.decision import predict
from model.errors import ModelError
from model.photo import Photo, read_photo
from model.prediction import Evidence, Prediction
from model.quality import Quality, check_quality

RELEASES = Path(__file__).parent / "released"
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def newest_release() -> Path:
    """Return the folder of the newest model that ships with this package. Raises ModelError if there is none."""
    # What a training run keeps beside its output while it lasts has no version for a name.
    folders = [path for path in RELEASES.glob("*") if path.is_dir() and _VERSION.fullmatch(path.name)]
    if not folders:
        raise ModelError("missing_model", f"No model ships in {str(RELEASES)!r}; train one with `redspots train`.")
    return max(folders, key=lambda folder: [int(part) for part in folder.name.split(".")])


@dataclass(frozen=True, slots=True)
class Prepared:
    """One photo, ready for the network; much smaller than the photo, so that a queue of them stays small."""

    pixels: NDArray[np.float32]
    """(3, size, size), normalised."""
    quality: Quality
    notes: tuple[str, ...]
    box: tuple[float, float, float, float]


class Classifier:
    """A model that turns photos into predictions. Safe to call from several threads at once."""

    def __init__(self, card: ModelCard, session: onnxruntime.InferenceSession) -> None:
        """Take what `load` has checked; call `load` instead."""
        self.card = card
        self._session = session

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, threads: int = 1) -> Classifier:
        """Return the classifier in a model folder.

        `threads` is the number that one call of `classify` may use. Raises ModelError.
        """
        folder = Path(folder)
        card = ModelCard.read(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Without this, idle threads spin and take the cores from those that decode photos.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = folder / NETWORK
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            outputs = {output.name: output.shape for output in session.get_outputs()}
            channels = (outputs["logits"][1], outputs["evidence"][1])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's exceptions share no base class but this
            raise ModelError(
                "bad_network",
                f"{str(path)!r} is not a network that this version runs ({error}); copy the folder again.",
            ) from error
        if channels != (len(card.outputs), len(card.outputs)):
            raise ModelError(
                "bad_network", f"{str(path)!r} has {channels} outputs, its card {len(card.outputs)}; export it again."
            )
        return cls(card, session)

    def read(self, source: str | os.PathLike[str] | bytes, *, shown: bool = False, name: str | None = None) -> Photo:
        """Return a photo decoded at the scale that this model needs, with a picture if `shown`. Raises PhotoError."""
        return read_photo(source, shorter_side=self.card.preprocess.decoded_side, shown=shown, name=name)

    def prepare(self, photo: Photo) -> Prepared:
        """Return the network's input and the quality of one photo."""
        preprocess, limits = self.card.preprocess, self.card.quality
        square = preprocess.resize(photo.pixels)
        quality = check_quality(photo, limits, square=square if preprocess.size >= limits.side else None)
        height, width = photo.pixels.shape[:2]
        box = preprocess.box(width=width, height=height)
        return Prepared(preprocess.normalise(square), quality, photo.notes + quality.notes, box)

    def classify(self, photos: Sequence[Photo], *, evidence: bool = False) -> list[Prediction]:
        """Return one prediction per photo, in order; with evidence maps if asked."""
        return self.classify_prepared([self.prepare(photo) for photo in photos], evidence=evidence)

    def classify_prepared(self, prepared: Sequence[Prepared], *, evidence: bool = False) -> list[Prediction]:
        """Return one prediction per prepared photo, in order."""
        if not prepared:
            return []
        logits, *maps = self._run(prepared, ["logits", "evidence"] if evidence else ["logits"])
        return [
            predict(
                logits[index],
                self.card,
                refused=one.quality.refused,
                notes=one.notes,
                evidence=Evidence(maps[0][index], one.box) if maps else None,
            )
            for index, one in enumerate(prepared)
        ]

    def logits(self, prepared: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return the logits (n, outputs) of prepared photos, before temperature and decision: for training on them."""
        return self._run(prepared, ["logits"])[0]

    def _run(self, prepared: Sequence[Prepared], names: list[str]) -> list[NDArray[np.float32]]:
        """Return outputs of the network by their names."""
        photos = np.stack([one.pixels for one in prepared])
        return [np.asarray(values) for values in self._session.run(names, {"photos": photos})]
