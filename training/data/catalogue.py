"""The datasets of data_manifests/; a bad file is refused with its key and the fix."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from model.errors import DatasetError
from training.data.schema import Dataset

FOLDER = Path(__file__).parents[2] / "data_manifests"


def read_datasets(folder: Path = FOLDER) -> list[Dataset]:
    """Return all datasets of a folder, by name. Raises DatasetError."""
    return [read_dataset(file.stem, folder) for file in sorted(folder.glob("*.toml"))]


def datasets_of(sources: Iterable[str]) -> list[Dataset]:
    """Return the datasets among the sources of a manifest, by name: what to cite."""
    return [dataset for dataset in read_datasets() if dataset.name in set(sources)]


def read_dataset(name: str, folder: Path = FOLDER) -> Dataset:
    """Return the dataset of that name. Raises DatasetError with the nearest right name, or the key and the fix."""
    names = sorted(file.stem for file in folder.glob("*.toml"))
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(names)}."
        raise DatasetError("unknown_dataset", f"There is no dataset {name!r}; {hint}")
    path = folder / f"{name}.toml"
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DatasetError("bad_dataset", f"{str(path)!r} is not a TOML file ({error}); fix it.") from error
    try:
        dataset = Dataset.model_validate(value)
    except ValidationError as error:
        raise _explain(path, error) from error
    if dataset.name != name:
        raise DatasetError("bad_dataset", f"{str(path)!r}: 'name' is {dataset.name!r}; write {name!r}.")
    return dataset


def _explain(path: Path, error: ValidationError) -> DatasetError:
    first = error.errors()[0]
    # People count the labels of a file from 1.
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), _names(Dataset), n=1)
        fix = f"is unknown; did you mean {near[0]!r}?" if near else "is unknown; remove it."
    else:
        fix = f"cannot be used: {first['msg'].removeprefix('Value error, ')}; correct it."
    return DatasetError("bad_dataset", f"{str(path)!r}: {key!r} {fix}")


def _names(section: type[BaseModel]) -> set[str]:
    found = set(section.model_fields)
    for field in section.model_fields.values():
        for kind in _sections(field.annotation):
            found |= _names(kind)
    return found


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for argument in get_args(annotation) for kind in _sections(argument)]
