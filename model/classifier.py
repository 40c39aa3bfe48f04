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
from model.decision import could_be, judge, kinds
from model.errors import ModelError
from model.photo import Photo, read_photo
from model.prediction import ABOUT_SCORES, Evidence, Prediction, level_of
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
            raise ModelError("bad_network", f"{str(path)!r} is no network that this version runs: {error}") from error
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
        batch = np.stack([one.pixels for one in prepared])
        names = ["logits", "evidence"] if evidence else ["logits"]
        results = self._session.run(names, {"photos": batch})
        logits = np.asarray(results[0])
        maps = np.asarray(results[1]) if evidence else None
        return [
            self._predict(one, logits[index], None if maps is None else Evidence(maps[index], one.box))
            for index, one in enumerate(prepared)
        ]

    def logits(self, prepared: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return the logits (n, outputs) of prepared photos, before temperature and decision: for training on them."""
        photos = np.stack([one.pixels for one in prepared])
        return np.asarray(self._session.run(["logits"], {"photos": photos})[0])

    def _predict(self, one: Prepared, logits: NDArray[np.float32], evidence: Evidence | None) -> Prediction:
        scores, named, because = judge(logits, self.card)
        if one.quality.refused:
            named, because = None, one.quality.refused
        sets = self.card.prediction_sets
        # Conformal prediction promises nothing of a photo that is unlike those it was calibrated on.
        fit = ABOUT_SCORES.issuperset(because)
        category = named.category if named else None
        ranked = kinds(scores, self.card) if fit else ()
        possible = could_be(ranked, category, self.card)
        level = level_of(category, possible, because)
        record, of = self.card.levels_or_older.record(level, self.card.parents)
        return Prediction(
            scores=scores,
            category=category,
            probability=named.probability if named else None,
            not_sure_because=because,
            photo_notes=one.notes,
            model_version=self.card.version,
            members=() if named is None else tuple(self.card.parents.get(named.category, (named.category,))),
            prediction_set=sets.of(scores) if sets is not None and fit else (),
            kinds=ranked,
            could_be=possible,
            record=record,
            record_of=of,
            evidence=evidence,
        )
