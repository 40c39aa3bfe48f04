"""Sun-related rash: broad redness that ends where clothes began, with papules, peeling or small blisters."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Plane, Rng, blur, coordinates, fractal, log_uniform, scatter_points, squash
from training.rendering.optics import Lesions
from training.rendering.scene import Scene, spread
from training.rendering.stamps import stamp

KINDS = ("burn", "strap", "papules", "plaques", "wheals", "peeling", "blisters")


def draw_sun_rash(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add a sun rash of one of `KINDS` to the lesions."""
    exposed = _exposed(rng, scene, straps=kind == "strap")
    redness = rng.uniform(0.32, 0.9) if kind in ("burn", "strap", "peeling", "blisters") else rng.uniform(0.08, 0.5)
    _redden(rng, scene, lesions, exposed=exposed, redness=redness)
    if kind in ("papules", "plaques"):
        _papules(rng, scene, lesions, exposed=exposed, merged=kind == "plaques")
    elif kind == "wheals":
        _wheals(rng, scene, lesions, exposed=exposed)
    elif kind == "peeling":
        _peel(rng, scene, lesions, exposed=exposed)
    elif kind == "blisters":
        _blisters(rng, scene, lesions, exposed=exposed)


def _exposed(rng: Rng, scene: Scene, *, straps: bool) -> Plane:
    """Return how much sun the skin met, 0 to 1: sharp at a garment's edge, soft where the body turns away."""
    size = scene.size
    rows, columns = coordinates(size)
    bend = 0.03 * fractal(rng, size, cells=2, octaves=2)
    sharp = 1 / log_uniform(rng, 0.003, 0.02)

    def beyond(lean: float, start: float) -> Plane:
        return squash(sharp * ((columns - 0.5) * np.cos(lean) + (rows - 0.5) * np.sin(lean) - start + bend))

    lean = scene.axis + rng.normal(0, 0.4)
    sun: Plane = np.ones((size, size), dtype=np.float32)
    if straps:
        for _ in range(int(rng.integers(1, 3))):
            start, wide = rng.uniform(-0.25, 0.25), rng.uniform(0.04, 0.16)
            band = beyond(lean, start) * (1 - beyond(lean, start + wide))
            sun = sun * (1 - band * rng.uniform(0.75, 1))
            lean += rng.uniform(0.3, 1.3)
    elif rng.random() < 0.55:
        sun = beyond(lean + float(rng.choice([0.0, np.pi])), rng.uniform(-0.3, 0.15))
        if rng.random() < 0.3:
            # The open collar's V, or the two legs of a swimsuit.
            sun = sun * beyond(lean + rng.uniform(0.7, 1.6), rng.uniform(-0.35, 0.0))
    else:
        sun = squash(rng.uniform(1, 4) * (fractal(rng, size, cells=1.5, octaves=2) + rng.uniform(0.2, 1.2)))
    seen = float((sun * scene.skin).sum()) / (float(scene.skin.sum()) + 1e-6)
    # A photo of a sun rash shows the rash: where hardly any skin met the sun, the garment was on the other side.
    return (1 - sun if seen < 0.2 else sun) * scene.skin


def _redden(rng: Rng, scene: Scene, lesions: Lesions, *, exposed: Plane, redness: float) -> None:
    size = scene.size
    uneven = fractal(rng, size, cells=rng.uniform(2, 6), octaves=6, gain=0.72)
    field = exposed * np.clip(1 + rng.uniform(0.12, 0.32) * uneven, 0.2, 2)
    dusky = 0.0 if scene.tone is None else float(np.clip((scene.tone - 5) / 5, 0, 1))
    lesions.add("oxy", redness * (1 - 0.2 * dusky) * field)
    lesions.add("deoxy", redness * (rng.uniform(0, 0.12) + 0.3 * dusky) * field)
    lesions.add("melanin", rng.uniform(0, 0.2) * redness * field)
    if rng.random() < 0.5:
        # Pores stay paler than the burnt skin between them.
        speckle = fractal(rng, size, cells=min(size / 2, size / max(2.0, 1.5 * scene.scale)), octaves=2)
        lesions.add("oxy", -0.18 * redness * exposed * np.clip(speckle, 0, 2))
    lesions.gloss += rng.uniform(0, 0.12) * exposed


