"""Is this photo good enough to judge, and is it skin at all: reasons in codes, from cheap statistics of a thumbnail.

The limits were set on 857 photos of skin, on the same ones spoilt, and on 100 photos of things, so that next to none of
the first is refused (training/EXPERIMENTS.md has the figures); they catch what no classifier can judge. Doubtful photos
get a note instead, and stay for the classifier to judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.colour_quality import block_colours, by_its_light, colourfulness, typical_ratios, unexplained_colour
from model.photo import Photo
from model.preprocess import centre_square

_MIDDLE_SIDE = 160
"""Side, in decoded pixels, of what noise and drawings are told by."""


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Where a photo stops being judged. Luma (ITU-R BT.601 weights) and differences are of 255, shares in [0, 1]."""

    side: int = 112
    """Side in pixels at which the photo's centre square is measured, so that blur and noise are relative to the photo,
    not to its pixels. The other limits hold for this side; a card without it, from before 0.3, has others."""
    too_dark: float = 25
    """Refused when the luma that 95 % of the pixels stay below is less. Well lit, the darkest skin has about 40."""
    dim: float = 55
    """Noted when that luma is less."""
    too_bright: float = 0.5
    """Refused when a larger share of the pixels has luma 250 or more: burnt out, and redness with it."""
    flat: float = 6
    """Refused when the middle 98 % of the lumas spread over less: one colour, nothing to see."""
    blurred_share: float = 0.05
    """Refused when fine detail is a smaller share of all contrast, and also below `blurred_detail`."""
    blurred_detail: float = 2.0
    """Standard deviation of fine detail, in luma. Both count: shadows raise all contrast, dark skin lowers both."""
    soft_share: float = 0.065
    """Noted when below, as for `blurred_share`."""
    soft_detail: float = 2.7
    """Noted when below, as for `blurred_detail`."""
    noisy_luma: float = 14
    """Refused when the noise of the calmest tenth of the photo has a larger standard deviation, in luma."""
    noisy_colour: float = 2.5
    """Refused when that in red minus green is larger: hair and scales have fine detail in luma, hardly in colour."""
    drawn: float = 0.48
    """Refused as a drawing or a screenshot when a larger share of the pixels, dark and white ones left aside, equals
    both neighbours. In photos it is below 0.2; smooth skin of the lightest tones, which has few different values, comes
    to 0.44. Dim and soft photos are spared for the same reason."""
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
    grey: float = 10
    """Refused when 95 % of the photo has channels closer together, in a well-lit photo: no colour."""
    one_hue: float = 1.6
    """Refused when the colour that lightness does not explain has a smaller standard deviation, in a well-lit photo: a
    scan or a filter has one hue all over."""
    least_typical_red_over_green: float = -0.7
    """Refused as in coloured light when the median of ln(red / green) is less (green, cyan)."""
    most_typical_red_over_green: float = 1.1
    """Or more (red); the reddest photo of skin has 0.99."""
    least_typical_green_over_blue: float = -0.7
    """Refused when the median of ln(green / blue) is less (blue, violet)."""
    most_typical_green_over_blue: float = 0.9
    """Or more (green, sodium lamps)."""
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
    """Codes among `too_small`, `too_dark`, `too_bright`, `flat`, `grey`, `one_hue`, `cast`, `blurred`, `noisy`,
    `drawn`, `no_skin`; empty for a photo that can be judged."""
    notes: tuple[str, ...]
    """Codes among `dim`, `soft`, `small`: judged all the same."""


_DEFAULT_LIMITS = QualityLimits()


def check_quality(
    photo: Photo, limits: QualityLimits = _DEFAULT_LIMITS, *, square: NDArray[np.uint8] | None = None
) -> Quality:
    """Return the reasons not to judge a photo, and the notes on one that is judged; about 1.5 ms.

    `square` is the photo's centre square (side, side, 3), all that a network sees of it, where it is at hand with no
    less than `limits.side`. A photo without light or detail is not also called blurred or no skin: its colours and
    edges say nothing. Nor is a noisy one called no skin, or one whose colour cannot be judged.
    """
    if square is None:
        square = centre_square(photo.pixels, side=min(2 * limits.side, *photo.pixels.shape[:2]))
    thumbnail = _thumbnail(square, limits.side)
    planes = _planes(thumbnail)
    luma = _luma(planes)
    refused, notes = _check_light(luma, limits)
    if not refused:
        share, detail = _fine_detail(luma)
        if share < limits.blurred_share and detail < limits.blurred_detail:
            refused.append("blurred")
        elif share < limits.soft_share and detail < limits.soft_detail:
            notes.append("soft")
        middle = _planes(_middle(photo.pixels))
        if not (refused or notes) and drawn_share(middle) > limits.drawn:
            refused.append("drawn")
        colour = [] if refused else _check_colour(thumbnail, planes, luma, limits)
        refused += colour
        red_minus_green = np.subtract(*planes[:2], dtype=np.int16)
        if noise(_luma(middle)) > limits.noisy_luma or noise(red_minus_green) > limits.noisy_colour:
            refused.append("noisy")
        elif not colour and (share > limits.noise_share or skin_share(planes, limits) < limits.skin_share):
            refused.append("no_skin")
    if min(photo.size) < limits.too_small:
        refused.append("too_small")
    elif min(photo.size) < limits.small:
        notes.append("small")
    return Quality(tuple(refused), tuple(notes))


