"""Several manifests as one, in which no photo comes twice and no group lies in two splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.card import sha256_of
from model.errors import InputError, PhotoError
from model.photo import read_photo
from model.system.files import check_absent, is_file
from training.data.catalogue import datasets_of
from training.data.croissant import croissant_path, write_croissant
from training.data.duplicates import find_near, hash_photo
from training.data.groups import join_groups
from training.data.photos import Listed, columns_of, read_listed, relative_to
from training.data.rows import COLUMNS, row_of, write_cells

_SPLITS = ("train", "validation", "test", "")


@dataclass(frozen=True, slots=True)
class Merge:
    """What came of it."""

    rows: list[Listed]
    left_out: Counter[str]
    moved: int
    """Photos that train now because their group lay in two splits."""


def merge_manifests(manifests: Sequence[Path], out: Path, *, join_near: bool = False) -> Merge:
    """Return the merged rows, written as a manifest with every column that one of the manifests has.

    Copies of one photo become one row, or none where their categories differ; photos that share a group or a copy, or
    that look alike with `join_near`, are one group; and a group of two splits trains, because a part of it did.
    Raises ManifestError, InputError and OutputError.
    """
    if len(manifests) < 2:
        raise InputError("bad_option", "One manifest alone cannot be merged; give two or more.")
    check_absent(out, croissant_path(out))
    rows = [row for manifest in manifests for row in _named_apart(manifest, manifests)]
    merged = _one_per_photo(rows, join_near=join_near)
    split_of = _splits(merged.rows)
    moved = sum(row.split != split_of[row.group] for row in merged.rows)
    for row in merged.rows:
        row.cells["split"] = split_of[row.group]
        row.cells["file_name"] = relative_to(row.path, out.parent)
    write_cells(out, columns_of(merged.rows, COLUMNS), [row.cells for row in merged.rows])
    described = [row_of(row.cells) for row in merged.rows]
    write_croissant(out, described, datasets_of(row.source for row in described), created=datetime.now(UTC))
    return Merge(merged.rows, merged.left_out, moved)


def _named_apart(manifest: Path, manifests: Sequence[Path]) -> list[Listed]:
    """Return the rows with groups that cannot be mistaken for those of another source."""
    rows = read_listed(manifest)
    for row in rows:
        source = row.cells.get("source") or f"{manifests.index(manifest) + 1}-{manifest.stem}"
        group = row.cells.get("group") or str(row.path.absolute())
        row.cells["group"] = group if group.startswith(f"{source}:") else f"{source}:{group}"
    return rows


def _one_per_photo(rows: Sequence[Listed], *, join_near: bool) -> Merge:
    left_out: Counter[str] = Counter()
    copies: dict[str, list[Listed]] = defaultdict(list)
    for row in rows:
        if not is_file(row.path):
            left_out["it is missing"] += 1
            continue
        row.cells["sha256"] = sha256_of(row.path)
        copies[row.cells["sha256"]].append(row)
    links = [(row.group, f"~{sha256}") for sha256, same in copies.items() for row in same]
    if join_near:
        links += _near_links([same[0] for same in copies.values()])
    joined = join_groups(links)
    kept = []
    for same in copies.values():
        if len({row.category for row in same}) > 1:
            left_out["its copies have different categories"] += len(same)
            continue
        left_out["it is a copy of another"] += len(same) - 1
        splits = {row.split for row in same}
        for row in same:
            row.cells["group"] = joined[row.group]
        # A copy that trained has been seen.
        same[0].cells["split"] = next(split for split in _SPLITS if split in splits)
        kept.append(same[0])
    return Merge(kept, +left_out, 0)


def _near_links(rows: Sequence[Listed]) -> list[tuple[str, str]]:
    read = []
    for row in rows:
        try:
            read.append((row, hash_photo(read_photo(row.path, shorter_side=384).pixels)))
        except PhotoError:
            continue  # Stays a row, so that `check` can say what is wrong with it.
    return [(read[one][0].group, read[other][0].group) for one, other, _ in find_near([pair for _, pair in read])]


def _splits(rows: Sequence[Listed]) -> dict[str, str]:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        splits[row.group].add(row.split)
    return {group: next(iter(found)) if len(found) == 1 else "train" for group, found in splits.items()}
