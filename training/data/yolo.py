"""Photos with the text files of YOLO beside them: a line per box, which begins with the number of its class."""

from __future__ import annotations

from pathlib import Path

import yaml  # type: ignore[import-untyped]

from model.errors import ManifestError
from model.photo import find_photos
from training.data.found import Found
from training.data.layouts import split_in


def read(settings: Path, root: Path) -> list[Found]:
    """Return the photos below a folder, with the classes that their boxes have. Raises ManifestError."""
    names = _names(settings)
    found = []
    for photo in find_photos([root]):
        parts = photo.relative_to(root).parts
        words: dict[str, None] = {}
        for text in _beside(root, parts):
            if text.is_file():
                words |= dict.fromkeys(_words(text, names))
        found.append(Found(photo.name, photo.parent, tuple(words), {"split": split_in(parts[:-1])}))
    return found


def _beside(root: Path, parts: tuple[str, ...]) -> list[Path]:
    """Return where the text of a photo may lie: in `labels` in place of `images`, or beside it."""
    name = f"{Path(parts[-1]).stem}.txt"
    folders = tuple("labels" if part == "images" else part for part in parts[:-1])
    return list(dict.fromkeys([root.joinpath(*folders, name), root.joinpath(*parts[:-1], name)]))


def _names(settings: Path) -> dict[int, str]:
    try:
        value = yaml.safe_load(settings.read_text(encoding="utf-8-sig"))["names"]
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {int(number): str(name) for number, name in pairs}
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        sentence = f"{str(settings)!r} has no 'names' of classes as YOLO writes them; export it again."
        raise ManifestError("unreadable_manifest", sentence) from error


def _words(text: Path, names: dict[int, str]) -> list[str]:
    words = []
    for number, line in enumerate(text.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if cells := line.split():
            try:
                words.append(names[int(cells[0])])
            except (ValueError, KeyError) as error:
                sentence = f"Line {number} of {str(text)!r} begins with no number of a class; export it again."
                raise ManifestError("unreadable_manifest", sentence) from error
    return words
