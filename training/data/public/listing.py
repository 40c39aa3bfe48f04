"""The photos that a dataset lists, each as a row of a manifest or as the reason why it has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from model.categories import OTHER
from model.photo import PHOTO_SUFFIXES, find_photos
from training.data.public.attributes import body_site, is_calm, modality, skin_tone
from training.data.public.labels import Meaning, read_label, read_word
from training.data.rows import Row
from training.data.schema import Dataset

PHOTOS = "photos"
"""Folder beside a manifest in which fetched photos lie."""
_SAFE_NAME = re.compile(r"[\w-][\w.-]{0,199}", re.ASCII)


def rows_of_table(dataset: Dataset, table: Sequence[Mapping[str, str]]) -> Iterator[Row | str]:
    """Yield a row, or a reason, for every photo that the official tables name."""
    columns = dataset.columns
    assert columns is not None
    for cells in table:
        photos = [photo for column in columns.photo if (photo := cells[column].strip())]
        if not photos:
            yield "the table gives no address"
        for photo in photos:
            row = _row(dataset, photo, read_label(dataset, cells, photo), cells)
            yield "nobody has it" if photo in dataset.images.missing else row


def rows_of_folder(dataset: Dataset, folder: Path) -> Iterator[Row | str]:
    """Yield a row, or a reason, for every photo in a folder with one subfolder per label."""
    for path in find_photos([folder]):
        row = _row(dataset, path.name, read_word(dataset, path.parent.name))
        yield row if isinstance(row, str) else replace(row, file_name=str(path.absolute()), group=str(path), url="")


def rows_of_labels(dataset: Dataset) -> Iterator[Row | str]:
    """Yield a row, or a reason, for every label that is the name of one photo."""
    for label in dataset.label:
        yield _row(dataset, label.source, read_word(dataset, label.source))


def _row(dataset: Dataset, photo: str, meaning: Meaning, cells: Mapping[str, str] | None = None) -> Row | str:
    """Return the row of one photo, or why it has none."""
    if meaning.category is None:
        return meaning.left_out_because
    columns = dataset.columns
    kind = modality(dataset, cells) if cells is not None else dataset.modality
    if meaning.category == OTHER and (dataset.other.labels == "none" or dataset.other.modality not in (None, kind)):
        return "it must not serve as `other`"
    named = cells[columns.name] if cells is not None and columns and columns.name else ""
    name = _file_name(photo, named)
    if name is None:
        return "its name could lead out of the folder"
    own_licence = cells[columns.licence].strip() if cells is not None and columns and columns.licence else ""
    group = cells[columns.group].strip() if cells is not None and columns and columns.group else ""
    return Row(
        file_name=f"{PHOTOS}/{name}",
        category=meaning.category,
        group=f"{dataset.name}:{group or name}",
        skin_tone=skin_tone(dataset, cells) if cells is not None else "",
        body_site=body_site(dataset.body_site, cells) if cells is not None else "",
        calm="yes" if cells is not None and is_calm(dataset, cells) else "",
        modality=kind,
        certainty="exact" if meaning.certain else "doubtful",
        label=meaning.label,
        source=dataset.name,
        licence=meaning.licence or own_licence or dataset.licence,
        url=_address(dataset, photo),
    )


def _file_name(photo: str, named: str) -> str | None:
    """Return a name for the photo's file, or None for one that is no plain name."""
    path = PurePosixPath(urlsplit(photo).path if "://" in photo else photo)
    name = path.name
    if named:
        name = named + (path.suffix if path.suffix.lower() in PHOTO_SUFFIXES else ".jpg")
    elif path.suffix.lower() not in PHOTO_SUFFIXES:
        name += ".jpg"
    return name if _SAFE_NAME.fullmatch(name) and ".." not in path.parts else None


def _address(dataset: Dataset, photo: str) -> str:
    if dataset.images.url is None:
        return ""
    return dataset.images.url.format(photo=photo if dataset.images.url == "{photo}" else quote(photo))
