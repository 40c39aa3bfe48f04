"""EvidenceFolder: one picture per scored photo, with a name that tells which row it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from model.errors import OutputError
from model.photo import Source
from model.redaction import redacted_url
from model.system.files import cannot_write, write_file

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """A folder that holds the pictures of one run and nothing else."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> EvidenceFolder:
        """Return the folder, made if need be. Raises OutputError if it cannot be."""
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        return cls(path)

    def write(self, picture: bytes, *, number: int, source: Source) -> Path:
        """Write the picture of the photo of the row `number`, counted from 1, and return its path.

        Of a run that was killed, the picture of a photo whose row was lost may be there already. Raises OutputError.
        """
        stem = Path(source).stem if isinstance(source, Path) else Path(redacted_url(source).partition("?")[0]).stem
        shown = re.sub(r"[^\w-]", "_", stem)[:_LONGEST_NAME]
        name = f"{number:06d}_{shown}.jpg"
        write_file(self.path / name, picture, again=True)
        return self.path / name


def check_empty(path: Path) -> None:
    """Raise OutputError unless the folder is empty or not there: for the start of a run, before its journal is."""
    try:
        empty = not any(path.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    if not empty:
        raise OutputError("exists", f"{str(path)!r} is not empty; choose another --evidence or empty it.")
