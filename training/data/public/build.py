"""From the official tables of a dataset to a manifest."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from model.categories import CATEGORIES, OTHER
from model.errors import DatasetError
from model.photo import find_photos
from model.system.files import check_absent
from training.data.croissant import croissant_path, write_croissant
from training.data.groups import join_groups
from training.data.photos import relative_to
from training.data.public.listing import rows_of_folder, rows_of_labels, rows_of_table
from training.data.public.tables import read_tables
from training.data.rows import Row, write_rows
from training.data.schema import Count, Dataset
from training.data.splits import split_rows


@dataclass(frozen=True, slots=True)
class Build:
    """What came of the official tables."""

    rows: list[Row]
    left_out: Counter[str]
    """Photos that are in the tables and not in the manifest, by reason."""
    notes: tuple[str, ...]

    def counts(self) -> dict[str, Count]:
        """Return the photos of each category, certain and doubtful; `other` included."""
        found = Counter((row.category, row.certainty) for row in self.rows)
        return {
            category: Count(certain=found[category, "exact"], doubtful=found[category, "doubtful"])
            for category in (*CATEGORIES, OTHER)
        }

    def in_split(self, category: str, split: str) -> int:
        """Return the photos of a category in a split."""
        return sum((row.category, row.split) == (category, split) for row in self.rows)


def build_manifest(
    dataset: Dataset,
    *,
    out: Path,
    tables: Path | None,
    photos: Path | None,
    others: int | None = None,
    accept_altered: bool = False,
    seed: int = 0,
) -> Build:
    """Return what `build_rows` makes, written as a manifest with its Croissant description beside it.

    Raises DatasetError, and OutputError when one of the two files exists.
    """
    check_absent(out, croissant_path(out))
    made = build_rows(dataset, tables=tables, photos=photos, others=others, accept_altered=accept_altered, seed=seed)
    if not made.rows:
        raise DatasetError("nothing_to_build", f"No photo of {dataset.name!r} is left; see `redspots data show`.")
    if photos is not None:
        rows = [replace(row, file_name=relative_to(Path(row.file_name), out.parent)) for row in made.rows]
        made = replace(made, rows=rows)
    write_rows(out, made.rows)
    write_croissant(out, made.rows, [dataset], created=datetime.now(UTC))
    return made


def build_rows(
    dataset: Dataset,
    *,
    tables: Path | None,
    photos: Path | None,
    others: int | None = None,
    accept_altered: bool = False,
    seed: int = 0,
) -> Build:
    """Return the rows of a dataset, grouped and split.

    `tables` is the folder of its official tables, `photos` that of its photos if they lie here; without, rows name the
    photos that `fetch` will put into the folder `photos`. `others` keeps about that many photos of `other`, in whole
    groups. Raises DatasetError.
    """
    if not dataset.label:
        raise DatasetError("nothing_to_build", f"No label of {dataset.name!r} is mapped yet; map some first.")
    notes: tuple[str, ...] = ()
    if dataset.images.listed_by == "table":
        if tables is None:
            files = ", ".join(table.file for table in dataset.table)
            raise DatasetError("missing_table", f"{dataset.name!r} needs its tables; give --tables, with {files}.")
        read = read_tables(dataset, tables, accept_altered=accept_altered)
        notes = read.notes
        found = list(rows_of_table(dataset, read.rows))
    elif dataset.images.listed_by == "folder":
        if photos is None:
            raise DatasetError("nothing_to_build", f"{dataset.name!r} is a folder of photos; give it as --photos.")
        found = list(rows_of_folder(dataset, photos))
    else:
        found = list(rows_of_labels(dataset))
    left_out = Counter(row for row in found if isinstance(row, str))
    rows = _one_per_photo([row for row in found if isinstance(row, Row)], left_out)
    if photos is not None and dataset.images.listed_by != "folder":
        rows = _located(rows, photos, left_out)
    if others is not None:
        rows = _with_fewer_others(rows, others, left_out, seed=seed)
    return Build(split_rows(rows, seed=seed), left_out, notes)


def _one_per_photo(rows: Sequence[Row], left_out: Counter[str]) -> list[Row]:
    """Return one row per photo, those of one photo in one group; none where they contradict each other."""
    # The tilde sorts last: a group is never named after a photo that it shares.
    groups = join_groups((row.group, f"~{row.file_name}") for row in rows)
    by_photo: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_photo[row.file_name].append(replace(row, group=groups[row.group]))
    kept = []
    for same in by_photo.values():
        if len({(row.category, row.certainty) for row in same}) > 1:
            left_out["its labels contradict each other"] += len(same)
            continue
        left_out["it is listed more than once"] += len(same) - 1
        kept.append(same[0])
    left_out += Counter()
    return kept


def _located(rows: Sequence[Row], folder: Path, left_out: Counter[str]) -> list[Row]:
    """Return the rows whose photo lies in the folder, at any depth, under its own name."""
    here = {path.name: path.absolute() for path in reversed(find_photos([folder]))}
    found = [replace(row, file_name=str(here[name])) for row in rows if (name := Path(row.file_name).name) in here]
    if len(found) < len(rows):
        left_out["it is not in the folder of photos"] += len(rows) - len(found)
    return found


def _with_fewer_others(rows: Sequence[Row], others: int, left_out: Counter[str], *, seed: int) -> list[Row]:
    """Return the rows with whole groups of nothing but `other` taken away until about `others` of them are left."""
    named = {row.group for row in rows if row.category != OTHER}
    size = Counter(row.group for row in rows if row.group not in named)
    spare = sum(row.category == OTHER for row in rows) - others
    dropped: set[str] = set()
    for group in random.Random(seed).sample(sorted(size), len(size)):
        if spare < size[group]:
            break
        spare -= size[group]
        dropped.add(group)
    kept = [row for row in rows if row.group not in dropped]
    if dropped:
        left_out["enough of `other` are kept"] += len(rows) - len(kept)
    return kept
