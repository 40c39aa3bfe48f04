"""Decision: what is named, or why nothing is, from a photo's logits; needs no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.card import ModelCard
from model.categories import OTHER
from model.prediction import ABOUT_SCORES, LOW_SCORE, UNFAMILIAR, Evidence, Prediction, Score, level_of

MOST_POSSIBLE = 2
"""Kinds that are named as possible at once: a list of everything says nothing."""


def energy(logits: NDArray[np.float32]) -> float:
    """Return the energy, -log(sum(exp(logit))) over the categories, of (outputs,) logits; the higher, the stranger.

    Liu, Wang, Owens and Li, NeurIPS 2020, at temperature 1. `other`, the last output, is left out: it was trained on
    what is unlike the categories, and with it the energy tells nothing apart. A probability cannot stand in for this:
    softmax forgets how large the logits were.
    """
    categories = logits[:-1].astype(np.float64)
    return float(-np.logaddexp.reduce(categories))


def predict(
    logits: NDArray[np.float32],
    card: ModelCard,
    *,
    refused: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    evidence: Evidence | None = None,
) -> Prediction:
    """Return the prediction that (outputs,) logits of one photo come to.

    `refused` are the reasons for which its quality is not fit to judge, if any, and `notes` what was noticed about it.
    """
    scores, named, because = judge(logits, card)
    if refused:
        named, because = None, refused
    # Conformal prediction, and a kind that is possible, say nothing of a photo unlike those they were calibrated on.
    fit = ABOUT_SCORES.issuperset(because)
    category = named.category if named else None
    ranked = kinds(scores, card) if fit else ()
    possible = could_be(ranked, category, card)
    record, of = card.levels_or_older.record(level_of(category, possible, because), card.parents)
    return Prediction(
        scores=scores,
        category=category,
        probability=named.probability if named else None,
        not_sure_because=because,
        photo_notes=notes,
        model_version=card.version,
        members=() if named is None else tuple(card.parents.get(named.category, (named.category,))),
        prediction_set=card.prediction_sets.of(scores) if card.prediction_sets is not None and fit else (),
        kinds=ranked,
        could_be=possible,
        record=record,
        record_of=of,
        evidence=evidence,
    )


def judge(logits: NDArray[np.float32], card: ModelCard) -> tuple[tuple[Score, ...], Score | None, tuple[str, ...]]:
    """Return the scores of one photo, what to name, and the reasons if that is None.

    Logits that are not finite give no scores.
    """
    probabilities = softmax(logits / card.temperature)
    if not np.isfinite(probabilities).all():
        return (), None, ("no_finite_scores",)
    scores = tuple(Score(name, float(p)) for name, p in zip(card.outputs, probabilities, strict=True))
    named, because = decide(scores, card)
    if card.most_energy is not None and energy(logits) > card.most_energy:
        return scores, None, (*because, UNFAMILIAR)
    return scores, named, because


def decide(scores: Sequence[Score], card: ModelCard) -> tuple[Score | None, tuple[str, ...]]:
    """Return the category or parent to name, or None and why not.

    The likeliest category is named when it reaches the card's threshold and beats `other`; else the likeliest
    parent on the same terms; else nothing.
    """
    by_category = {score.category: score.probability for score in scores}
    other = by_category[OTHER]
    single = max((Score(name, by_category[name]) for name in card.categories), key=lambda score: score.probability)
    # A sum of rounded softmax terms may exceed 1 by a rounding error.
    parents = [
        Score(name, min(1.0, sum(by_category[member] for member in members))) for name, members in card.parents.items()
    ]
    for candidate in (single, *sorted(parents, key=lambda score: -score.probability)):
        if candidate.probability >= card.threshold and candidate.probability > other:
            return candidate, ()
    best = max([single, *parents], key=lambda score: score.probability)
    return None, (OTHER,) if other >= best.probability else (LOW_SCORE,)


def kinds(scores: Sequence[Score], card: ModelCard) -> tuple[Score, ...]:
    """Return each kind with its probability, likeliest first: parents in place of their members, `other` left out."""
    by_category = {score.category: score.probability for score in scores}
    members = {member for group in card.parents.values() for member in group}
    alone = [(name, (name,)) for name in card.categories if name not in members]
    sums = [
        Score(name, min(1.0, sum(by_category[member] for member in group)))
        for name, group in (*card.parents.items(), *alone)
    ]
    return tuple(sorted(sums, key=lambda score: -score.probability))


def could_be(ranked: Sequence[Score], named: str | None, card: ModelCard) -> tuple[str, ...]:
    """Return the kinds that are still possible besides what is named, at most two, from kinds that are ranked.

    A kind is possible when its probability reaches the card's limit for it. What is named, or holds it, is left out.
    """
    told = {kind for kind in (score.category for score in ranked) if named in (kind, *card.parents.get(kind, ()))}
    possible = [score.category for score in ranked if score.probability >= card.least_could_be]
    return tuple(kind for kind in possible if kind not in told)[:MOST_POSSIBLE]


def kind_of(category: str, card: ModelCard) -> str:
    """Return the kind to which a category or parent belongs."""
    return next((parent for parent, members in card.parents.items() if category in members), category)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return probabilities that sum to 1; NaN where the logits are not finite."""
    if not np.isfinite(logits).all():
        return np.full(logits.shape, np.nan)
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(shifted / shifted.sum())


def is_right(named: str, truth: str, card: ModelCard) -> bool:
    """Return whether an answer names a photo's category or a parent of it."""
    return truth != OTHER and (named == truth or truth in card.parents.get(named, ()))
