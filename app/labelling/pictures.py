"""Pictures of a photo for a reader: as large as the window needs, in full to zoom in, and the model's evidence."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.labelling.survey import Surveyed
from app.views.evidence import as_jpeg, choose_map
from app.views.overlay import has_positive_part, overlay
from model.classifier import Classifier
from model.errors import PhotoError
from model.photo import Photo, read_bytes, read_photo

LONGEST_SIDE = 1600
"""Pixels of the picture that is loaded ahead: as many as a large window shows."""
LONGEST_FULL = 6000
_KEPT = 32
"""Pictures kept in memory, of a few hundred kB each."""


class Pictures:
    """Pictures as JPEG, without metadata, made when they are asked for; nothing is written to disk."""

    def __init__(self, classifier: Classifier) -> None:
        """Take what shows the evidence."""
        self._classifier = classifier
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def photo(self, photo: Surveyed) -> bytes:
        """Return a photo with at most `LONGEST_SIDE` pixels on its longer side. Raises PhotoError."""
        return self._remembered(("photo", photo.sha256), lambda: as_jpeg(_read(photo, LONGEST_SIDE), quality=88))

    def full(self, photo: Surveyed) -> bytes:
        """Return a photo in full, with at most `LONGEST_FULL` pixels on its longer side. Raises PhotoError."""
        return as_jpeg(_read(photo, LONGEST_FULL), quality=92)

    def evidence(self, photo: Surveyed) -> bytes | None:
        """Return where the score of the likeliest category comes from, over the photo. Raises PhotoError.

        None where no part of the photo speaks for it. The picture has the proportions of the photo.
        """
        read = self._classifier.read(_bytes(photo), shown=True, name=photo.candidate.path.name)
        (prediction,) = self._classifier.classify([read], evidence=True)
        chosen = choose_map(prediction, self._classifier.card.parents)
        if chosen is None or prediction.evidence is None or not has_positive_part(chosen[1]):
            return None
        return as_jpeg(overlay(read, chosen[1], prediction.evidence.box), quality=85)

    def _remembered(self, key: tuple[str, str], make: Callable[[], bytes]) -> bytes:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _read(photo: Surveyed, longest: int) -> NDArray[np.uint8]:
    data = _bytes(photo)
    # A photo four times as long as wide still has `longest` pixels then.
    shorter = None if longest == LONGEST_FULL else longest // 4 * 3
    read: Photo = read_photo(data, shorter_side=shorter, name=photo.candidate.path.name)
    picture = Image.fromarray(read.pixels)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(picture, dtype=np.uint8)


def _bytes(photo: Surveyed) -> bytes:
    """Return the bytes of a photo, if they are still those that its labels are about. Raises PhotoError."""
    data = read_bytes(photo.candidate.path)
    if sha256(data).hexdigest() != photo.sha256:
        name = photo.candidate.path.name
        raise PhotoError("damaged", f"{name!r} has changed since labelling began; start the command again.")
    return data
