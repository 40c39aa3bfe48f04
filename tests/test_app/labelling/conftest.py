"""A folder of small photos of which the network has never heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.drawing import SKIN_TONES, encoded, skin


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos in a folder whose name says what it should not."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder / "petechiae", 12)
    return folder


def write_photos(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        tone = list(SKIN_TONES)[number % len(SKIN_TONES)]
        pixels = skin(width=96, height=72, tone=tone, dots=number % 20, seed=number)
        (folder / f"photo_{number:04}.jpg").write_bytes(encoded(pixels, quality=92))
