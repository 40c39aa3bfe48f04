"""EvidenceFolder: one picture per scored photo, with a name that tells which row it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.new_file import NewFile, cannot_write
from model.errors import OutputError
from model.photo import Source

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """A folder that holds the pictures of one run and nothing else."""

    path: Path

    @classmethod
    def open(cls, path: Path, *, resume: bool = False) -> EvidenceFolder:
        """Return the folder, made if need be. Raises OutputError if it cannot be, or holds something already."""
        try:
            path.mkdir(exist_ok=True)
            if not resume and any(path.iterdir()):
                raise OutputError("exists", f"{str(path)!r} is not empty; choose another --evidence or empty it.")
        except OSError as error:
            raise cannot_write(path, error) from error
        return cls(path)

    def write(self, picture: bytes, *, number: int, source: Source) -> Path:
        """Write the picture of the photo of the row `number`, counted from 1, and return its path.

        Of a run that was killed, the picture of a photo whose row was lost may be there already. Raises OutputError.
        """
        stem = Path(source).stem if isinstance(source, Path) else Path(source.partition("?")[0]).stem
        shown = re.sub(r"[^\w-]", "_", stem)[:_LONGEST_NAME]
        name = f"{number:06d}_{shown}.jpg"
        with NewFile.open(self.path / name, again=True) as new:
            new.file.write(picture)
        return self.path / name