def _thumbnail(square: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if len(square) <= side:
        return square
    return np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.BOX, reducing_gap=1.0))


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the middle as it was decoded: resampling evens out noise, and blends the areas of a drawing."""
    height, width = pixels.shape[:2]
    side = min(height, width, _MIDDLE_SIDE)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _planes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _luma(planes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Return the luma (height, width) of (3, height, width) red, green and blue."""
    red, green, blue = planes
    sums = np.multiply(red, 19595, dtype=np.uint32)
    sums += np.multiply(green, 38470, dtype=np.uint32)
    sums += np.multiply(blue, 7471, dtype=np.uint32)
    sums += 1 << 15
    return np.asarray(sums >> 16, dtype=np.int16)


def _check_light(luma: NDArray[np.int16], limits: QualityLimits) -> tuple[list[str], list[str]]:
    """Return refusals and notes about exposure and contrast, from the histogram."""
    shares = np.cumsum(np.bincount(luma.ravel(), minlength=256)) / luma.size
    darkest, light, brightest = np.searchsorted(shares, (0.01, 0.95, 0.99))
    refused = []
    if light < limits.too_dark:
        refused.append("too_dark")
    if 1 - shares[249] > limits.too_bright:
        refused.append("too_bright")
    if brightest - darkest < limits.flat:
        refused.append("flat")
    return refused, ["dim"] if limits.too_dark <= light < limits.dim else []


def _check_colour(
    thumbnail: NDArray[np.uint8], planes: NDArray[np.uint8], luma: NDArray[np.int16], limits: QualityLimits
) -> list[str]:
    """Return the reason why the colour cannot be judged, if there is one."""
    colours = block_colours(thumbnail)
    # Of a photo that is burnt out for the most part, the rest says little.
    if colours.size < thumbnail.size // 160:
        return []
    light = float(np.searchsorted(np.cumsum(np.bincount(luma.ravel(), minlength=256)), 0.95 * luma.size))
    if by_its_light(colourfulness(colours), light) < limits.grey:
        return ["grey"]
    first, second = typical_ratios(planes)
    is_usual = (
        limits.least_typical_red_over_green <= first <= limits.most_typical_red_over_green
        and limits.least_typical_green_over_blue <= second <= limits.most_typical_green_over_blue
    )
    if not is_usual:
        return ["cast"]
    return ["one_hue"] if by_its_light(unexplained_colour(colours), light) < limits.one_hue else []


def _fine_detail(luma: NDArray[np.int16]) -> tuple[float, float]:
    """Return the contrast that a 3 x 3 mean takes away: as a share of all contrast, and in luma."""
    rows = luma[:-2] + luma[1:-1] + luma[2:]
    sums = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    detail = _deviation(9 * luma[1:-1, 1:-1] - sums) / 9
    return detail / (_deviation(luma) + 1), detail


def _deviation(values: NDArray[np.int16]) -> float:
    """Return the standard deviation from two sums of whole numbers, which are exact."""
    # No dot product: of this many numbers the linear algebra library makes a task for all cores.
    mean, squares = int(values.sum()) / values.size, int(np.multiply(values, values, dtype=np.int32).sum())
    return math.sqrt(max(0.0, squares / values.size - mean * mean))


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


def drawn_share(planes: NDArray[np.uint8]) -> float:
    """Return the share of pixels that equal their right and their lower neighbour, dark and white left aside.

    `planes` are (3, height, width). Backgrounds that are black or white are even in photos, too, and smooth skin of the
    darkest tones has few different values. Of a photo that is nearly all dark the rest says little.
    """
    right = (planes[:, :-1, :-1] == planes[:, :-1, 1:]).all(axis=0)
    below = (planes[:, :-1, :-1] == planes[:, 1:, :-1]).all(axis=0)
    coloured = ((planes.max(axis=0) >= 96) & (planes.min(axis=0) <= 240))[:-1, :-1]
    equal, of = int(np.count_nonzero(right & below & coloured)), int(np.count_nonzero(coloured))
    return float(equal / max(coloured.size / 10, of))


def skin_share(planes: NDArray[np.uint8], limits: QualityLimits = _DEFAULT_LIMITS) -> float:
    """Return the share of pixels, in [0, 1], whose colour skin can have; `planes` are (3, height, width) sRGB.

    Ratios of neighbouring channels hardly change with the light on the skin or with its tone, as pigments scale all
    channels in a fixed order. Wood, sand and warm light have such colours too: this only rules out.
    """
    red, green, blue = planes.astype(np.float32) + np.float32(4)  # Dark pixels have noisy ratios.
    first, second = limits.least_red_over_green, limits.most_red_over_green
    possible = (red > np.float32(math.exp(first)) * green) & (red < np.float32(math.exp(second)) * green)
    first, second = limits.least_green_over_blue, limits.most_green_over_blue
    possible &= (green > np.float32(math.exp(first)) * blue) & (green < np.float32(math.exp(second)) * blue)
    return float(int(np.count_nonzero(possible)) / possible.size)
