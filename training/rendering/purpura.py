"""Purpura: bleeding of 4 mm and more, from raised spots to wide bruises, from fresh red to rust and yellow."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Plane, Rng, blur, fractal, log_uniform, scatter_points, smooth_noise, squash
from training.rendering.optics import Lesions, blood_of_age
from training.rendering.petechiae import paint_dots
from training.rendering.scene import Scene, middle, spread
from training.rendering.stamps import Stamps, stamp

KINDS = ("palpable", "macular", "ecchymosis", "senile", "pigmented", "necrotic")


def draw_purpura(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add purpura of one of `KINDS` to the lesions."""
    if kind in ("palpable", "macular", "necrotic"):
        _spots(rng, scene, lesions, kind=kind)
    elif kind == "pigmented":
        _cayenne(rng, scene, lesions)
    else:
        _bruise(rng, scene, lesions, senile=kind == "senile")


def _spots(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add spots of some millimetres with smaller dots among them; raised ones shade, old ones darken in the middle."""
    size = scene.size
    density = spread(rng, scene, contrast=rng.uniform(1.5, 4))
    radius = scene.pixels(log_uniform(rng, 1.8, 4.5), least=0.011, most=0.045)
    room = float(density.mean()) * (size / radius) ** 2
    count = int(np.clip(log_uniform(rng, 0.012, 0.075) * room, 6, 260))
    y, x = scatter_points(rng, density, count)
    sizes = radius * np.clip(np.exp(0.42 * rng.standard_normal(count)), 0.3, 2.4)
    spots = stamp(
        rng,
        size,
        y=y,
        x=x,
        radius=sizes,
        softness=rng.uniform(0.15, 0.55),
        irregularity=rng.uniform(0.1, 0.4),
        elongation=rng.uniform(1.1, 1.8),
    )
    # Raised and dying spots are days old at most; only flat ones live to turn to rust.
    age = float(rng.beta(1.3, 1.8)) * (1.0 if kind == "macular" else 0.5)
    ages = np.clip(age + rng.uniform(0.02, 0.15) * rng.standard_normal(count), 0, 1)
    each = log_uniform(rng, 0.8, 2.4) * rng.uniform(0.5, 1.1, count)
    mottled = np.clip(1 + 0.3 * fractal(rng, size, cells=size / max(2.0, 0.7 * radius)), 0.35, 1.8)
    for pigment, share in blood_of_age(ages).items():
        lesions.add(pigment, spots.paint(each * share) * mottled)
    if kind == "palpable":
        lesions.height += spots.paint(sizes * rng.uniform(0.06, 0.25), profile=spots.hill())
        lesions.gloss += spots.paint(rng.uniform(0, 0.22))
    if kind == "necrotic" or rng.random() < 0.3:
        _dark_middles(rng, lesions, spots, sizes=sizes, share=0.75 if kind == "necrotic" else 0.25)
    halo = blur(spots.paint(each), 0.6 * radius)
    lesions.add("oxy", rng.uniform(0, 0.5) * halo)
    # Blood spreads along the skin's own structure: outlines are bent at every scale, and neighbours flow together.
    # Raised spots keep a round outline; flat ones are more often ragged, never torn.
    bend = rng.uniform(0.04, 0.2) if kind == "palpable" else log_uniform(rng, 0.07, 0.45)
    down, right = (
        bend * radius * fractal(rng, size, cells=size / radius * rng.uniform(0.35, 0.8), octaves=3, gain=0.6)
        for _ in range(2)
    )
    lesions.warp(down, right)
    dots = int(count * log_uniform(rng, 0.5, 5))
    dot_y, dot_x = scatter_points(rng, density + 0.3 * blur(spots.paint(), 2 * radius), min(dots, 500))
    paint_dots(
        rng,
        scene,
        lesions,
        y=dot_y,
        x=dot_x,
        radius=max(0.003 * size, radius * rng.uniform(0.18, 0.4)),
        strength=0.8 * float(each.mean()),
        age=age,
        mixed=0.08,
    )


def _dark_middles(rng: Rng, lesions: Lesions, spots: Stamps, *, sizes: Plane, share: float) -> None:
    """Darken the middle of some spots: dying skin, grey-violet to black, sometimes a blister's dull rim around it."""
    chosen = (rng.random(len(sizes)) < share) * rng.uniform(0.4, 1.3, len(sizes))
    core = spots.fill * np.exp(-((spots.distance / rng.uniform(0.35, 0.65)) ** 2))
    dark = spots.paint(chosen, profile=core)
    lesions.add("deoxy", 0.9 * dark)
    lesions.add("melanin", rng.uniform(0.2, 0.9) * dark)
    if rng.random() < 0.4:
        lesions.white += 0.15 * spots.paint(chosen, profile=spots.ring(at=0.6, width=0.15))


def _patch(rng: Rng, scene: Scene, *, radius: float, ragged: float, edge: float) -> Plane:
    """Return a blot, 0 to about 1: a distance from its middle, bent by noise, so that no outline repeats."""
    size = scene.size
    y, x = scatter_points(rng, middle(scene, rng, width=0.2), 1)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(1, 1.8)
    right, down = columns - np.float32(x[0]), rows - np.float32(y[0])
    along = (right * np.cos(turn) + down * np.sin(turn)) / np.sqrt(stretch)
    across = (down * np.cos(turn) - right * np.sin(turn)) * np.sqrt(stretch)
    far = np.hypot(along, across) / radius
    bent = far + ragged * fractal(rng, size, cells=size / radius * rng.uniform(0.5, 1.0), octaves=4, gain=0.6)
    return squash((1 - bent) / edge)


def _bruise(rng: Rng, scene: Scene, lesions: Lesions, *, senile: bool) -> None:
    """Add one to some bruises, each of its own age; the rim is ahead of the middle, and yellow spreads beyond it."""
    size = scene.size
    count = int(rng.integers(1, 7)) if senile else int(rng.integers(1, 4))
    largest = scene.pixels(log_uniform(rng, 8, 45), least=0.09, most=0.3) * (0.7 if senile else 1.0)
    age = float(rng.uniform(0.05, 0.5)) if senile else float(rng.uniform(0.05, 0.95))
    strength = log_uniform(rng, 0.5, 1.9)
    mottled = np.clip(1 + 0.4 * fractal(rng, size, cells=rng.uniform(8, 20), octaves=4, gain=0.7), 0.15, 2)
    for number in range(count):
        radius = largest * (1.0 if number == 0 else rng.uniform(0.2, 0.9))
        edge = rng.uniform(0.03, 0.1) if senile else rng.uniform(0.08, 0.32)
        blot = _patch(rng, scene, radius=radius, ragged=rng.uniform(0.15, 0.45), edge=edge)
        inner = blot * blot
        ages = np.clip(age + rng.normal(0, 0.07) + 0.25 * (1 - blot) + 0.1 * smooth_noise(rng, size, 7), 0, 1)
        for pigment, share in blood_of_age(ages).items():
            lesions.add(pigment, strength * (0.35 * blot + 0.75 * inner) * share * mottled)
        late = np.clip((age - 0.35) * 2, 0, 1)
        wide = blur(blot, 0.35 * radius)
        lesions.add("bilirubin", late * rng.uniform(0.2, 0.8) * wide)
        lesions.add("biliverdin", late * rng.uniform(0.0, 0.3) * wide)
        if not senile:
            lesions.add("oxy", (1 - late) * rng.uniform(0, 0.3) * wide)
    if rng.random() < 0.5:
        density = blur(lesions.strength(), 0.06 * size) * scene.skin
        y, x = scatter_points(rng, density, int(log_uniform(rng, 8, 150)))
        fresher = 0.7 * age
        paint_dots(rng, scene, lesions, y=y, x=x, radius=0.0045 * size, strength=0.8 * strength, age=fresher, mixed=0.1)


def _cayenne(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add rust-brown patches peppered with fine fresh dots (pigmented purpuric dermatosis)."""
    size = scene.size
    patch = np.zeros((size, size), dtype=np.float32)
    for _ in range(int(rng.integers(1, 6))):
        radius = size * log_uniform(rng, 0.06, 0.28)
        patch = np.maximum(patch, _patch(rng, scene, radius=radius, ragged=0.5, edge=0.25) * rng.uniform(0.5, 1))
    grain = np.clip(1 + 0.45 * fractal(rng, size, cells=30, octaves=3, gain=0.8), 0.2, 2.2)
    lesions.add("haemosiderin", rng.uniform(0.2, 0.75) * patch * grain)
    lesions.add("oxy", rng.uniform(0.0, 0.25) * patch * grain)
    radius = scene.pixels(log_uniform(rng, 0.3, 0.8), least=0.003, most=0.008)
    room = float((patch * scene.skin).mean()) * (size / radius) ** 2
    count = int(np.clip(rng.uniform(0.03, 0.12) * room, 60, 1500))
    y, x = scatter_points(rng, (patch + 0.01) * scene.skin, count)
    age = rng.uniform(0.25, 0.75)
    paint_dots(rng, scene, lesions, y=y, x=x, radius=radius, strength=log_uniform(rng, 0.6, 1.6), age=age, mixed=0.2)
