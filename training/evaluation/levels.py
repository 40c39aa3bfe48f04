"""Levels measured: how often the answers of each were right on labelled photos, and which kinds ended without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from model.card import ModelCard
from model.categories import OTHER
from model.decision import is_right, kind_of
from model.levels import Levels
from model.prediction import Level, Record
from training.evaluation.bootstrap import RESAMPLES, interval, resampled_rows
from training.evaluation.predictions import Scored, mean

Figure = Callable[[Scored], float]


def level_figures(card: ModelCard) -> dict[str, Figure]:
    """Return the definitions of the share of each level, of its right answers, and of each kind at `no_match`.

    Each is NaN where the photos do not define it. Answers that name something are `answered` and
    `accuracy_of_answers`.
    """
    found: dict[str, Figure] = {
        level.value: partial(_share_at, level=level) for level in (Level.COULD_BE, Level.NO_MATCH, Level.NOT_USABLE)
    }
    found["accuracy_of_could_be"] = partial(_right_at, card=card, level=Level.COULD_BE)
    for kind in dict.fromkeys(kind_of(category, card) for category in card.categories):
        found[f"no_match_for_{kind}"] = partial(_unmatched, card=card, kind=kind)
    return found


def measured_levels(card: ModelCard, scored: Scored, *, name: str, seed: int = 0, resamples: int = RESAMPLES) -> Levels:
    """Return the card's levels with what became of labelled photos at them; the limits stay.

    `name` says which photos they are. Photos that chose nothing give the honest figures. Intervals: 95 %, bootstrap
    over groups; of 0 or all of n photos, the bound that is not trivial is that of the rule of three, 3 / n.
    """
    alone = scored.measured_alone()

    def record(figure: Figure, photos: int) -> Record:
        value = figure(scored)
        if np.isnan(value):
            return Record(None, None, None, photos)
        drawn = [figure(alone[rows]) for rows in resampled_rows(scored.groups, seed=seed, resamples=resamples)]
        low, high = interval(np.array(drawn, dtype=np.float64))
        if drawn and value in {0.0, 1.0}:
            low, high = (max(0.0, 1 - 3 / photos), 1.0) if value else (0.0, min(1.0, 3 / photos))
        return Record(round(value, 4), low, high, photos)

    levels = card.levels_or_older
    at = {level: int((scored.levels == level).sum()) for level in Level}
    unmatched = {}
    for kind in dict.fromkeys(kind_of(category, card) for category in card.categories):
        photos = int(np.isin(scored.truths, card.parents.get(kind, (kind,))).sum())
        if photos:
            unmatched[kind] = record(partial(_unmatched, card=card, kind=kind), photos)
    names, counts = np.unique(scored.truths, return_counts=True)
    right = {
        level: record(partial(_right_at, card=card, level=level), at[level])
        for level in (Level.LOOKS_LIKE, Level.COULD_BE)
    }
    return replace(
        levels,
        looks_like=replace(levels.looks_like, right=right[Level.LOOKS_LIKE]),
        could_be=replace(levels.could_be, right=right[Level.COULD_BE]),
        no_match=unmatched,
        measured_on=name,
        photos={str(truth): int(count) for truth, count in zip(names, counts, strict=True)},
    )


def _share_at(one: Scored, *, level: Level) -> float:
    return mean(one.levels == level)


def _right_at(one: Scored, *, card: ModelCard, level: Level) -> float:
    """Share of the answers of a level that name the right category, parent or kind."""
    chosen = one[one.levels == level]
    if level is Level.LOOKS_LIKE:
        pairs = zip(chosen.named, chosen.truths, strict=True)
        return mean(np.array([is_right(str(named), str(truth), card) for named, truth in pairs], dtype=np.bool_))
    truths = [kind_of(str(truth), card) for truth in chosen.truths]
    told = [str(possible).split() for possible in chosen.could_be]
    right = [truth != OTHER and truth in possible for truth, possible in zip(truths, told, strict=True)]
    return mean(np.array(right, dtype=np.bool_))


def _unmatched(one: Scored, *, card: ModelCard, kind: str) -> float:
    """Share of the photos of a kind that end at `no_match`."""
    return mean(one.levels[np.isin(one.truths, card.parents.get(kind, (kind,)))] == Level.NO_MATCH)
