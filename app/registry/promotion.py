"""Promotion: whether a model may become the default, by figures beside the present one's, and what is then recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.answers.own_words import words_paths
from app.answers.words import Words
from app.cli.evaluate import Measured, compare_models, figures_of, measure_models
from app.registry.store import ChosenModel, default_model
from app.registry.stored_models import put
from model.card import ModelCard
from model.errors import ModelError

BLEEDING = ("petechiae", "purpura")
PARENT = "bleeding_spots"
SENSITIVITY = f"sensitivity_{PARENT}_at_90_specificity"
MISTAKEN = f"something_else_for_{PARENT}"
CALIBRATION = "calibration_error"
MOST_CALIBRATION_ERROR = 0.05
LEAST_GROUPS = 10
"""People or lesions with bleeding spots from which on a comparison says anything."""
MOST_POSSIBLE_DROP = 0.2
"""Of sensitivity. Photos that cannot rule out a larger one are too few: even chance is not certainly worse on them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the photos say of a model beside the default."""

    default: ChosenModel
    against: tuple[str, ...]
    """Sentences with the numbers; a model without any may be promoted."""
    figures: Mapping[str, Any]
    """Differences that were judged, and the new model's own figures."""


def promote(folder: Path, photos: Path, *, where: Sequence[str], workers: int, override: str) -> tuple[str, Judgement]:
    """Make a model the default and return its name in the store. Raises ModelError `refused` with the numbers.

    `override` is a reason to do it against the numbers. Nothing overrides missing words: without them no answer of the
    model would have a referral.
    """
    card = ModelCard.read(folder)
    check_words(folder, card)
    judgement = judge(folder, photos, where=where, workers=workers)
    if judgement.against and not override.strip():
        reasons = " ".join(judgement.against)
        raise ModelError(
            "refused",
            f"{str(folder)!r} is not made the default. {reasons} "
            "Train it further, or give --override with a reason, which is recorded on its card.",
        )
    entry = {
        "compared_with": str(judgement.default),
        "photos": str(photos),
        "figures": judgement.figures,
        "against": list(judgement.against),
        "override": override.strip() if judgement.against else "",
    }
    return put(folder, instead_of=judgement.default.name, entry=entry, told=_told), judgement


def check_words(folder: Path, card: ModelCard) -> None:
    """Raise WordsError unless every category has all words, in every language that the model is spoken for with."""
    for path in words_paths(folder, card, words=None, language=None):
        Words.read(path).require(card.categories, card.parents)


def judge(folder: Path, photos: Path, *, where: Sequence[str], workers: int) -> Judgement:
    """Return what photos say of a model beside the present default."""
    default = default_model()
    new, old = measure_models([folder, default.folder], photos, where=where, workers=workers)
    cards = new.card, old.card
    against = [
        f"It does not know {name}, which the default does."
        for name in BLEEDING
        if name in cards[1].categories and name not in cards[0].categories
    ]
    if not set(BLEEDING) & set(cards[0].categories):
        against.append("It knows no bleeding spots.")
        return Judgement(default, tuple(against), {})
    differences = compare_models(_with_parent(new), _with_parent(old))
    own = figures_of(_with_parent(new))["figures"]
    against += [*_too_few(new), *_worse(differences), *_uncalibrated(own)]
    judged = {name: differences[name] for name in (SENSITIVITY, MISTAKEN, CALIBRATION) if name in differences}
    return Judgement(default, tuple(against), {"judged": judged, "own": own})


def _with_parent(one: Measured) -> Measured:
    """Return the measurement with bleeding spots as one answer, whichever of them the model knows."""
    card = one.card
    members = tuple(name for name in BLEEDING if name in card.categories)
    if not members or PARENT in card.parents:
        return one
    return replace(one, card=replace(card, parents={**card.parents, PARENT: members}))


def _too_few(new: Measured) -> list[str]:
    bleeding = [truth in BLEEDING for truth in new.scored.truths.tolist()]
    groups = len(set(new.scored.groups[bleeding].tolist()))
    if groups >= LEAST_GROUPS:
        return []
    return [f"The photos show bleeding spots of {groups} people or lesions; fewer than {LEAST_GROUPS} say nothing."]


def _worse(differences: Mapping[str, Any]) -> list[str]:
    told = []
    for name, words in (
        (SENSITIVITY, "It finds fewer bleeding spots at 90 % specificity"),
        (MISTAKEN, "It gives more bleeding spots the advice for something else"),
    ):
        one = differences.get(name)
        if one is None or one["verdict"] == "undefined":
            told.append(f"The photos do not define {name.replace('_', ' ')}.")
        elif one["verdict"] == "worse":
            told.append(
                f"{words}: {one['new']:.3f} instead of {one['old']:.3f} "
                f"(difference {one['difference']:+.3f}, 95 % interval {one['low']:+.3f} to {one['high']:+.3f})."
            )
        elif name == SENSITIVITY and (one["low"] is None or one["low"] < -MOST_POSSIBLE_DROP):
            told.append(
                f"It may find fewer bleeding spots: {one['new']:.3f} instead of {one['old']:.3f}, and these photos do "
                f"not rule out a drop of more than {MOST_POSSIBLE_DROP:.1f}"
                + ("" if one["low"] is None else f" (95 % interval {one['low']:+.3f} to {one['high']:+.3f})")
                + "; take more of them."
            )
    return told


def _uncalibrated(own: Mapping[str, Any]) -> list[str]:
    value = own[CALIBRATION]["value"]
    if value is None or value <= MOST_CALIBRATION_ERROR:
        return []
    return [f"Its calibration error is {value:.3f}, above {MOST_CALIBRATION_ERROR:.2f}."]


def _told(card: ModelCard) -> str:
    """Return the section of a promoted copy's README."""
    about = card.promotion
    lines = [
        "## Made the default",
        "",
        f"On {about['at']}, from `{about['from']}`, instead of {about['compared_with']}; compared on "
        f"`{about['photos']}`.",
        "",
    ]
    for name, one in about["figures"].get("judged", {}).items():
        interval = "" if one["low"] is None else f", 95 % interval {one['low']:+.3f} to {one['high']:+.3f}"
        if one["difference"] is not None:
            lines.append(
                f"- {name.replace('_', ' ')}: {one['new']:.3f} instead of {one['old']:.3f} "
                f"(difference {one['difference']:+.3f}{interval})"
            )
    if about["against"]:
        lines += ["", "**Against the numbers:**", *(f"- {one}" for one in about["against"])]
        lines += ["", f"Reason given: {about['override']}"]
    return "\n".join(lines)
