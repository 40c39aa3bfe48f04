"""Options that several commands share: each is written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Photos = Annotated[Path, typer.Option("--photos", help="CSV manifest, or a folder with one subfolder per category.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="Keep rows of a manifest: COLUMN=VALUE or !=.")]
Workers = Annotated[
    int | None, typer.Option(min=1, max=256, help="Photos read at the same time; one per core if left out.")
]
Cache = Annotated[Path | None, typer.Option(help="Folder that keeps decoded and drawn photos.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]


def threads(workers: int | None) -> int:
    """Return how many threads read photos: what `--workers` asks for, or one per core."""
    from model.system.cores import available_cores

    return workers or available_cores()
