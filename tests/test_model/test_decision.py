"""Energy: high where no category speaks, blind to `other`, and a reason for not being sure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.card import ModelCard
from model.decision import UNFAMILIAR, energy, judge

LOGITS = st.lists(st.floats(-50, 50, width=32), min_size=5, max_size=5)


def test_the_energy_is_that_of_its_definition() -> None:
    logits = np.array([1.0, 2.0, -3.0, 0.5, 9.0], np.float32)
    assert energy(logits) == pytest.approx(-np.log(np.exp([1.0, 2.0, -3.0, 0.5]).sum()))


@given(LOGITS, st.floats(-50, 50, width=32), st.floats(0.125, 20, width=32))
def test_it_sees_how_large_logits_are_but_not_other(logits: list[float], other: float, more: float) -> None:
    values = np.array(logits, np.float32)
    changed = values.copy()
    changed[-1] = other
    assert energy(changed) == energy(values)
    # Softmax gives the same probabilities for both.
    assert energy(values + np.float32(more)) == pytest.approx(energy(values) - more, abs=1e-3)


def test_a_strange_photo_is_not_judged_and_says_why(tiny_model: Path) -> None:
    card = replace(ModelCard.read(tiny_model), threshold=0.5, most_energy=0.0)
    sure = np.array([0.1, 9.0, 0.1, 0.1, 0.1], np.float32)
    scores, named, because = judge(sure, card)
    assert (named, because) == (scores[1], ())
    strange = sure - 20
    scores, named, because = judge(strange, card)
    assert scores[1].probability > 0.99
    assert (named, because) == (None, (UNFAMILIAR,))
    assert judge(strange, replace(card, most_energy=None))[1] == scores[1]


def test_all_reasons_are_told(tiny_model: Path) -> None:
    card = replace(ModelCard.read(tiny_model), threshold=0.5, most_energy=0.0)
    assert judge(np.array([-9, -9, -9, -9, 3], np.float32), card)[2] == ("other", UNFAMILIAR)
    assert judge(np.full(5, -9, np.float32), card)[2] == ("low_score", UNFAMILIAR)
