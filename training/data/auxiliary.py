"""Other people's photos beside one's own: which manifest a name means, and which of its photos may train."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from model.errors import DatasetError, ManifestError
from model.system.files import is_file
from training.data.catalogue import read_dataset
from training.data.manifest import Example, choose_rows, example_of

DATA = "REDSPOTS_DATA"
"""Environment variable with the folder in which built and fetched datasets lie."""
USUAL_DATA = Path("public")


@dataclass(frozen=True, slots=True)
class Mixed:
    """The photos of one manifest that may train."""

    name: str
    """As it was asked for."""
    manifest: Path
    examples: list[Example]
    left_out: Counter[str]
    """Photos that may not, or cannot, by reason."""


def find_manifest(name: str) -> Path:
    """Return the manifest that a name means: a path that exists, else a dataset that `redspots data` built or fetched.

    The latter is looked for as NAME/manifest.csv and as NAME.csv in the folder that REDSPOTS_DATA names, or in
    `public`. Raises DatasetError with the nearest name, or with the command that gets the dataset.
    """
    if Path(name).exists():
        return Path(name)
    folder = Path(os.environ.get(DATA) or USUAL_DATA)
    for path in (folder / name / "manifest.csv", folder / f"{name}.csv"):
        if path.is_file():
            return path
    if os.sep in name or Path(name).suffix:
        raise ManifestError("missing_manifest", f"There is no manifest or folder {name!r}; correct --with.")
    dataset = read_dataset(name)
    raise DatasetError(
        "not_here",
        f"{name!r} is not in {str(folder)!r} yet; get it with `redspots data fetch {dataset.name} --out "
        f"{folder / name}` or `redspots data build {dataset.name} --out {folder / name}.csv`, "
        f"or say with the variable {DATA} where it is.",
    )


def read_mixed(name: str, *, categories: Collection[str]) -> Mixed:
    """Return the photos that a name stands for, all of them to train. Raises DatasetError and ManifestError."""
    path = find_manifest(name)
    examples, left_out = [], Counter[str]()
    for found, row in choose_rows(path):
        if row["category"] not in categories:
            left_out[f"the recipe has no category {row['category']!r}"] += 1
        elif row.get("split") == "test":
            left_out["they are there to test with"] += 1
        elif not is_file((Path() if path.is_dir() else path.parent) / row["file_name"]):
            left_out["the file is missing"] += 1
        else:
            example = example_of(found, row, path, categories)
            source = example.source or Path(name).stem
            examples.append(replace(example, split="train", source=source, mixed=True))
    return Mixed(name, path, examples, left_out)
