"""Pictures of a scored photo for files and reports: the evidence over the photo, as JPEG."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.answers.words import Words
from app.views.overlay import has_positive_part, overlay
from model.categories import OTHER
from model.photo import Photo
from model.prediction import Evidence, Prediction, Score

EVIDENCE = "evidence"
THUMBNAIL = "thumbnail"
EVIDENCE_THUMBNAIL = "evidence_thumbnail"
THUMBNAIL_SIDE = 176
"""Longest side in pixels: 5,000 photos with their evidence stay below 100 MB in one report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustrator:
    """Draws the pictures of a photo that are wanted; safe to call from several threads at once."""

    words: Words
    parents: Mapping[str, tuple[str, ...]]
    """From the card."""
    wanted: frozenset[str]
    """`EVIDENCE`: the map over the photo. `THUMBNAIL`, `EVIDENCE_THUMBNAIL`: both small."""

    def __call__(self, photo: Photo, prediction: Prediction) -> dict[str, bytes]:
        """Return JPEG files by name; no evidence where no part of the photo spoke for the category."""
        shown = self._shown_map(prediction)
        pictures = {}
        if EVIDENCE in self.wanted and shown:
            pictures[EVIDENCE] = as_jpeg(overlay(photo, *shown), quality=82)
        if THUMBNAIL in self.wanted:
            small = Image.fromarray(photo.picture)
            small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
            pixels = np.asarray(small)
            pictures[THUMBNAIL] = as_jpeg(pixels, quality=72)
            if EVIDENCE_THUMBNAIL in self.wanted and shown:
                below = replace(photo, pixels=pixels, shown=None)
                pictures[EVIDENCE_THUMBNAIL] = as_jpeg(overlay(below, *shown), quality=72)
        return pictures

    def _shown_map(
        self, prediction: Prediction
    ) -> tuple[NDArray[np.float32], tuple[float, float, float, float]] | None:
        # Where the words hold the numbers back, since the photo was unfit, the map would say as little.
        if not self.words.answer(prediction).shares:
            return None
        chosen = choose_map(prediction, self.parents)
        if chosen is None or not has_positive_part(chosen[1]) or prediction.evidence is None:
            return None
        return chosen[1], prediction.evidence.box


def choose_map(
    prediction: Prediction, parents: Mapping[str, Sequence[str]]
) -> tuple[Score, NDArray[np.float32]] | None:
    """Return the score and the map of the named category, of a parent's likelier member, or else of the likeliest."""
    evidence: Evidence | None = prediction.evidence
    candidates = [score for score in prediction.scores if score.category != OTHER]
    if evidence is None or not candidates:
        return None
    category = prediction.category
    members = () if category is None else parents.get(category, (category,))
    named = [score for score in candidates if score.category in members]
    likeliest = max(named or candidates, key=lambda score: score.probability)
    return likeliest, evidence.maps[prediction.scores.index(likeliest)]


def as_jpeg(pixels: NDArray[np.uint8], *, quality: int) -> bytes:
    """Return the bytes of a JPEG file without metadata."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=quality)
    return file.getvalue()


def jpeg_address(pixels: NDArray[np.uint8]) -> str:
    """Return a picture as a data address, for HTML that asks nothing of any server."""
    return "data:image/jpeg;base64," + base64.b64encode(as_jpeg(pixels, quality=82)).decode("ascii")
