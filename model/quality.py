"""Is this photo good enough to judge, and is it skin at all: reasons in codes, from cheap statistics of a thumbnail.

The limits were set on 857 photos of skin, on the same ones spoilt, and on 100 photos of things, so that next to none of
the first is refused (training/EXPERIMENTS.md has the figures); they catch what no classifier can judge. Doubtful photos
get a note instead, and stay for the classifier to judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from model.photo import Photo

_THUMBNAIL_SIDE = 192
"""Blur is measured at this shorter side, so that it is relative to the photo, not to its pixels."""


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Where a photo stops being judged. Luma (ITU-R BT.601 weights) and differences are of 255, shares in [0, 1]."""

    too_dark: float = 25
    """Refused when the luma that 95 % of the pixels stay below is less. Well lit, the darkest skin has about 40."""
    dim: float = 55
    """Noted when that luma is less."""
    too_bright: float = 0.5
    """Refused when a larger share of the pixels has luma 250 or more: burnt out, and redness with it."""
    flat: float = 6
    """Refused when the middle 98 % of the lumas spread over less: one colour, nothing to see."""
    blurred_share: float = 0.06
    """Refused when fine detail is a smaller share of all contrast, and also below `blurred_detail`."""
    blurred_detail: float = 2.0
    """Standard deviation of fine detail, in luma. Both count: shadows raise all contrast, dark skin lowers both."""
    soft_share: float = 0.08
    """Noted when below, as for `blurred_share`."""
    soft_detail: float = 3.0
    """Noted when below, as for `blurred_detail`."""
    noisy_luma: float = 11
    """Refused when the noise of the calmest tenth of the photo has a larger standard deviation, in luma."""
    noisy_colour: float = 12
    """Refused when that in red minus green is larger: hair and scales have fine detail in luma, hardly in colour."""
    drawn: float = 0.4
    """Refused as a drawing or a screenshot when a larger share of the pixels, black and white ones left aside, equals
    both neighbours. In photos it is below 0.11; smooth skin of the darkest and lightest tones, which has few different
    values, comes to 0.36. Dim and soft photos are spared for the same reason."""
    noise_share: float = 0.85
    """Refused as no skin when fine detail is a larger share of all contrast: in photos it is below 0.75."""
    skin_share: float = 0.3
    """Refused when a smaller share of the pixels has a colour that skin can have."""
    least_red_over_green: float = 0.03
    """Skin's ln(red / green) from here (Monk tone 1): blood and melanin absorb green more than red, in any skin."""
    most_red_over_green: float = 1.2
    """To here (sunburn)."""
    least_green_over_blue: float = -0.45
    """Skin's ln(green / blue) from here (violet bruises)."""
    most_green_over_blue: float = 0.6
    """To here (tanned skin in yellow light)."""
    too_small: int = 100
    """Refused when the shorter side has fewer pixels: petechiae are lost."""
    small: int = 200
    """Noted when the shorter side has fewer pixels: petechiae may be lost."""

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if (
            self.dim < self.too_dark
            or self.soft_share < self.blurred_share
            or self.soft_detail < self.blurred_detail
            or self.small < self.too_small
        ):
            raise ValueError("a note comes before its refusal: dim >= too_dark, soft >= blurred, small >= too_small")
        if (
            self.least_red_over_green >= self.most_red_over_green
            or self.least_green_over_blue >= self.most_green_over_blue
        ):
            raise ValueError("a range of skin colours must begin below its end")


@dataclass(frozen=True, slots=True)
class Quality:
    """What speaks against judging a photo."""

    refused: tuple[str, ...]
    """Codes among `too_small`, `too_dark`, `too_bright`, `flat`, `blurred`, `noisy`, `drawn`, `no_skin`; empty for a
    photo that can be judged."""
    notes: tuple[str, ...]
    """Codes among `dim`, `soft`, `small`: judged all the same."""


_DEFAULT_LIMITS = QualityLimits()


def check_quality(photo: Photo, limits: QualityLimits = _DEFAULT_LIMITS) -> Quality:
    """Return the reasons not to judge a photo, and the notes on one that is judged; about 2 ms.

    A photo without light or detail is not also called blurred or no skin: its colours and edges say nothing. Nor is a
    noisy one called no skin.
    """
    thumbnail = _thumbnail(photo.pixels)
    grey = thumbnail.convert("L")
    refused, notes = _check_light(grey, limits)
    if not refused:
        share, detail = _fine_detail(grey)
        if share < limits.blurred_share and detail < limits.blurred_detail:
            refused.append("blurred")
        elif share < limits.soft_share and detail < limits.soft_detail:
            notes.append("soft")
        if not (refused or notes) and drawn_share(thumbnail) > limits.drawn:
            refused.append("drawn")
        if _is_noisy(thumbnail, grey, limits):
            refused.append("noisy")
        elif share > limits.noise_share or skin_share(np.asarray(thumbnail.reduce(2)), limits) < limits.skin_share:
            refused.append("no_skin")
    if min(photo.size) < limits.too_small:
        refused.append("too_small")
    elif min(photo.size) < limits.small:
        notes.append("small")
    return Quality(tuple(refused), tuple(notes))


