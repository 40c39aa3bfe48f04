"""Models as one file: written for somebody else, and read from somebody else without trust in what it holds.

A zip with the card first and nothing but the files that the card lists. Files that show photos stay behind, and so does
what the owner's store noted: it names folders of the owner's machine.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.registry.store import SHIPPED, read_state, store_folder
from app.registry.stored_models import unknown
from model.card import CARD, ModelCard
from model.classifier import Classifier, newest_release
from model.errors import ModelError
from model.names import is_plain_name
from model.system.files import NewFile, cannot_write, check_absent, check_folder, sync

README = "README.md"
SUFFIXES = frozenset({".json", ".md", ".onnx", ".safetensors", ".toml"})
"""Of files that a model may bring: none of them holds code."""
MOST_FILES = 64
MOST_BYTES = 4 * 2**30
"""Of all files together, unpacked."""
MOST_CARD_BYTES = 8 * 2**20
_CHUNK = 2**20
_DAMAGED = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile raises on bytes that are no archive, or one that was cut or changed."""
_PROMOTED = "\n## Made the default\n"
"""Heading under which a promoted copy's README says what its owner's store noted."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A model that was written or read."""

    card: ModelCard
    size: int
    """Bytes of all its files, unpacked."""

    @property
    def licences(self) -> Mapping[str, int]:
        """Return the number of sources of photos that it was trained on by their licence, the commonest first."""
        return dict(Counter(str(one.get("licence") or "not stated") for one in self.card.data).most_common())


def folder_of(name: str) -> Path:
    """Return the folder of a model: a name in the store, `shipped`, or a folder. Raises ModelError."""
    if name == SHIPPED:
        return newest_release()
    state = read_state(store_folder())
    if name in state.models:
        return store_folder() / name
    if Path(name).is_dir():
        return Path(name)
    raise unknown(name, state)


def export_model(folder: Path, out: Path) -> Shared:
    """Write a model as a zip that did not exist, whole or not at all. Raises ModelError, OutputError."""
    check_absent(out)
    check_folder(out)
    card = ModelCard.read(folder)
    data = {name: (folder / name).read_bytes() for name in card.files}
    if card.promotion and README in data:
        data[README] = data[README].partition(_PROMOTED.encode())[0].rstrip() + b"\n"
    hashes = {name: sha256(content).hexdigest() for name, content in data.items()}
    card = replace(card, promotion={}, reports={}, files=hashes)
    with TemporaryDirectory() as name:
        card.write(Path(name))
        files = {CARD: (Path(name) / CARD).read_bytes(), **data}
    for name in files:
        _check_name(name, folder)
    with NewFile.open(out) as new, ZipFile(new.file, "w", ZIP_DEFLATED) as archive:
        for name in sorted(files, key=lambda name: (name != CARD, name != README, name)):
            # The same model gives the same file, whenever it is written.
            archive.writestr(ZipInfo(name), files[name], ZIP_DEFLATED)
    return Shared(card, sum(map(len, files.values())))


def import_model(path: Path, out: Path) -> Shared:
    """Unpack a model of somebody else into a folder that did not exist, whole or not at all.

    Nothing in it is believed: every file is listed on the card with its hash, has a plain name and a kind that holds no
    code, and together they stay below `MOST_BYTES`. Raises ModelError, OutputError.
    """
    check_absent(out)
    check_folder(out)
    try:
        with _archive(path) as archive, TemporaryDirectory(dir=out.parent, prefix=".import-") as name:
            part = Path(name) / "model"
            part.mkdir()
            infos = _checked(archive, path)
            card = _read_card(archive, infos[0], path)
            if missing := (set(card.files) | {CARD}) ^ {info.filename for info in infos}:
                raise _bad(path, f"{min(missing)!r} is missing or not listed on its card")
            size = 0
            for info in infos:
                size += _unpack(archive, info, part, path, digest=card.files.get(info.filename), room=MOST_BYTES - size)
            Classifier.load(part)
            sync(part)
            # A folder in the making is the owner's alone; the model is for all who may read its place.
            part.chmod(0o755)
            check_absent(out)
            part.rename(out)
            sync(out.parent)
    except _DAMAGED as error:
        raise _bad(path, str(error)) from error
    except OSError as error:
        raise cannot_write(out, error) from error
    return Shared(card, size)


@contextmanager
def _archive(path: Path) -> Iterator[ZipFile]:
    try:
        archive = ZipFile(path)
    except FileNotFoundError:
        raise ModelError("missing_model", f"There is no file {str(path)!r}; check the path.") from None
    except (OSError, *_DAMAGED) as error:
        raise _bad(path, str(error)) from error
    with archive:
        yield archive


def _checked(archive: ZipFile, path: Path) -> list[ZipInfo]:
    """Return what an archive lists, the card first, before anything of it is unpacked."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if not names or names[0] != CARD:
        raise _bad(path, f"it does not begin with {CARD}")
    if len(names) > MOST_FILES or len({name.casefold() for name in names}) < len(names):
        raise _bad(path, "it has too many files, or two of one name")
    for info in infos:
        _check_name(info.filename, path)
        # Of the type of file, which the upper half holds, links are what could lead elsewhere.
        if info.is_dir() or info.flag_bits & 1 or stat.S_ISLNK(info.external_attr >> 16):
            raise _bad(path, f"{info.filename!r} is no plain file")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise _bad(path, f"{info.filename!r} is packed in another way than `models export` does")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise _bad(path, f"it unpacks to more than {MOST_BYTES // 2**30} GiB")
    return infos


def _read_card(archive: ZipFile, info: ZipInfo, path: Path) -> ModelCard:
    with archive.open(info) as file:
        data = file.read(MOST_CARD_BYTES + 1)
    try:
        if len(data) > MOST_CARD_BYTES:
            raise ValueError("it is too long")
        return ModelCard.from_json(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(
            "bad_card", f"The card in {str(path)!r} cannot be read ({error}); ask for it again."
        ) from error


def _unpack(archive: ZipFile, info: ZipInfo, part: Path, path: Path, *, digest: str | None, room: int) -> int:
    """Write one file into the folder, and return its size. What an archive says of sizes is not relied on."""
    seen, size = sha256(), 0
    with archive.open(info) as source, (part / info.filename).open("xb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > room:
                raise _bad(path, f"it unpacks to more than {MOST_BYTES // 2**30} GiB")
            seen.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest is not None and seen.hexdigest() != digest:
        raise ModelError(
            "altered_file", f"{info.filename!r} in {str(path)!r} was truncated or altered; ask for the file again."
        )
    return size


def _check_name(name: str, path: Path) -> None:
    if not is_plain_name(name) or Path(name).suffix not in SUFFIXES:
        raise _bad(path, f"{name!r} does not belong to a model")


def _bad(path: Path, reason: str) -> ModelError:
    return ModelError("bad_archive", f"{str(path)!r} is no model that can be imported ({reason}); ask for it again.")
