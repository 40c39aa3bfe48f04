"""From light to a photo file: exposure, white balance, blur, noise, compression. No effect depends on the category."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.noise import Picture, Plane, Rng, blur, coordinates, smooth_noise
from training.rendering.optics import to_srgb
from training.rendering.overlays import put_overlay


def take_photo(rng: Rng, light: Picture, *, drawn: bool) -> NDArray[np.uint8]:
    """Return the 8-bit sRGB photo of linear `light` (size, size, 3).

    `drawn` light has met no camera yet and gets the whole chain; a real canvas has, and gets a weaker one.
    """
    strength = 1.0 if drawn else 0.45
    size = light.shape[0]
    light = light * _lamp(rng, size, strength=strength)[..., None]
    light = light * np.exp(rng.normal(0, 0.1 * strength, 3)).astype(np.float32)
    light = light * np.float32(np.exp(_exposure(rng, light) if drawn else rng.normal(0, 0.15)))
    values = to_srgb(light)
    values = _tone(rng, values, strength=strength)
    values = _focus(rng, values, strength=strength)
    values = _grain(rng, values, strength=strength)
    pixels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    pixels = put_overlay(rng, pixels)
    return _compress(rng, pixels)


def _compress(rng: Rng, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels as they come back from a JPEG file."""
    quality = int(rng.integers(58, 96)) if rng.random() < 0.85 else int(rng.integers(35, 58))
    halved = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    sampling = halved if rng.random() < 0.7 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    # OpenCV takes the first of three planes for blue; the order only matters to JPEG's own colour space.
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def _exposure(rng: Rng, light: Picture) -> float:
    """Return the logarithm of the exposure: the camera half makes up for dark and bright skin, people do the rest."""
    # Not the median: a black backdrop must not burn out the skin before it.
    typical = float(np.quantile(light[::4, ::4, 1], 0.75)) + 0.01
    return float(np.clip(0.45 * np.log(0.3 / typical), -0.35, 1.1) + rng.normal(0, 0.18))


def _lamp(rng: Rng, size: int, *, strength: float) -> Plane:
    """Return uneven light: a flash that falls off from a bright spot, or a window on one side."""
    y, x = coordinates(size)
    centre_y, centre_x = rng.normal(0.5, 0.15, 2)
    far = (y - centre_y) ** 2 + (x - centre_x) ** 2
    flash = 1 + strength * rng.uniform(0, 0.35) - strength * rng.uniform(0, 1.1) * far
    turn = rng.uniform(0, 2 * np.pi)
    window = 1 + strength * rng.uniform(0, 0.45) * ((x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn))
    cloud = 1 + strength * rng.uniform(0, 0.08) * smooth_noise(rng, size, 2)
    return np.asarray(np.clip(flash * window * cloud, 0.12, 2), dtype=np.float32)


def _tone(rng: Rng, values: Picture, *, strength: float) -> Picture:
    """Return the values through a film's or a phone's tone curve, with its saturation."""
    values = np.clip(values, 0, 1)
    contrast = strength * rng.uniform(-0.15, 0.75)
    values = values + contrast * values * (1 - values) * (2 * values - 1)
    grey = ((values[..., 0] + values[..., 1] + values[..., 2]) / 3)[..., None]
    saturation = 1 + strength * rng.uniform(-0.28, 0.3)
    return np.asarray(grey + (values - grey) * np.float32(saturation))


def _focus(rng: Rng, values: Picture, *, strength: float) -> Picture:
    """Return the values a little out of focus, or sharpened with the halo that phones leave."""
    size = values.shape[0]
    kind = rng.random()
    if kind < 0.45:
        return blur(values, size / 288 * rng.uniform(0.3, 1.1) * strength)
    if kind < 0.7:
        return values + rng.uniform(0.2, 0.9) * strength * (values - blur(values, size / 288 * 1.2))
    return values


def _grain(rng: Rng, values: Picture, *, strength: float) -> Picture:
    """Return the values with sensor noise, stronger in shadows, partly the same in all three colours."""
    amount = strength * (rng.uniform(0, 0.012) if rng.random() < 0.75 else rng.uniform(0.01, 0.035))
    shape = values.shape
    common = rng.standard_normal(shape[:2], dtype=np.float32)
    # One draw serves both: three shifted copies are independent enough for colour noise, at a third of the time.
    colour = rng.standard_normal((shape[0] + 16, shape[1]), dtype=np.float32)
    shifted = [colour[start : start + shape[0]] for start in (0, 7, 16)]
    noise = np.stack([0.7 * common + 0.5 * plane for plane in shifted], axis=2)
    if rng.random() < 0.5:
        noise = 1.6 * blur(noise, 0.6)
    return values + np.float32(amount) * noise * (1.25 - values)
