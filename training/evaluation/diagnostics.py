"""What a report draws of one set of photos, as plain numbers: confusion, ROC, reliability, thresholds, parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from model.card import ModelCard
from model.categories import NOT_SKIN, OTHER
from training.evaluation.bootstrap import Counts, interval
from training.evaluation.metrics import measure
from training.evaluation.predictions import Scored

RESAMPLES = 200
"""For bands that are looked at, not read off."""
BINS = 10
"""Of the reliability diagram."""
GRID = np.linspace(0, 1, 51)
"""False positive rates at which a ROC curve is kept."""
THRESHOLDS = np.round(np.arange(0, 1, 0.02), 2)
LEAST_OF_A_PART = 5
"""Photos from which on a source or a band of skin tone gets figures of its own."""
NOT_SURE = ""
"""Column of the confusion matrix for photos that got no name."""
_PART_FIGURES = frozenset(
    {"balanced_accuracy", "calibration_error", "answered", "accuracy_of_answers", f"not_sure_on_{OTHER}"}
)


def diagrams(scored: Scored, card: ModelCard, *, seed: int = 0) -> dict[str, Any]:
    """Return everything that a report draws; values are rounded, intervals are 95 %, bootstrap over groups."""
    drawn = Counts(scored.groups, seed=seed, resamples=RESAMPLES)
    return {
        "confusion": confusion(scored, card),
        "roc": {
            name: curve
            for name, members in {**{one: (one,) for one in card.categories}, **card.parents}.items()
            if (curve := roc(scored, card, members, drawn)) is not None
        },
        "reliability": reliability(scored, card, drawn),
        "thresholds": thresholds(scored, card, drawn),
        "by_source": _by_part(scored, scored.sources, card),
        "by_skin_tone": _by_part(scored, scored.tones, card),
    }


def confusion(scored: Scored, card: ModelCard) -> dict[str, Any]:
    """Return counts of photos: a row per truth that occurs, a column per name, the last for "not sure"."""
    truths = [name for name in (*card.outputs, NOT_SKIN) if name in scored.truths]
    names = [*card.categories, *card.parents, NOT_SURE]
    counts = [[int(((scored.truths == truth) & (scored.named == name)).sum()) for name in names] for truth in truths]
    return {"truths": truths, "named": names, "counts": counts}


def roc(scored: Scored, card: ModelCard, members: Sequence[str], drawn: Counts) -> dict[str, Any] | None:
    """Return sensitivity over the false positive rates of `GRID` with its band; None without photos on both sides."""
    positive = np.isin(scored.truths, members)
    if positive.all() or not positive.any():
        return None
    score = scored.probabilities[:, [card.outputs.index(member) for member in members]].sum(axis=1)

    def sensitivity(weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
        false_positive, true_positive, _ = roc_curve(positive, score, sample_weight=weights)
        # Where the curve rises straight up, its upper end counts.
        return np.array([true_positive[false_positive <= at + 1e-12].max() for at in GRID])

    curves = [sensitivity(weights) for weights in drawn if weights[positive].any() and weights[~positive].any()]
    band = np.array(curves).reshape(len(curves), len(GRID))
    return {
        "photos": int(positive.sum()),
        "false_positive_rate": _rounded(GRID),
        "sensitivity": _rounded(sensitivity(None)),
        **_band(band),
    }


def reliability(scored: Scored, card: ModelCard, drawn: Counts) -> list[dict[str, Any]]:
    """Return, per bin of the likeliest output's probability: photos, mean probability, and how often it was right."""
    targets = np.where(scored.truths == NOT_SKIN, OTHER, scored.truths)
    surest = scored.probabilities.argmax(axis=1)
    probability = scored.probabilities.max(axis=1)
    right = (np.array(card.outputs)[surest] == targets).astype(np.float64)
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    found = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            low, high = interval(_ratio(drawn @ (right * inside), drawn @ inside.astype(np.float64)))
            found.append(
                {
                    "from": number / BINS,
                    "to": (number + 1) / BINS,
                    "photos": int(inside.sum()),
                    "probability": round(float(probability[inside].mean()), 4),
                    "right": round(float(right[inside].mean()), 4),
                    "low": low,
                    "high": high,
                }
            )
    return found


def thresholds(scored: Scored, card: ModelCard, drawn: Counts) -> dict[str, Any]:
    """Return the share of photos answered and the accuracy of the answers, at each threshold that could be chosen.

    The rule is that of `model.decision.decide`; an unfit photo gets no answer at any threshold.
    """
    answered, right = _answers(scored, card)
    whole = np.ones((1, len(scored.truths)))
    found: dict[str, Any] = {"threshold": _rounded(THRESHOLDS)}
    for name, part, of in (("answered", answered, np.ones_like(answered)), ("accuracy", right, answered)):
        (values,) = _ratio(whole @ part, whole @ of)
        band = _band(_ratio(drawn @ part, drawn @ of))
        found |= {name: _rounded(values), f"{name}_low": band["low"], f"{name}_high": band["high"]}
    return found


def _answers(scored: Scored, card: ModelCard) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, thresholds) of 0 and 1: whether a photo gets an answer, and whether that is right."""
    single = scored.probabilities[:, :-1]
    chosen = np.array(card.categories)[single.argmax(axis=1)]
    names, sums = list(card.parents), np.zeros((len(chosen), 0))
    if names:
        columns = [[card.outputs.index(member) for member in card.parents[name]] for name in names]
        sums = np.stack([scored.probabilities[:, one].sum(axis=1) for one in columns], axis=1)
    other = scored.probabilities[:, -1]
    by_single = _reaches(single.max(axis=1), other)
    answered, right = by_single, by_single * (chosen == scored.truths)[:, None]
    if names:
        parent = np.array(names)[sums.argmax(axis=1)]
        holds = [truth in card.parents[name] for truth, name in zip(scored.truths, parent, strict=True)]
        by_parent = _reaches(sums.max(axis=1), other) * (1 - by_single)
        answered, right = answered + by_parent, right + by_parent * np.array(holds)[:, None]
    fit = scored.fit[:, None]
    return answered * fit, right * fit


def _reaches(probability: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    beats = (probability > other)[:, None]
    return np.asarray(beats & (probability[:, None] >= THRESHOLDS), dtype=np.float64)


def _by_part(scored: Scored, parts: NDArray[np.str_], card: ModelCard) -> dict[str, Any]:
    """Return figures for each source or band that has enough photos; nothing where there is only one."""
    names, counts = np.unique(parts[parts != ""], return_counts=True)
    if len(names) < 2:
        return {}
    found: dict[str, Any] = {}
    for name, count in zip(names.tolist(), counts.tolist(), strict=True):
        part = scored[parts == name]
        measured = measure(part, card, only=_PART_FIGURES) if count >= LEAST_OF_A_PART else {}
        found[name] = {
            "photos": count,
            "groups": len(np.unique(part.groups)),
            "figures": {key: {"value": one.value, "low": one.low, "high": one.high} for key, one in measured.items()},
        }
    return found


def _ratio(part: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, of, out=np.full(part.shape, np.nan), where=of > 0))


def _band(values: NDArray[np.float64]) -> Mapping[str, list[float | None]]:
    pairs = [interval(column) for column in values.T]
    return {"low": [low for low, _ in pairs], "high": [high for _, high in pairs]}


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), 4) for value in values]
