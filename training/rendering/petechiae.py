"""Petechiae: many crisp pinpoint bleeds, flat, below about 3 mm."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Plane, Rng, blur, coordinates, fractal, log_uniform, scatter_points, squash
from training.rendering.optics import Lesions, blood_of_age
from training.rendering.scene import Scene, middle, spread
from training.rendering.stamps import stamp

KINDS = ("scattered", "clustered", "perifollicular", "linear", "dependent", "confluent")


def draw_petechiae(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add petechiae of one of `KINDS` to the lesions."""
    density = _density(rng, scene, kind=kind)
    radius = scene.pixels(log_uniform(rng, 0.4, 1.3), least=0.0034, most=0.012)
    y, x = _place(rng, scene, density, kind=kind, radius=radius)
    paint_dots(
        rng,
        scene,
        lesions,
        y=y,
        x=x,
        radius=radius,
        strength=log_uniform(rng, 0.9, 2.6),
        age=rng.beta(1.2, 2.2),
        mixed=rng.uniform(0, 0.22),
    )
    if kind == "confluent" or rng.random() < 0.3:
        blush = blur(lesions.pigment("oxy") + lesions.pigment("deoxy"), 0.05 * scene.size)
        blush = blush / (blush.max() + 1e-6)
        lesions.add("oxy", rng.uniform(0.08, 0.5) * blush * np.clip(1 + 0.3 * fractal(rng, scene.size, cells=12), 0, 2))


def paint_dots(
    rng: Rng,
    scene: Scene,
    lesions: Lesions,
    *,
    y: Plane,
    x: Plane,
    radius: float,
    strength: float,
    age: float,
    mixed: float,
) -> None:
    """Add dots of about `radius` pixels and blood of about `age` (0 to 1, spread by `mixed`) at the given points."""
    count = len(y)
    if count == 0:
        return
    sizes = np.clip(radius * np.exp(rng.uniform(0.15, 0.45) * rng.standard_normal(count)), 0.65, 2.6 * radius)
    dots = stamp(
        rng,
        scene.size,
        y=y,
        x=x,
        radius=sizes,
        softness=rng.uniform(0.15, 0.5),
        irregularity=rng.uniform(0.1, 0.45),
        elongation=rng.uniform(1.05, 1.7),
    )
    # A dot below a pixel across cannot be as dark as one that fills it; small bleeds also hold less blood.
    each = strength * rng.uniform(0.45, 1.15, count) * np.clip(sizes / radius, 0.4, 1.2) ** 0.7
    ages = np.clip(age + mixed * rng.standard_normal(count), 0, 1)
    core = dots.fill * np.clip(1.15 - 0.3 * dots.distance, 0.6, 1.1)
    dusk = 0.0 if scene.tone is None else max(0.0, (scene.tone - 5) * 0.05)
    for pigment, share in blood_of_age(ages).items():
        lesions.add(pigment, dots.paint(each * (share + (dusk if pigment == "deoxy" else 0)), profile=core))
    if rng.random() < 0.5:
        halo = blur(dots.paint(each), 1.2 * radius)
        lesions.add("oxy", rng.uniform(0.05, 0.35) * halo)
    if rng.random() < 0.2:
        lesions.height += dots.paint(rng.uniform(0.1, 0.35) * radius, profile=dots.dome())


def _density(rng: Rng, scene: Scene, *, kind: str) -> Plane:
    """Return where dots may lie for the kind, 0 to 1."""
    size = scene.size
    if kind == "clustered":
        y, x = scatter_points(rng, middle(scene, rng, width=0.3), int(rng.integers(1, 5)))
        rows, columns = coordinates(size)
        clusters = np.zeros((size, size), dtype=np.float32)
        for centre_y, centre_x in zip(y / size, x / size, strict=True):
            wide = rng.uniform(0.05, 0.17, 2)
            clusters += np.exp(-(((rows - centre_y) / wide[0]) ** 2) - ((columns - centre_x) / wide[1]) ** 2)
        return (clusters * squash(1.5 * fractal(rng, size, cells=6)) + rng.uniform(0, 0.03)) * scene.skin
    if kind == "linear":
        return _lines(rng, scene)
    if kind == "dependent":
        rows, columns = coordinates(size)
        sign = float(rng.choice([-1.0, 1.0]))
        along = sign * ((columns - 0.5) * np.cos(scene.axis) + (rows - 0.5) * np.sin(scene.axis))
        return squash(rng.uniform(5, 14) * along) * spread(rng, scene, contrast=1.5)
    if kind == "confluent":
        return spread(rng, scene, contrast=rng.uniform(2, 5))
    return spread(rng, scene, contrast=rng.uniform(0.4, 2))


def _lines(rng: Rng, scene: Scene) -> Plane:
    """Return bands where a strap, a cuff, a sock or scratching nails pressed."""
    size = scene.size
    rows, columns = coordinates(size)
    bands = np.zeros((size, size), dtype=np.float32)
    lean = scene.axis + rng.normal(0, 0.3)
    start = rng.uniform(-0.25, 0.25)
    for _ in range(int(rng.integers(1, 4))):
        across = (columns - 0.5) * np.cos(lean) + (rows - 0.5) * np.sin(lean) - start
        across = across + 0.02 * fractal(rng, size, cells=2.5)
        bands += np.exp(-((across / rng.uniform(0.012, 0.05)) ** 2))
        start += rng.uniform(0.08, 0.25) * rng.choice([-1, 1])
        lean += rng.normal(0, 0.06)
    return (bands * squash(1.5 * fractal(rng, size, cells=5) + 0.7) + rng.uniform(0.0, 0.05)) * scene.skin


def _place(rng: Rng, scene: Scene, density: Plane, *, kind: str, radius: float) -> tuple[Plane, Plane]:
    """Return the dots' centres (y, x): at random, or around hairs, which stand in a loose lattice."""
    room = float(density.mean()) * (scene.size / radius) ** 2
    if kind != "perifollicular":
        crowd = {"confluent": (0.03, 0.1), "scattered": (0.006, 0.035), "dependent": (0.012, 0.05)}
        low, high = crowd.get(kind, (0.015, 0.07))
        count = int(np.clip(log_uniform(rng, low, high) * room, 14, 1400))
        return scatter_points(rng, density, count)
    spacing = radius * rng.uniform(5, 11)
    steps = np.arange(spacing / 2, scene.size, spacing)
    rows, columns = np.meshgrid(steps, steps, indexing="ij")
    y = (rows + (np.arange(len(steps)) % 2)[None, :] * spacing / 2).ravel()
    y, x = (part + rng.normal(0, 0.28 * spacing, y.size) for part in (y, columns.ravel()))
    inside = (y >= 0) & (y < scene.size) & (x >= 0) & (x < scene.size)
    y, x = y[inside], x[inside]
    likely = density[y.astype(int), x.astype(int)]
    kept = rng.random(y.size) < np.clip(1.3 * likely / (np.quantile(likely, 0.9) + 1e-6), 0, 0.95)
    if kept.sum() < 10:
        return scatter_points(rng, density, 30)
    return y[kept], x[kept]
