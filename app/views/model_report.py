"""report.html of a model: one page that opens from disk, for those who decide whether a model is put to use."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from app.answers.answer import Answer
from app.answers.own_words import words_paths
from app.answers.words import Words
from app.views.evidence import THUMBNAIL_SIDE, choose_map, jpeg_address
from app.views.overlay import has_positive_part, overlay
from app.views.templating import environment
from model.card import ModelCard
from model.categories import BLEEDING_SPOTS, OTHER
from model.classifier import Classifier
from model.errors import OutputError, RedspotsError, WordsError
from model.photo import escaped
from model.prediction import ABOUT_SCORES, Prediction

AUDIT = "audit.csv"
"""What was found in the photos before training, where a model folder has it."""
MOST_FINDINGS = 200
TITLES = {
    "validation": "Photos held back from training, which chose epoch, temperature and threshold",
    "cross_validation": "Real photos, each scored by a network that never saw its group; they chose the threshold",
    "test": "Photos that chose nothing",
    "photos": "Photos that were given",
}
HEADLINES = (
    f"sensitivity_{BLEEDING_SPOTS}_at_90_specificity",
    f"something_else_for_{BLEEDING_SPOTS}",
    "balanced_accuracy",
    "calibration_error",
    "answered",
    "accuracy_of_answers",
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo of the gallery, as the page shows it."""

    name: str
    truth: str
    likely: str
    headline: str
    how_soon: str
    photo: str
    evidence: str
    """Both data addresses; empty where there is none."""


def model_report(account: Any, folder: Path, *, gallery: bool = True, words: Words | None = None) -> str:
    """Return the page for an `Account` of `training` and its model folder.

    A photo of the gallery that cannot be read any more is left out. `words` are the model's own or the shipped ones
    where they are not given; categories without words are shown by their ids, with the referral of "not sure".
    """
    card: ModelCard = account.card
    words = words or Words.read(words_paths(folder, card, words=None, language=None)[0])
    classifier = Classifier.load(folder)
    answers: dict[str, Answer] = {}
    kinds = (("Most wrong", account.most_wrong), ("Least sure", account.least_sure)) if gallery else ()
    galleries = [(title, _tiles(shown, account.sets[0].scored, classifier, words, answers)) for title, shown in kinds]
    page = environment()
    page.filters |= {"words": _words, "figure": _figure, "share": _share}
    return page.get_template("model_report.html").render(
        card=card,
        metrics=account.metrics,
        few=account.few,
        # Matplotlib escapes the texts in its drawings.
        plots={name: {title: Markup(svg) for title, svg in some.items()} for name, some in account.plots.items()},  # noqa: S704
        galleries=[(title, tiles) for title, tiles in galleries if tiles],
        answers=[_not_sure(words), *answers.values()],
        findings=_findings(folder / AUDIT),
        titles=TITLES,
        headlines=HEADLINES,
        language=words.language,
        style=Markup((Path(__file__).parent / "static" / "model_report.css").read_text(encoding="utf-8")),  # noqa: S704
    )


def _not_sure(words: Words) -> Answer:
    return words.answer(Prediction((), None, None, ("low_score",), (), ""))


def _tiles(
    shown: Sequence[Any], scored: Any, classifier: Classifier, words: Words, answers: dict[str, Answer]
) -> list[Tile]:
    tiles = []
    for one in shown:
        try:
            photo = classifier.read(Path(one.path))
        except RedspotsError:
            continue
        (prediction,) = classifier.classify([photo], evidence=True)
        probabilities = scored.probabilities[one.row]
        best = int(probabilities.argmax())
        named = str(scored.named[one.row])
        answer = _answer(words, named, float(probabilities.max()))
        answers.setdefault(answer.headline, answer)
        small = Image.fromarray(photo.pixels)
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
        tiles.append(
            Tile(
                name=escaped(Path(one.path).name),
                truth=_words(one.truth),
                likely=f"{_words(classifier.card.outputs[best])} {probabilities[best]:.2f}",
                headline=answer.headline,
                how_soon=answer.how_soon,
                photo=jpeg_address(np.asarray(small)),
                evidence=_evidence(photo, prediction, classifier.card),
            )
        )
    return tiles


def _answer(words: Words, named: str, probability: float) -> Answer:
    """Return what a person would have been told; where words are missing, what is told when nothing is sure."""
    if named:
        try:
            return words.answer(Prediction((), named, min(probability, 1.0), (), (), ""))
        except WordsError:
            return _not_sure(words)
    return _not_sure(words)


def _evidence(photo: Any, prediction: Prediction, card: ModelCard) -> str:
    chosen = choose_map(prediction, card.parents)
    unfit = not ABOUT_SCORES.issuperset(prediction.not_sure_because)
    if unfit or chosen is None or prediction.evidence is None or not has_positive_part(chosen[1]):
        return ""
    large = Image.fromarray(overlay(photo, chosen[1], prediction.evidence.box))
    large.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return jpeg_address(np.asarray(large))


def _findings(path: Path) -> list[dict[str, str]] | None:
    """Return the first findings of the audit, None where none was made. Raises OutputError."""
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [dict(row) for row, _ in zip(csv.DictReader(file), range(MOST_FINDINGS), strict=False)]
    except (OSError, ValueError, csv.Error) as error:
        raise OutputError("cannot_write", f"{str(path)!r} is not a findings table ({error}); remove it.") from error


def _words(name: str) -> str:
    return "not sure" if name == "" else "something else" if name == OTHER else name.replace("_", " ")


def _figure(figure: Any) -> str:
    if figure["value"] is None:
        return "not defined"
    interval = "" if figure["low"] is None else f" ({figure['low']:.3f} to {figure['high']:.3f})"
    return f"{figure['value']:.3f}{interval}"


def _share(count: int, of: int) -> float:
    return count / of if of else 0.0
