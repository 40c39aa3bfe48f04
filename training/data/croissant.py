"""Croissant: the description of a manifest that other tools read (https://docs.mlcommons.org/croissant)."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import mlcroissant as mlc

from model.card import sha256_of
from model.system.files import NewFile
from training.data.rows import COLUMNS, Row
from training.data.schema import Dataset

_TABLE = "manifest"
_CITATION = "Dataset: {title}. {citation}. Licence: {licence}. {conditions}"


def croissant_path(manifest: Path) -> Path:
    """Return where the description of a manifest lies."""
    return manifest.with_name(f"{manifest.stem}.croissant.json")


def write_croissant(manifest: Path, rows: Sequence[Row], datasets: Sequence[Dataset], *, created: datetime) -> Path:
    """Return the file beside a manifest that describes it, written once mlcroissant found it valid.

    Raises OutputError when it exists or cannot be written.
    """
    path = croissant_path(manifest)
    described = json.dumps(_describe(manifest, rows, datasets, created).to_json(), indent=2, ensure_ascii=False)
    with NewFile.open(path) as new:
        new.file.write(f"{described}\n".encode())
    return path


def _describe(manifest: Path, rows: Sequence[Row], datasets: Sequence[Dataset], created: datetime) -> mlc.Metadata:
    context = mlc.Context(conforms_to="http://mlcommons.org/croissant/1.0")
    titles = {dataset.name: dataset.title for dataset in datasets}
    names = sorted({titles.get(row.source, row.source) for row in rows if row.source})
    table = mlc.FileObject(
        ctx=context,
        id=_TABLE,
        name=_TABLE,
        content_url=manifest.name,
        encoding_formats=["text/csv"],
        sha256=sha256_of(manifest),
    )
    fields = [
        mlc.Field(
            ctx=context,
            id=f"photos/{column}",
            name=column,
            data_types=[mlc.DataType.TEXT],
            source=mlc.Source(ctx=context, file_object=_TABLE, extract=mlc.Extract(ctx=context, column=column)),
        )
        for column in COLUMNS
    ]
    logger = logging.getLogger("absl")
    level = logger.level
    # mlcroissant warns of every property that is recommended and not known here, as a DOI of this very table.
    logger.setLevel(logging.ERROR)
    try:
        return mlc.Metadata(
            ctx=context,
            name=f"redspots-{manifest.stem}",
            description=f"{len(rows)} labelled photos for redspots, from: {', '.join(names) or 'no named source'}.",
            license=sorted({row.licence for row in rows if row.licence}),
            cite_as=" ".join(
                _CITATION.format(
                    title=dataset.title,
                    citation=dataset.citation,
                    licence=dataset.licence,
                    conditions=dataset.licence_conditions,
                )
                for dataset in datasets
            ),
            url=datasets[0].homepage if len(datasets) == 1 and datasets[0].homepage else None,
            date_published=created,
            distribution=[table],
            record_sets=[mlc.RecordSet(ctx=context, id="photos", name="photos", fields=fields)],
        )
    finally:
        logger.setLevel(level)
