"""One's own labelled photos as a manifest: what maps is taken, what does not is counted with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from model.categories import BACKGROUND, CATEGORIES, RESERVED, is_category_id
from model.errors import InputError, ManifestError
from model.photo import Walk, log_unseen
from model.system.files import check_absent, is_file
from training.data.croissant import croissant_path, write_croissant
from training.data.exports import without_code
from training.data.found import Found, first_of
from training.data.import_formats import read_format
from training.data.layouts import plain, split_of
from training.data.manifest import BODY_SITES
from training.data.photos import Listed, columns_of, relative_to
from training.data.rows import COLUMNS, row_of, write_cells
from training.data.skin_tone import told_tone

KNOWN = (*CATEGORIES, *BACKGROUND)
_SITE_COLUMNS = ("body_site", "anatom_site_general", "anatom_site", "localization", "localisation", "body_location")
_SITES = {
    **{site: site for site in BODY_SITES},
    **dict.fromkeys(("torso", "anterior_torso", "posterior_torso", "lateral_torso", "back", "chest"), "trunk"),
    **dict.fromkeys(("abdomen", "belly"), "trunk"),
    **dict.fromkeys(("upper_extremity", "forearm", "upper_arm"), "arm"),
    **dict.fromkeys(("lower_extremity", "lower_leg", "thigh", "knee"), "leg"),
}
"""Words of public tables for body sites, in the manner of `plain`; others are kept as they are told."""
_WORDS = {
    **{category: category for category in KNOWN},
    "petechia": "petechiae",
    "cherry_angiomas": "cherry_angioma",
    "cherry_haemangioma": "cherry_angioma",
    "cherry_hemangioma": "cherry_angioma",
    "sunburn": "sun_rash",
    "sun_related_rash": "sun_rash",
}
"""Words that mean a category, in lower case and with underscores. Others need to be told: nothing is guessed."""


@dataclass(frozen=True, slots=True)
class Import:
    """What came of it."""

    format: str
    rows: list[Listed]
    words: Counter[tuple[str, str]]
    """Photos by their own label and the category that it became."""
    left_out: Counter[str]


def import_photos(source: Path, out: Path, *, words: Sequence[str] = (), categories: Sequence[str] = ()) -> Import:
    """Return what a folder or file lists, written as a manifest with a Croissant description beside it.

    `words` maps further labels, as `Ecchymosis=purpura`; `categories` are one's own beside `KNOWN`.

    Raises ManifestError, InputError and OutputError.
    """
    check_absent(out, croissant_path(out))
    known = _WORDS | {plain(category): category for category in categories} | _told(words, categories)
    kind, found = read_format(source, known=known.keys())
    files = _files_below({one.folder for one in found if not one.name or not is_file(one.folder / one.name)})
    left_out: Counter[str] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    rows: list[Listed] = []
    for one in found:
        read = _row(one, known, files, out.parent)
        if isinstance(read, str):
            left_out[read] += 1
        else:
            rows.append(read)
            counted[one.words[0], read.category] += 1
    if not rows:
        reasons = (
            "; ".join(f"{count} because {reason}" for reason, count in left_out.most_common(3)) or "none is listed"
        )
        raise ManifestError("no_photos", f"No photo of {str(source)!r} can be taken: {reasons}; --map maps labels.")
    write_cells(out, columns_of(rows, COLUMNS), [row.cells for row in rows])
    write_croissant(out, [row_of(row.cells) for row in rows], [], created=datetime.now(UTC))
    return Import(kind, rows, counted, left_out)


def _told(words: Sequence[str], categories: Sequence[str]) -> dict[str, str]:
    if wrong := [one for one in categories if not is_category_id(one)]:
        raise InputError(
            "bad_option",
            f"{wrong[0]!r} cannot be a category; use lower-case letters, digits and _, a letter first, and none of "
            f"{', '.join(RESERVED)}.",
        )
    told = {}
    for text in words:
        word, equals, category = text.rpartition("=")
        if not equals or category not in {*KNOWN, *categories}:
            raise InputError(
                "bad_option",
                f"{text!r} maps nothing; write LABEL=CATEGORY with one of {', '.join((*KNOWN, *categories))}, or "
                "name a category of your own with --category.",
            )
        told[plain(word)] = category
    return told


def _row(one: Found, known: Mapping[str, str], files: Files, folder: Path) -> Listed | str:
    """Return the row of one photo, or why it has none."""
    if not one.words:
        return "it has no label"
    categories = {known.get(plain(word)) for word in one.words}
    if len(categories) > 1:
        return "its labels are of several categories"
    category = categories.pop()
    if category is None:
        return f"its label {one.words[0]!r} is not mapped"
    path = _locate(one, files)
    if isinstance(path, str):
        return path
    cells = {key: value for key, value in one.cells.items() if value}
    named = {plain(key): value for key, value in cells.items()}
    cells |= {"file_name": relative_to(path, folder), "category": category}
    cells["split"] = split_of(cells.get("split", ""))
    cells.setdefault("label", one.words[0])
    if tone := told_tone(named):
        cells["skin_tone"] = tone
    if site := first_of(named, _SITE_COLUMNS):
        cells["body_site"] = _SITES.get(plain(site), "")
        if cells["body_site"] != site:
            cells["body_site_as_told"] = site
    return Listed(path, cells)


def _locate(one: Found, files: Files) -> Path | str:
    """Return the photo by its path or, as exports often lack or change the folder, by its name; or why that fails.

    Among several files of the name the one counts that shares most folders with the path.
    """
    name = one.name.replace("\\", "/")
    for told in (one.name, name):
        if told and is_file(one.folder / told):
            return one.folder / told
    wanted = PurePosixPath(name).parts
    for last in dict.fromkeys((wanted[-1], without_code(wanted[-1])) if wanted else ()):
        for found in (files.by_name.get(last), files.by_stem.get(last)):
            if found:
                return _nearest(found, wanted)
    return "its file is missing"


def _nearest(found: Sequence[Path], wanted: Sequence[str]) -> Path | str:
    """Return the one file that shares most folders with a path."""
    if len(found) == 1:
        return found[0]
    shared = [
        next((n for n, (one, other) in enumerate(pairs) if one != other), len(pairs))
        for pairs in (list(zip(path.parts[-2::-1], wanted[-2::-1], strict=False)) for path in found)
    ]
    best = [path for path, count in zip(found, shared, strict=True) if count == max(shared)]
    return best[0] if len(best) == 1 else "its name fits several files"


@dataclass(frozen=True, slots=True)
class Files:
    """Photos below some folders."""

    by_name: Mapping[str, Sequence[Path]]
    by_stem: Mapping[str, Sequence[Path]]
    """By the name without its suffix, as many tables give it."""


def _files_below(folders: set[Path]) -> Files:
    walk = Walk()
    paths = sorted({path for folder in folders if folder.is_dir() for path in walk.photos_in(folder)})
    log_unseen(walk)
    by_name: dict[str, list[Path]] = {}
    by_stem: dict[str, list[Path]] = {}
    for path in paths:
        by_name.setdefault(path.name, []).append(path)
        by_stem.setdefault(path.stem, []).append(path)
    return Files(by_name, by_stem)
