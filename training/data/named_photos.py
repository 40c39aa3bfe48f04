"""Photos with the name of what they show, from manifests of many sources, for intermediate training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.errors import ManifestError
from training.data.disease_names import DiseaseNames, normalised, read_disease_names
from training.data.manifest import Example, assign_splits, check_groups, choose_rows, example_of
from training.recipes.pretrain import NameOptions

EVALUATE = "evaluate"
"""In a column `use`: a photo that measures, and is never learnt from."""
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class NamedPhotos:
    """Photos whose category is a name, each with a split, and the terms under which each lies there."""

    examples: tuple[Example, ...]
    terms: tuple[str, ...]
    """As the manifests say, one per photo: `open`, `research`, ..."""
    names: tuple[str, ...]
    """That are learnt, in alphabetical order."""

    @property
    def targets(self) -> list[int]:
        """Return the index of each photo's name, -1 where that is not learnt."""
        index = {name: number for number, name in enumerate(self.names)}
        return [index.get(example.category, -1) for example in self.examples]

    def rows(self, split: str) -> list[int]:
        """Return the photos of a split."""
        return [row for row, example in enumerate(self.examples) if example.split == split]


def read_named_photos(
    manifests: Sequence[Path], options: NameOptions, *, where: Sequence[str] = (), seed: int
) -> NamedPhotos:
    """Return the photos of all manifests and folders that meet all conditions.

    Photos of the split `test` take no part. Raises ManifestError: a photo is there to evaluate, or shares its group
    with one that is; a row is wrong; a group is in two splits; too few photos are left.
    """
    table, aside = read_disease_names(), _kept_aside(manifests)
    examples: list[Example] = []
    terms: list[str] = []
    for manifest in manifests:
        rows = choose_rows(manifest, [*options.where, *where])
        _refuse_evaluation(rows, manifest, aside)
        for found, row in rows:
            example = example_of(found, row, manifest, (row["category"],))
            examples.append(replace(example, category=_name(row, options, table)))
            terms.append(row.get("terms") or NOT_STATED)
    for manifest in manifests:
        check_groups(examples, manifest)
    kept = [row for row, example in enumerate(examples) if example.split != "test"]
    named = [examples[row] for row in kept]
    if options.held_out_share:
        named = assign_splits(named, validation_share=options.held_out_share, seed=seed)
    else:
        named = [replace(example, split=example.split or "train") for example in named]
    counts = Counter(example.category for example in named if example.split == "train")
    names = tuple(sorted(name for name, count in counts.items() if count >= options.least_photos))
    if len(names) < 2:
        raise ManifestError(
            "too_few_photos",
            f"{len(names)} names have {options.least_photos} photos or more to train on, and 2 are needed; add photos, "
            "or lower 'data.least_photos'.",
        )
    return NamedPhotos(tuple(named), tuple(terms[row] for row in kept), names)


def _kept_aside(manifests: Sequence[Path]) -> set[tuple[str, str]]:
    """Return by what the photos that are there to evaluate are known, in all manifests."""
    return {
        mark
        for manifest in manifests
        if manifest.is_file()
        for _, row in choose_rows(manifest)
        if _evaluates(row)
        for mark in _marks(row, manifest)
    }


def _refuse_evaluation(
    rows: Sequence[tuple[str, Mapping[str, str]]], manifest: Path, aside: Collection[tuple[str, str]]
) -> None:
    """Raise ManifestError for rows that are there to evaluate, and for the same photo, person or lesion."""
    wrong = [found for found, row in rows if _evaluates(row)]
    if wrong:
        raise ManifestError(
            "unfit_photos",
            f"{len(wrong)} chosen photos of {str(manifest)!r} are there to evaluate (use={EVALUATE}), the first in "
            f"{wrong[0]}; leave them out with --where use=train.",
        )
    alike = [found for found, row in rows if any(mark in aside for mark in _marks(row, manifest))]
    if alike:
        raise ManifestError(
            "unfit_photos",
            f"{len(alike)} chosen photos of {str(manifest)!r} are the same as others that are there to evaluate, or "
            f"share their group, the first in {alike[0]}; give the whole group one use.",
        )


def _marks(row: Mapping[str, str], manifest: Path) -> Iterator[tuple[str, str]]:
    """Yield what the photo of a row shares with others of the same file, content, or person."""
    yield "file", str((manifest.parent / row["file_name"]).resolve())
    if row.get("sha256"):
        yield "sha256", row["sha256"]
    if row.get("group"):
        # Two manifests may count their groups in the same way.
        yield str(manifest), row["group"]


def _evaluates(row: Mapping[str, str]) -> bool:
    return (row.get("use") or "").strip().casefold() == EVALUATE


def _name(row: Mapping[str, str], options: NameOptions, table: DiseaseNames) -> str:
    category = row["category"]
    label = next((row[column] for column in options.label_columns if row.get(column)), category)
    name = normalised(category) if category in options.by_category else table.name_of(label)
    return next(
        (whole for whole, parts in options.joined.items() if name in {normalised(part) for part in parts}), name
    )