def _papules(rng: Rng, scene: Scene, lesions: Lesions, *, exposed: Plane, merged: bool) -> None:
    """Add the itchy bumps of polymorphic light eruption, alone or grown together into plaques."""
    size = scene.size
    density = (exposed + 0.01) * spread(rng, scene, contrast=rng.uniform(1.5, 4))
    radius = scene.pixels(log_uniform(rng, 0.9, 2.6), least=0.006, most=0.024)
    room = float(density.mean()) * (size / radius) ** 2
    low, high = (0.1, 0.25) if merged else (0.025, 0.12)
    count = int(np.clip(rng.uniform(low, high) * room, 25, 900))
    y, x = scatter_points(rng, density, count)
    sizes = np.clip(radius * np.exp(0.3 * rng.standard_normal(count)), 0.8, 0.05 * size)
    bumps = stamp(rng, size, y=y, x=x, radius=sizes, softness=rng.uniform(0.6, 1.3), irregularity=0.3)
    pink = bumps.paint(rng.uniform(0.5, 1, count))
    lesions.add("oxy", rng.uniform(0.25, 0.7) * pink)
    lesions.height += bumps.paint(sizes * rng.uniform(0.15, 0.4), profile=bumps.hill())
    bend = rng.uniform(0.08, 0.3) * radius
    down, right = (bend * fractal(rng, size, cells=size / radius * 0.3, octaves=2) for _ in range(2))
    lesions.warp(down, right)
    if merged:
        plaque = blur(pink, 1.6 * radius)
        plaque = squash(14 * (plaque / (plaque.max() + 1e-6) - rng.uniform(0.3, 0.5)))
        lesions.add("oxy", rng.uniform(0.2, 0.55) * plaque)
        lesions.height += rng.uniform(0.5, 1.5) * plaque


def _wheals(rng: Rng, scene: Scene, lesions: Lesions, *, exposed: Plane) -> None:
    """Add broad swollen plaques that flow together, redder at the rim, of light eruption and solar urticaria."""
    size = scene.size
    field = fractal(rng, size, cells=rng.uniform(2.5, 9), octaves=4, gain=0.5)
    steep = log_uniform(rng, 2.5, 9)
    inside = squash(steep * (field + rng.uniform(-0.7, 0.6))) * exposed
    rim = 4 * inside * (1 - inside)
    grain = np.clip(1 + 0.25 * fractal(rng, size, cells=size / 6, octaves=2), 0.4, 1.8)
    lesions.add("oxy", rng.uniform(0.25, 0.7) * (inside + rng.uniform(-0.1, 0.5) * rim) * grain)
    lesions.height += rng.uniform(1.0, 4.0) * blur(inside, 0.006 * size)
    if rng.random() < 0.5:
        _papules(rng, scene, lesions, exposed=np.asarray(exposed * inside + 0.02), merged=False)


def _peel(rng: Rng, scene: Scene, lesions: Lesions, *, exposed: Plane) -> None:
    """Add sheets of dead skin: dull and pale, torn along ragged white rims, with raw pink where they are gone."""
    size = scene.size
    torn = fractal(rng, size, cells=rng.uniform(5, 14), octaves=4, gain=0.5) + rng.uniform(-0.6, 0.6)
    gone = squash(torn * 14) * exposed
    rim = np.exp(-((torn / rng.uniform(0.05, 0.13)) ** 2)) * exposed
    lesions.add("oxy", rng.uniform(0.1, 0.45) * gone)
    lesions.add("melanin", -rng.uniform(0.0, 0.15) * gone)
    lesions.white += rng.uniform(0.25, 0.7) * rim * np.clip(0.6 + 0.5 * fractal(rng, size, cells=20), 0, 1)
    lesions.white += rng.uniform(0.02, 0.18) * (exposed - gone).clip(0, 1)
    lesions.height += rng.uniform(0.3, 1.0) * (1 - gone) * exposed


def _blisters(rng: Rng, scene: Scene, lesions: Lesions, *, exposed: Plane) -> None:
    """Add small clear blisters: domes, paler and yellower than the burn, with a wet highlight."""
    size = scene.size
    density = (exposed + 0.01) * spread(rng, scene, contrast=rng.uniform(2, 5))
    count = int(log_uniform(rng, 8, 160))
    y, x = scatter_points(rng, density, count)
    radius = scene.pixels(log_uniform(rng, 0.8, 3.5), least=0.007, most=0.035)
    # Many blisters are small ones: large ones need room.
    radius = min(radius, 0.12 * size / np.sqrt(count))
    sizes = np.clip(radius * np.exp(0.45 * rng.standard_normal(count)), 1.0, 0.06 * size)
    domes = stamp(rng, size, y=y, x=x, radius=sizes, softness=0.15, irregularity=0.12)
    filled = domes.paint()
    lesions.add("oxy", -lesions.pigment("oxy") * filled * rng.uniform(0.3, 0.7))
    lesions.add("bilirubin", rng.uniform(0.05, 0.3) * filled)
    lesions.height += domes.paint(sizes * rng.uniform(0.15, 0.4), profile=domes.dome())
    lesions.gloss += domes.paint(rng.uniform(0.15, 0.7))
