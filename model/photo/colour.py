"""From any colour mode that Pillow hands over to plain sRGB: profiles, transparency, deep greys."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from model.errors import PhotoError

if TYPE_CHECKING:
    from PIL import ImageCms

_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_WIDE_GREY = ("I", "F")
_SRGB_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))


def without_transparency(photo: Image.Image, *, shown: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the photo in 8 bits without transparency, and the notes `sixteen_bit` and `transparency` as they apply.

    Raises PhotoError `fully_transparent` when there is nothing to see.
    """
    if photo.mode in _SIXTEEN_BIT + _WIDE_GREY:
        return _eight_bit_grey(photo), ("sixteen_bit",)
    if not photo.has_transparency_data:
        return photo, ()
    photo = photo.convert("RGBA")
    alpha = photo.getchannel("A")
    least, most = alpha.getextrema()
    if most == 0:
        sentence = f"{shown} is fully transparent, there is nothing to see; export it without transparency."
        raise PhotoError("fully_transparent", sentence)
    if least == 255:
        return photo.convert("RGB"), ()
    on_white = Image.new("RGB", photo.size, "white")
    on_white.paste(photo, mask=alpha)
    return on_white, ("transparency",)


def _eight_bit_grey(photo: Image.Image) -> Image.Image:
    """Return 16 bits scaled by their full range, and 32-bit integers and floats from their least to their most."""
    values = np.asarray(photo, dtype=np.float32)
    if photo.mode in _SIXTEEN_BIT:
        return Image.fromarray((values / 257 + 0.5).astype(np.uint8))
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no finite pixel")
    least, most = values.min(where=finite, initial=np.inf), values.max(where=finite, initial=-np.inf)
    spread = np.float64(most) - np.float64(least)
    scaled = (np.where(finite, values, least) - np.float64(least)) * (255 / spread if spread > 0 else 0)
    return Image.fromarray((scaled + 0.5).astype(np.uint8))


def in_srgb(photo: Image.Image, icc: bytes) -> Image.Image:
    """Return the photo in RGB, converted by its colour profile when that is usable and not sRGB anyway.

    Phones photograph in Display P3: read as sRGB its reds come out paler, and redness is the sign.
    A broken profile, or one of another colour space, is ignored as browsers do.
    """
    if photo.mode in ("RGB", "CMYK") and icc and not any(name in icc for name in _SRGB_NAMES):
        transform = _transform(icc, photo.mode)
        if transform is not None:
            return transform.apply(photo)
    return photo.convert("RGB")


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from a profile to sRGB, or None for a profile to ignore; kept, as a folder repeats its few."""
    from PIL import ImageCms  # Loads Little CMS, which most photos do not need.

    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.ImageCmsTransform(profile, srgb, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
