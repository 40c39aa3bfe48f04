"""Look-alikes for `other`: skin findings that are none of the categories, and skin with nothing to find."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.rendering.noise import Plane, Rng, blur, fractal, log_uniform, scatter_points, squash
from training.rendering.optics import Lesions
from training.rendering.scaly import draw_eczema, draw_keratoses, draw_psoriasis, draw_ring
from training.rendering.scene import Scene, middle, spread
from training.rendering.stamps import Stamps, stamp


def draw_lookalike(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add the look-alike of one of `KINDS` to the lesions; "plain" adds nothing."""
    if kind != "plain":
        _DRAWERS[kind](rng, scene, lesions)


def _naevi(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    size = scene.size
    few = rng.random() < 0.5
    count = 1 if few else int(log_uniform(rng, 3, 30))
    y, x = scatter_points(rng, middle(scene, rng, width=0.08) if few else spread(rng, scene, contrast=0.7), count)
    radius = scene.pixels(log_uniform(rng, 1.0, 5.0), least=0.02 if few else 0.006, most=0.14 if few else 0.03)
    sizes = radius * np.exp((0 if few else 0.4) * rng.standard_normal(count))
    marks = stamp(rng, size, y=y, x=x, radius=sizes, softness=rng.uniform(0.1, 0.5), irregularity=rng.uniform(0.1, 0.9))
    grain = np.clip(1 + 0.35 * fractal(rng, size, cells=size / max(2.0, radius * 0.5)), 0.3, 2)
    lesions.add("melanin", marks.paint(log_uniform(rng, 0.5, 3.0) * rng.uniform(0.5, 1, count)) * grain)
    if rng.random() < 0.4:
        lesions.height += marks.paint(sizes * rng.uniform(0.1, 0.6), profile=marks.hill())
        lesions.gloss += marks.paint(rng.uniform(0, 0.5))
        lesions.add("oxy", marks.paint(rng.uniform(0, 0.4)))


def _freckles(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    size = scene.size
    count = int(log_uniform(rng, 40, 500))
    y, x = scatter_points(rng, spread(rng, scene, contrast=1.5), count)
    radius = scene.pixels(log_uniform(rng, 0.6, 2.0), least=0.004, most=0.014)
    sizes = np.clip(radius * np.exp(0.45 * rng.standard_normal(count)), 0.7, 4 * radius)
    marks = stamp(rng, size, y=y, x=x, radius=sizes, softness=rng.uniform(0.35, 0.9), irregularity=0.5)
    lesions.add("melanin", marks.paint(rng.uniform(0.25, 0.9) * rng.uniform(0.3, 1, count)))


def _bumps(
    rng: Rng, scene: Scene, *, count: int, millimetres: float, softness: float, most: float = 0.035
) -> tuple[Stamps, Plane]:
    """Return (bumps, their radii in pixels) spread over the skin."""
    y, x = scatter_points(rng, spread(rng, scene, contrast=rng.uniform(1, 3)), count)
    radius = scene.pixels(millimetres, least=0.008, most=most)
    sizes = np.clip(radius * np.exp(0.4 * rng.standard_normal(count)), 1.0, 2.5 * radius)
    return stamp(rng, scene.size, y=y, x=x, radius=sizes, softness=softness, irregularity=0.25), sizes


def _acne(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add pink papules with soft rims, some with a yellow head, and dark pores."""
    count = int(log_uniform(rng, 8, 90))
    bumps, sizes = _bumps(rng, scene, count=count, millimetres=log_uniform(rng, 1.2, 3), softness=0.9)
    lesions.add("oxy", bumps.paint(rng.uniform(0.35, 0.9) * rng.uniform(0.3, 1, count)))
    lesions.height += bumps.paint(sizes * rng.uniform(0.2, 0.5), profile=bumps.hill())
    lesions.gloss += bumps.paint(rng.uniform(0, 0.5))
    heads = (rng.random(count) < rng.uniform(0, 0.5)).astype(np.float32)
    lesions.white += 0.7 * bumps.paint(heads, profile=np.exp(-((bumps.distance / 0.32) ** 2)) * bumps.fill)
    lesions.add("bilirubin", 0.3 * bumps.paint(heads))


def _folliculitis(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add small red bumps of one size, each around a hair or with a white head."""
    count = int(log_uniform(rng, 15, 160))
    bumps, sizes = _bumps(rng, scene, count=count, millimetres=log_uniform(rng, 0.8, 1.8), softness=0.8, most=0.02)
    lesions.add("oxy", bumps.paint(rng.uniform(0.3, 0.8) * rng.uniform(0.5, 1, count)))
    lesions.height += bumps.paint(sizes * rng.uniform(0.3, 0.6), profile=bumps.hill())
    point = np.exp(-((bumps.distance / 0.3) ** 2)) * bumps.fill
    if rng.random() < 0.6:
        lesions.white += bumps.paint(rng.uniform(0.3, 0.8), profile=point)
    else:
        lesions.add("melanin", bumps.paint(rng.uniform(0.5, 1.5), profile=point))


def _wheals(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add nettle-rash: raised pale-centred blotches with a pink flare."""
    size = scene.size
    field = fractal(rng, size, cells=log_uniform(rng, 4, 14), octaves=3, gain=0.4) + rng.uniform(-0.7, 0.1)
    raised = squash(field * rng.uniform(6, 14)) * scene.skin
    flare = blur(raised, 0.02 * size)
    pale = rng.uniform(-0.15, 0.15) * squash((field - 0.5) * 8)
    lesions.add("oxy", rng.uniform(0.25, 0.6) * flare + pale)
    lesions.height += rng.uniform(1, 4) * blur(raised, 0.004 * size)


def _bites(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add insect bites: few swollen bumps with a wide flush and a tiny point in the middle."""
    count = int(rng.integers(2, 14))
    bumps, sizes = _bumps(rng, scene, count=count, millimetres=log_uniform(rng, 2.5, 6), softness=1.0, most=0.06)
    lesions.add("oxy", rng.uniform(0.3, 0.7) * bumps.paint() + 0.25 * blur(bumps.paint(), float(sizes.mean())))
    lesions.height += bumps.paint(sizes * rng.uniform(0.1, 0.3), profile=bumps.hill())
    point = np.exp(-((bumps.distance / 0.15) ** 2)) * bumps.fill
    lesions.add("oxy", bumps.paint(rng.uniform(0, 1.0), profile=point))
    lesions.add("haemosiderin", bumps.paint(rng.uniform(0, 0.8), profile=point))


def _telangiectasia(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add fine branching red or blue vessels."""
    size = scene.size
    drawn = np.zeros((size, size), dtype=np.uint8)
    y, x = scatter_points(rng, spread(rng, scene, contrast=4), int(log_uniform(rng, 5, 40)))
    path_y, path_x = y[:, None], x[:, None]
    step, course = size * rng.uniform(0.004, 0.014), rng.uniform(0, 2 * np.pi, len(y))
    for branching in range(2):
        if branching:
            # Each vessel forks once or twice on its way.
            parent, at = rng.integers(len(y), size=2 * len(y)), rng.integers(2, 14, 2 * len(y))
            course = course[parent] + rng.choice([-0.7, 0.7], len(parent))
            y, x = path_y[parent, at], path_x[parent, at]
        turns = np.cumsum(rng.normal(0, 0.22, (len(y), 16)), axis=1)
        heading = course[:, None] + turns
        length = step * rng.uniform(0.3, 1.2, (len(y), 1)) * 0.6**branching
        new_x = x[:, None] + np.cumsum(np.cos(heading) * length, axis=1)
        new_y = y[:, None] + np.cumsum(np.sin(heading) * length, axis=1)
        path_x, path_y = (new_x, new_y) if not branching else (np.vstack([path_x, new_x]), np.vstack([path_y, new_y]))
    vessels = [np.ascontiguousarray(vessel) for vessel in np.round(np.stack([path_x, path_y], 2) * 8).astype(np.int32)]
    cv2.polylines(drawn, vessels, isClosed=False, color=255, thickness=1, lineType=cv2.LINE_AA, shift=3)
    plane = blur(drawn.astype(np.float32) / 255, rng.uniform(0.4, 0.8))
    violet = rng.uniform(0, 1) ** 2
    amount = rng.uniform(0.4, 1.1)
    lesions.add("oxy", amount * (1 - violet) * plane + rng.uniform(0, 0.3) * blur(plane, 0.03 * size))
    lesions.add("deoxy", amount * violet * plane)


def _exanthem(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add the soft pink blotches of a virus or a medicine: they fade under pressure and have no sharp rim."""
    count = int(log_uniform(rng, 40, 400))
    bumps, sizes = _bumps(rng, scene, count=count, millimetres=log_uniform(rng, 1.5, 4), softness=1.3, most=0.025)
    lesions.add("oxy", bumps.paint(rng.uniform(0.2, 0.5) * rng.uniform(0.3, 1, count)))
    lesions.height += bumps.paint(sizes * rng.uniform(0, 0.12), profile=bumps.hill())


_DRAWERS: dict[str, Callable[[Rng, Scene, Lesions], None]] = {
    "naevi": _naevi,
    "freckles": _freckles,
    "acne": _acne,
    "folliculitis": _folliculitis,
    "wheals": _wheals,
    "bites": _bites,
    "telangiectasia": _telangiectasia,
    "exanthem": _exanthem,
    "eczema": draw_eczema,
    "psoriasis": draw_psoriasis,
    "ring": draw_ring,
    "keratoses": draw_keratoses,
}
KINDS = ("plain", *_DRAWERS)