def _thumbnail(pixels: NDArray[np.uint8]) -> Image.Image:
    photo = Image.fromarray(pixels)
    scale = _THUMBNAIL_SIDE / min(photo.size)
    if scale >= 1:
        return photo
    size = round(photo.width * scale), round(photo.height * scale)
    return photo.resize(size, Image.Resampling.BOX, reducing_gap=1.0)


def _check_light(grey: Image.Image, limits: QualityLimits) -> tuple[list[str], list[str]]:
    """Return refusals and notes about exposure and contrast, from the histogram."""
    histogram = np.array(grey.histogram())
    shares = np.cumsum(histogram) / histogram.sum()
    darkest, light, brightest = np.searchsorted(shares, (0.01, 0.95, 0.99))
    refused = []
    if light < limits.too_dark:
        refused.append("too_dark")
    if 1 - shares[249] > limits.too_bright:
        refused.append("too_bright")
    if brightest - darkest < limits.flat:
        refused.append("flat")
    return refused, ["dim"] if limits.too_dark <= light < limits.dim else []


def _fine_detail(grey: Image.Image) -> tuple[float, float]:
    """Return the contrast that a 5 x 5 mean takes away: as a share of all contrast, and in luma."""
    luma = np.asarray(grey, dtype=np.float32)
    detail = float((luma - np.asarray(grey.filter(ImageFilter.BoxBlur(2)), dtype=np.float32)).std())
    return detail / (float(luma.std()) + 1), detail


def _is_noisy(thumbnail: Image.Image, grey: Image.Image, limits: QualityLimits) -> bool:
    if noise(np.asarray(grey, dtype=np.int16)) > limits.noisy_luma:
        return True
    red, green = (np.asarray(thumbnail.getchannel(channel), dtype=np.int16) for channel in ("R", "G"))
    return noise(red - green) > limits.noisy_colour


def noise(values: NDArray[np.int16]) -> float:
    """Return the standard deviation of noise in the calmest tenth of (height, width) values.

    Immerkaer's difference of Laplacians (Computer Vision and Image Understanding, 1996), which is blind to edges that
    are straight, in squares of 8 x 8. Spots, hair and scales leave some squares calm; noise leaves none.
    """
    lines = values[:-2] - 2 * values[1:-1] + values[2:]
    detail = np.abs(lines[:, :-2] - 2 * lines[:, 1:-1] + lines[:, 2:])
    rows, columns = detail.shape[0] // 8, detail.shape[1] // 8
    # First whole rows of pixels, then the few sums: in one step it takes twice as long.
    sums = detail[: 8 * rows, : 8 * columns].reshape(rows, 8, -1).sum(axis=1, dtype=np.int32)
    squares = sums.reshape(rows, columns, 8).sum(axis=2) / 64
    # What np.percentile gives; that loads numpy.ma, a twentieth of the time of a run over one photo.
    calmest = np.interp(0.1 * (squares.size - 1), np.arange(squares.size), np.sort(squares, axis=None))
    # For normal noise the mean of the absolute detail is 6 sqrt(2 / pi) times its standard deviation.
    return float(np.sqrt(np.pi / 2) / 6 * calmest)


def drawn_share(thumbnail: Image.Image) -> float:
    """Return the share of pixels that equal their right and their lower neighbour, black and white left aside.

    Backgrounds that are black or white are even in photos, too.
    """
    colours = np.asarray(thumbnail.convert("RGBX")).view(np.uint32)[..., 0]
    red, green, blue = (np.asarray(thumbnail.getchannel(channel))[:-1, :-1] for channel in "RGB")
    lightest, darkest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    coloured = (lightest >= 20) & (darkest <= 240)
    here = colours[:-1, :-1]
    equal = (here == colours[:-1, 1:]) & (here == colours[1:, :-1]) & coloured
    return int(np.count_nonzero(equal)) / max(1, int(np.count_nonzero(coloured)))


def skin_share(pixels: NDArray[np.uint8], limits: QualityLimits = _DEFAULT_LIMITS) -> float:
    """Return the share of pixels, in [0, 1], whose colour skin can have; `pixels` are (height, width, 3) sRGB.

    Ratios of neighbouring channels hardly change with the light on the skin or with its tone, as pigments scale all
    channels in a fixed order. Wood, sand and warm light have such colours too: this only rules out.
    """
    red, green, blue = np.moveaxis(np.log(pixels.astype(np.float32) + 4), -1, 0)  # 4: dark pixels have noisy ratios.
    first, second = red - green, green - blue
    reddish = (first > limits.least_red_over_green) & (first < limits.most_red_over_green)
    in_order = (second > limits.least_green_over_blue) & (second < limits.most_green_over_blue)
    return float((reddish & in_order).mean())
