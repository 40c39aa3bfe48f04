"""Folders, lists and tables as people really have them, for every command that takes photos or tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

TAKEN = ("a.jpg", "deep/b.PNG", "elsewhere/linked.jpg", "Füße/c 100% #1.jpg", "+d.jpg")
"""Of `write_folder`, below it: what every search must find, and each once."""

LOCKED = ("lost+found inside", "#recycled")
"""Folders that `unlistable` locks: unlike those of systems, they have ordinary names."""


def write_folder(folder: Path, photo: bytes = b"") -> Path:
    """Return a folder with `TAKEN`, folders of systems with copies, locked folders, links, and links in circles."""
    inside = folder / "photos"
    for name in (*TAKEN[:2], *TAKEN[3:]):
        _write(inside / name, photo)
    _write(folder / "elsewhere" / "linked.jpg", photo)
    (inside / "elsewhere").symlink_to(folder / "elsewhere")
    (inside / "elsewhere again").symlink_to(folder / "elsewhere")
    (folder / "elsewhere" / "back").symlink_to(inside)
    (inside / "circle").symlink_to(inside)
    (inside / "deep" / "up").symlink_to(folder)
    (inside / "nowhere").symlink_to(folder / "gone")
    for name in ("@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"):
        _write(inside / "deep" / name / "copy.jpg", photo)
    _write(inside / ".thumbnails" / "copy.jpg", photo)
    _write(inside / "._a.jpg", b"\0\5\x16\7")
    (inside / "notes.txt").write_text("no photo")
    for name in LOCKED:
        _write(inside / name / "unseen.jpg", photo)
    return inside


@contextmanager
def unlistable(*names: str) -> Iterator[None]:
    """Let folders of these names refuse to be listed, whoever runs the tests: nothing is forbidden to root."""
    scandir, listdir = os.scandir, os.listdir

    def refusing(real: Any) -> Any:
        def call(path: Any = ".") -> Any:
            if isinstance(path, (str, os.PathLike)) and Path(path).name in names:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", refusing(scandir))
        patch.setattr(os, "listdir", refusing(listdir))
        yield


def encodings(text: str) -> dict[str, bytes]:
    """Return a text in every encoding in which people's programs save one that must be read."""
    return {
        "UTF-8": text.encode(),
        "UTF-8 with a mark": text.encode("utf-8-sig"),
        "UTF-8 with Windows line ends": text.replace("\n", "\r\n").encode("utf-8-sig"),
        "UTF-16 of PowerShell": b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
        "UTF-16 with the large end first": b"\xfe\xff" + text.encode("utf-16-be"),
        "UTF-16 without a mark": text.encode("utf-16-le"),
        "UTF-16 without a mark, the large end first": text.encode("utf-16-be"),
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
