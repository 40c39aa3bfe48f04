"""Promotion: whether a model may become the default, by figures that were measured beside the present one's.

It measures nothing itself: see `app.cli.promotion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.answers.own_words import words_paths
from app.answers.words import Words
from app.registry.store import ChosenModel
from app.registry.stored_models import put
from model.card import ModelCard
from model.categories import BLEEDING, BLEEDING_SPOTS
from model.errors import ModelError

SENSITIVITY = f"sensitivity_{BLEEDING_SPOTS}_at_90_specificity"
MISTAKEN = f"something_else_for_{BLEEDING_SPOTS}"
CALIBRATION = "calibration_error"
MOST_CALIBRATION_ERROR = 0.05
LEAST_GROUPS = 10
"""People or lesions with bleeding spots from which on a comparison says anything."""
MOST_POSSIBLE_DROP = 0.2
"""Of sensitivity. Photos that cannot rule out a larger one are too few: even chance is not certainly worse on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was measured of a model and of the default, on the same photos."""

    new: ModelCard
    old: ModelCard
    bleeding_groups: int
    """People or lesions with bleeding spots among the photos."""
    differences: Mapping[str, Any]
    """By figure, as `redspots evaluate --against` writes them; of cards `with_parent`."""
    own: Mapping[str, Any]
    """The new model's figures."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the photos say of a model beside the default."""

    default: ChosenModel
    against: tuple[str, ...]
    """Sentences with the numbers; a model without any may be promoted."""
    figures: Mapping[str, Any]
    """Differences that were judged, and the new model's own figures."""


def check_words(folder: Path, card: ModelCard) -> None:
    """Raise WordsError unless every category has all words, in every language that the model is spoken for with."""
    for path in words_paths(folder, card, words=None, language=None):
        Words.read(path).require(card.categories, card.parents)


def judge(default: ChosenModel, measured: Comparison) -> Judgement:
    """Return what photos say of a model beside the present default."""
    new, old = measured.new, measured.old
    against = [
        f"It does not know {name}, which the default does."
        for name in BLEEDING
        if name in old.categories and name not in new.categories
    ]
    if not knows_bleeding(new):
        against.append("It knows no bleeding spots.")
        return Judgement(default, tuple(against), {})
    differences = measured.differences
    against += [*_too_few(measured.bleeding_groups), *_worse(differences), *_uncalibrated(measured.own)]
    judged = {name: differences[name] for name in (SENSITIVITY, MISTAKEN, CALIBRATION) if name in differences}
    return Judgement(default, tuple(against), {"judged": judged, "own": measured.own})


def promote(folder: Path, judgement: Judgement, *, photos: Path, override: str) -> str:
    """Make a model the default and return its name in the store. Raises ModelError `refused` with the numbers.

    `override` is a reason to do it against the numbers. Nothing overrides missing words: without them no answer of the
    model would have a referral.
    """
    check_words(folder, ModelCard.read(folder))
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
    return put(folder, instead_of=judgement.default.name, entry=entry, told=_told)


def knows_bleeding(card: ModelCard) -> bool:
    """Return whether a model knows any kind of bleeding spots."""
    return not set(BLEEDING).isdisjoint(card.categories)


def with_parent(card: ModelCard) -> ModelCard:
    """Return the card with bleeding spots as one answer, whichever of them the model knows."""
    members = tuple(name for name in BLEEDING if name in card.categories)
    if not members or BLEEDING_SPOTS in card.parents:
        return card
    return replace(card, parents={**card.parents, BLEEDING_SPOTS: members})


def _too_few(groups: int) -> list[str]:
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
