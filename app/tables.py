"""Answers as rows of a CSV or JSONL table, one per file."""

from __future__ import annotations

import csv
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from app.terminal import print_answer
from app.wording import Answer
from app.words_file import is_blank
from model.errors import OutputError, WordsError
from model.prediction import Prediction

__all__ = ["TableWriter", "columns", "print_answer", "row"]

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""First characters with which a spreadsheet takes a text for a formula (OWASP, 'CSV Injection')."""


def columns(outputs: Sequence[str]) -> tuple[str, ...]:
    """Return the column names of a table in their order; `outputs` are the card's, `other` last."""
    return (
        *("file", "category", "headline", "probability"),
        *(f"p_{output}" for output in outputs),
        *("prediction_set", "not_sure_because", "photo_notes", "urgency", "urgent_advice"),
        *("referral", "limits", "error", "model_version"),
    )


def row(
    path: Path | str,
    answer: Answer,
    prediction: Prediction | None,
    *,
    outputs: Sequence[str],
    error_sentence: str = "",
) -> dict[str, object]:
    """Return one row, in the order of `columns`: text on one line each, numbers as numbers, None for nothing.

    `prediction_set` holds ids, `not_sure_because` and `photo_notes` read `code: sentence`; all are parted by ` | `.
    `error_sentence` is the answer's own if left out. Bytes of a file name that are not UTF-8 appear as `\\xff`.
    """
    scores = {score.category: score.probability for score in prediction.scores} if prediction else {}
    if scores and set(scores) != set(outputs):
        raise ValueError(f"the prediction has scores for {sorted(scores)}, the table columns for {sorted(outputs)}")
    reasons = prediction.not_sure_because if prediction else ()
    notes = prediction.photo_notes if prediction else ()
    sentence = error_sentence or " ".join(answer.not_sure_because)
    return {
        "file": os.fsencode(path).decode("utf-8", "backslashreplace"),
        "category": answer.category,
        "headline": answer.headline,
        "probability": _rounded(answer.probability),
        **{f"p_{output}": _rounded(scores.get(output)) for output in outputs},
        "prediction_set": " | ".join(answer.prediction_set) or None,
        "not_sure_because": _coded(reasons, answer.not_sure_because) if prediction else None,
        "photo_notes": _coded(notes, answer.photo_notes) if prediction else None,
        "urgency": answer.urgency.value,
        "urgent_advice": _one_line(answer.urgent_advice),
        "referral": _one_line(answer.referral),
        "limits": _one_line(answer.limits),
        "error": _one_line(f"{answer.error}: {sentence}") if answer.error else None,
        "model_version": answer.model_version or None,
    }


class TableWriter:
    """A table that appears under its name only when it is complete, and then at once."""

    def __init__(self, *, target: Path, part: Path, file: IO[str], outputs: Sequence[str], overwrite: bool) -> None:
        """Take what `open` has checked; call `open` instead."""
        self._target, self._part, self._file, self._overwrite = target, part, file, overwrite
        self._columns = columns(outputs)
        self._csv = csv.DictWriter(file, self._columns) if target.suffix.lower() == ".csv" else None

    @classmethod
    def open(cls, path: Path, *, outputs: Sequence[str], overwrite: bool = False) -> Self:
        """Return a writer to use in a `with` statement.

        Raises OutputError: the suffix is neither .csv nor .jsonl, the file exists, or its folder takes no file.
        """
        if path.suffix.lower() not in {".csv", ".jsonl"}:
            raise OutputError(
                "unknown_format", f"{str(path)!r} ends in neither .csv nor .jsonl; choose one of the two."
            )
        if os.path.lexists(path) and not overwrite:
            raise _exists(path)
        if path.is_dir():
            raise OutputError("cannot_write", f"{str(path)!r} is a folder; choose another file.")
        # Beside the target, so that the last step is a rename; short, since the target's name may fill the limit.
        part = path.parent / f".{secrets.token_hex(6)}.part"
        try:
            file = part.open("x", encoding="utf-8", newline="")
        except OSError as error:
            raise _cannot_write(path, error) from error
        return cls(target=path, part=part, file=file, outputs=outputs, overwrite=overwrite)

    def __enter__(self) -> Self:
        """Write the header of a CSV table."""
        if self._csv is not None:
            self._csv.writeheader()
        return self

    def write(self, row: Mapping[str, object]) -> None:
        """Write one row. Raises WordsError when it lost its referral, OutputError when the disk takes no more."""
        for name in ("urgent_advice", "referral", "limits"):
            if is_blank(row.get(name)):
                raise WordsError("empty_text", f"A row of {str(self._target)!r} must not lose its {name!r}; keep it.")
        if tuple(row) != self._columns:
            raise ValueError(f"a row has the columns {self._columns}, not {tuple(row)}")
        try:
            if self._csv is not None:
                self._csv.writerow({name: _unformulated(value) for name, value in row.items()})
            else:
                values = {name: None if value == "" else value for name, value in row.items()}
                self._file.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
        except OSError as error:
            raise _cannot_write(self._target, error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the complete table in its place; after an exception leave nothing behind."""
        try:
            if kind is None:
                self._put_in_place()
        except FileExistsError:
            raise _exists(self._target) from None
        except OSError as failure:
            raise _cannot_write(self._target, failure) from failure
        finally:
            self._discard()

    def _put_in_place(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._overwrite:
            self._part.replace(self._target)
        else:
            self._link()

    def _link(self) -> None:
        """Give the table its name. A link, unlike a rename, refuses a file that appeared in the meantime."""
        try:
            self._target.hardlink_to(self._part)
        except FileExistsError:
            raise
        except OSError:
            # Some file systems, such as exFAT, have no links.
            if os.path.lexists(self._target):
                raise FileExistsError from None
            self._part.rename(self._target)

    def _discard(self) -> None:
        # What a full disk refuses here is thrown away in any case, and must not hide the error that led here.
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)


def _rounded(probability: float | None) -> float | None:
    # The network's figures are 32-bit; more digits would be noise.
    return None if probability is None else round(float(probability), 6)


def _coded(codes: Sequence[str], sentences: Sequence[str]) -> str | None:
    pairs = zip(codes, sentences, strict=True)
    return " | ".join(f"{code}: {_one_line(sentence)}" for code, sentence in pairs) or None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unformulated(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _exists(path: Path) -> OutputError:
    return OutputError("exists", f"{str(path)!r} exists already; choose another file or remove it.")


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError("cannot_write", f"{str(path)!r} cannot be written ({error.strerror}); choose another place.")
