"""The part of a photo that a person framed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self

from PIL import Image

from model.errors import PhotoError


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle as shares of the photo, each from 0 to 1."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def parse(cls, value: Any) -> Self | None:
        """Return the crop that a browser sent as [left, top, width, height], or None for the whole photo.

        Raises PhotoError `bad_crop` for anything else.
        """
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != 4 or not all(_is_share(number) for number in value):
            raise _bad_crop()
        crop = cls(*(float(number) for number in value))
        # A little more than 1: shares are rounded in the browser.
        if min(crop.width, crop.height) <= 0 or max(crop.left + crop.width, crop.top + crop.height) > 1.001:
            raise _bad_crop()
        return crop

    def cut(self, picture: Image.Image) -> bytes:
        """Return this part of a picture, at least one pixel, as a PNG file."""
        width, height = picture.size
        left, top = (min(int(share * side), side - 1) for share, side in ((self.left, width), (self.top, height)))
        right = max(left + 1, min(width, math.ceil((self.left + self.width) * width)))
        bottom = max(top + 1, min(height, math.ceil((self.top + self.height) * height)))
        buffer = BytesIO()
        picture.crop((left, top, right, bottom)).save(buffer, format="PNG", compress_level=1)
        return buffer.getvalue()


def crop_of(crops: Any, index: int) -> Crop | None:
    """Return one of the crops that a browser sent: a list, or None where nothing is cropped. Raises PhotoError."""
    if crops is None:
        return None
    if not isinstance(crops, list):
        raise _bad_crop()
    return Crop.parse(crops[index]) if index < len(crops) else None


def _is_share(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 1


def _bad_crop() -> PhotoError:
    return PhotoError("bad_crop", "What was framed is no part of the photo; frame it again, or use the whole photo.")
