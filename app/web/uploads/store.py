"""What happens to an uploaded file: decoded at once, kept for minutes as bare pixels, forgotten.

The file itself, with its name, place, time and camera, never reaches the disk. What does is a folder with a random
name that holds the pixels that the classifier will see and what the reader noted, so that the page scores exactly
what the command line would; a larger picture to show; and the photo in more detail, in case the person frames a part.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.web.gradio_setup import gr
from app.web.uploads.crop import Crop
from model.errors import PhotoError
from model.photo import Photo, read_photo

Reader = Callable[[bytes], Photo]

PHOTOS = "photos"
PIXELS = "photo.png"
"""What people see of the photo; also what is scored, where `SCORED` is not there."""
SCORED = "scored.png"
NOTES = "photo.json"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
"""As `secrets.token_urlsafe(24)` makes them."""
DETAIL = "detail.jpg"
DETAIL_SIDE = 1536
"""The shorter side at most: a framed tenth still has the pixels that the smallest good photo has."""
UNREADABLE = Path(__file__).parents[2] / "pictures" / "unreadable.png"
"""Shown in place of a file that is no photo; the words come with the answer."""


@dataclass(frozen=True, slots=True)
class PhotoStore:
    """Photos of the last minutes, by the random path that their owner alone was told."""

    folder: Path
    """Gradio's temp folder: Gradio serves nothing from elsewhere."""
    read: Reader
    """`Classifier.read` with a picture to show, so that a photo is kept at the scale that the model needs."""
    words: Mapping[str, str]
    """The page's words: `expired` and `upload_first`."""
    max_age: float = 300.0
    """Seconds."""
    prepare: Callable[[], object] = lambda: None
    """Called before a photo is kept; see `PrivateFolder.tend`."""

    def receive(self, data: bytes) -> Path:
        """Return the path of a clean copy of a file's photo; a file that is no photo gets a path as well.

        Its error waits there until `load` is asked for it.
        """
        place = self.folder / PHOTOS / secrets.token_urlsafe(24)
        try:
            photo = self.read(data)
        except PhotoError as error:
            notes: dict[str, Any] = {"error": error.code, "sentence": str(error)}
            picture, detail, scored = UNREADABLE.read_bytes(), None, None
        else:
            notes = {"size": photo.size, "notes": photo.notes, "sha256": photo.sha256}
            picture = _png(photo.picture)
            detail = _detail(data)
            scored = None if photo.shown is None else _png(photo.pixels)
        self.prepare()
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.mkdir(mode=0o700)
        (place / NOTES).write_text(json.dumps(notes), encoding="utf-8")
        if detail is not None:
            (place / DETAIL).write_bytes(detail)
        if scored is not None:
            (place / SCORED).write_bytes(scored)
        (place / PIXELS).write_bytes(picture)
        return place / PIXELS

    def load(self, path: Path, crop: Crop | None = None) -> Photo:
        """Return the photo at a path that `receive` gave out, or a part of it, read as if it were a photo of its own.

        Raises PhotoError: its own, `missing` by now, or `too_small` for the part.
        """
        place = self.place_of(path)
        try:
            notes = json.loads((place / NOTES).read_text(encoding="utf-8"))
            if "error" in notes:
                raise PhotoError(notes["error"], notes["sentence"])
            if crop is not None:
                with Image.open(place / DETAIL, formats=("JPEG",)) as picture:
                    part = self.read(crop.cut(picture))
                return replace(part, notes=tuple(notes["notes"]), sha256=notes["sha256"])
            pixels = _pixels(place / PIXELS)
            shown = pixels if (place / SCORED).exists() else None
            if shown is not None:
                pixels = _pixels(place / SCORED)
        except FileNotFoundError:
            raise PhotoError("missing", self.words["expired"]) from None
        width, height = notes["size"]
        return Photo(pixels, (width, height), tuple(notes["notes"]), notes["sha256"], shown)

    def place_of(self, path: Path) -> Path:
        """Return the folder of the photo at a path that `receive` gave out, put together anew from its token.

        Raises PhotoError `missing` for any other path: one that leads there by way of `..` or of links included.
        """
        home = self.folder / PHOTOS
        token = path.parent.name
        place = home / token
        is_given_out = _TOKEN.fullmatch(token) and path == place / PIXELS
        try:
            if is_given_out and path.resolve() == home.resolve() / token / PIXELS:
                return place
        except (OSError, RuntimeError, ValueError):  # A link that leads to itself, a zero byte.
            pass
        raise PhotoError("missing", self.words["upload_first"])

    def forget(self, path: Path) -> None:
        """Remove one photo at once; a path that `receive` cannot have given out is left alone."""
        with suppress(PhotoError):
            shutil.rmtree(self.place_of(path), ignore_errors=True)

    def purge(self) -> None:
        """Remove the photos that are older than `max_age`."""
        oldest = time.time() - self.max_age
        for place in (self.folder / PHOTOS).glob("*"):
            try:
                expired = place.stat().st_mtime < oldest
            except FileNotFoundError:
                continue
            if expired:
                shutil.rmtree(place, ignore_errors=True)


class UploadedPhoto(gr.Image):
    """`gr.Image` that hands on nothing but paths of `PhotoStore`.

    Stock `gr.Image` lets a client name files of the server, or addresses for the server to fetch.
    """

    # Tells Gradio to draw it as its parent class.
    is_template = True

    def __init__(self, store: PhotoStore, *, refusal: str, **options: Any) -> None:
        """Take `gr.Image`'s options, and the words that answer a path that is no upload.

        The type is always a path to the untouched file.
        """
        self._store = store
        self._refused = refusal
        super().__init__(type="filepath", image_mode=None, format="png", **options)

    def get_config(self, cls: Any = None) -> dict[str, Any]:
        """Return what the browser needs: the parent's parameters, since Gradio reads them off a signature."""
        return dict(super().get_config(cls or gr.Image))

    def example_payload(self) -> Any:
        """Return what the API description shows; the parent's is an address at a foreign host."""
        return {"path": "path from /gradio_api/upload", "meta": {"_type": "gradio.FileData"}}

    def example_value(self) -> Any:
        """Return what `example_payload` does."""
        return self.example_payload()

    def preprocess(self, payload: Any) -> str | None:
        """Return the path of an uploaded photo, or None. Raises gr.Error for any other path."""
        if payload is None:
            return None
        if not payload.path:
            raise self._refusal()
        self._check(payload.path)
        return str(payload.path)

    def move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """Return the path as it is. Raises gr.Error for a path that is no uploaded photo, addresses included."""
        if url_or_file_path is None:
            return None
        self._check(url_or_file_path)
        return str(url_or_file_path)

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """Return what `move_resource_to_block_cache` does: the parent's would fetch an address first."""
        return self.move_resource_to_block_cache(url_or_file_path)

    def _check(self, path: str | Path) -> None:
        try:
            self._store.place_of(Path(path))
        except PhotoError:
            raise self._refusal() from None

    def _refusal(self) -> Exception:
        return gr.Error(self._refused, print_exception=False)


def _detail(data: bytes) -> bytes:
    """Return the photo, its shorter side at most DETAIL_SIDE, as JPEG without any metadata."""
    picture = Image.fromarray(read_photo(data, shorter_side=DETAIL_SIDE).pixels)
    scale = DETAIL_SIDE / min(picture.size)
    if scale < 1:
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    buffer = BytesIO()
    picture.save(buffer, format="JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def _pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path, formats=("PNG",)) as picture:
        return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Return the pixels as PNG: lossless, without any metadata; level 1 because it lives for minutes."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
