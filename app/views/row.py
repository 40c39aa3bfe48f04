"""The columns of a table of answers: what each holds, in which type, and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.answers.words import Answer
from model.prediction import Prediction
from model.redaction import redacted_url

SCHEMA = 2
"""Version of the columns, in every row; it grows when a column changes its meaning or goes."""

Cell = str | int | float | None


FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""First characters with which a spreadsheet takes a text for a formula (OWASP, 'CSV Injection')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is known of one file: everything that a row is made of."""

    file: Path | str
    answer: Answer
    prediction: Prediction | None
    error_sentence: str = ""
    """The answer's own if empty."""
    sha256: str = ""
    milliseconds: float | None = None
    evidence: Path | str | None = None
    """The evidence picture that was written."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of every table. Types: `str` is text on one line, `float` and `int` are numbers."""

    name: str
    type: type[str] | type[float] | type[int]
    value: Callable[[Result], Cell]
    """Return the cell; None where there is nothing to say."""


def all_columns(outputs: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns in their order; `outputs` are the card's, `other` last."""
    return (
        Column("file", str, lambda result: _name(result.file)),
        Column("category", str, lambda result: result.answer.category),
        Column("headline", str, lambda result: result.answer.headline),
        Column("probability", float, lambda result: _rounded(result.answer.probability)),
        *(Column(f"p_{output}", float, partial(_probability, output=output)) for output in outputs),
        Column("prediction_set", str, lambda result: _listed(result.answer.prediction_set)),
        Column("could_also_be", str, lambda result: _one_line(result.answer.could_also_be) or None),
        Column("not_sure_because", str, _not_sure_because),
        Column("photo_notes", str, _photo_notes),
        Column("urgency", str, lambda result: result.answer.urgency.value),
        Column("how_soon", str, lambda result: result.answer.how_soon),
        Column("urgent_advice", str, lambda result: _one_line(result.answer.urgent_advice)),
        Column("referral", str, lambda result: _one_line(result.answer.referral)),
        Column("explanation", str, _explanation),
        Column("limits", str, lambda result: _one_line(result.answer.limits)),
        Column("sources", str, lambda result: _listed([source.line for source in result.answer.sources])),
        Column("error", str, _error),
        Column("error_code", str, lambda result: result.answer.error),
        Column("evidence", str, lambda result: None if result.evidence is None else _name(result.evidence)),
        Column("sha256", str, lambda result: result.sha256 or None),
        Column("milliseconds", float, lambda result: result.milliseconds),
        Column("model_version", str, lambda result: result.answer.model_version or None),
        Column("level", str, lambda result: result.answer.level.value),
        Column("could_be", str, lambda result: _listed(result.answer.could_be)),
        Column("closest", str, lambda result: result.answer.closest),
        Column("closest_probability", float, lambda result: _rounded(result.answer.closest_probability)),
        Column("schema", int, lambda result: SCHEMA),
    )


def columns(outputs: Sequence[str]) -> tuple[str, ...]:
    """Return the column names in their order."""
    return tuple(column.name for column in all_columns(outputs))


def row(
    path: Path | str,
    answer: Answer,
    prediction: Prediction | None,
    *,
    outputs: Sequence[str],
    error_sentence: str = "",
    sha256: str = "",
    milliseconds: float | None = None,
    evidence: Path | str | None = None,
) -> dict[str, Cell]:
    """Return one row, in the order of `columns`: text on one line each, numbers as numbers, None for nothing.

    `prediction_set` and `could_be` hold ids, `not_sure_because` and `photo_notes` read `code: sentence`; all are parted
    by ` | `.
    Bytes of a file name that are not UTF-8 appear as `\\xff`; a name that a spreadsheet would take for a formula begins
    with `./`.
    """
    scored = {score.category for score in prediction.scores} if prediction else set()
    if scored and scored != set(outputs):
        raise ValueError(f"the prediction has scores for {sorted(scored)}, the table columns for {sorted(outputs)}")
    result = Result(
        file=path,
        answer=answer,
        prediction=prediction,
        error_sentence=error_sentence,
        sha256=sha256,
        milliseconds=milliseconds,
        evidence=evidence,
    )
    return {column.name: column.value(result) for column in all_columns(outputs)}


def _name(path: Path | str) -> str:
    if isinstance(path, str):
        path = redacted_url(path)
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    # The same file, and no formula of a spreadsheet.
    return f"./{name}" if name.startswith(FORMULA) else name


def _probability(result: Result, *, output: str) -> float | None:
    return _rounded(result.prediction.probability_of(output)) if result.prediction else None


def _not_sure_because(result: Result) -> str | None:
    reasons = result.prediction.not_sure_because if result.prediction else None
    return None if reasons is None else _coded(reasons, result.answer.not_sure_because)


def _photo_notes(result: Result) -> str | None:
    notes = result.prediction.photo_notes if result.prediction else None
    return None if notes is None else _coded(notes, result.answer.photo_notes)


def _explanation(result: Result) -> str | None:
    return _listed([f"{section.title}: {section.text}" for section in result.answer.explanation])


def _error(result: Result) -> str | None:
    sentence = result.error_sentence or " ".join(result.answer.not_sure_because)
    return _one_line(f"{result.answer.error}: {sentence}") if result.answer.error else None


def _rounded(probability: float | None) -> float | None:
    # The network's figures are 32-bit; more digits would be noise.
    return None if probability is None else round(float(probability), 6)


def _coded(codes: Sequence[str], sentences: Sequence[str]) -> str | None:
    return _listed([f"{code}: {sentence}" for code, sentence in zip(codes, sentences, strict=True)])


def _listed(texts: Sequence[str]) -> str | None:
    return " | ".join(map(_one_line, texts)) or None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def unformulated(value: Cell) -> Cell:
    """Return a cell, the same in all formats, that no spreadsheet takes for a formula: words files are people's own."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
