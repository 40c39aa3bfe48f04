"""Cohen's kappa is what scikit-learn says it is, and pairs of readers are counted over what both have read."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from app.labelling.agreement import agreements, cohen_kappa
from app.labelling.journal import Act, Kind
from app.labelling.readings import Readings


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_kappa_is_that_of_scikit_learn(both: list[tuple[int, int]]) -> None:
    first, second = np.array(both).T
    own = cohen_kappa(first, second)
    if own is None:
        assert set(first) == set(second) and len(set(first)) == 1
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert own == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)


def said(reader: str, labels: str) -> list[Act]:
    return [
        Act(id=f"{reader}-{number:08}", at="", reader=reader, kind=Kind.LABEL, photo=f"{number:064}", value=label)
        for number, label in enumerate(labels)
        if label != " "
    ]


def test_every_two_readers_are_compared_on_what_both_have_read() -> None:
    readings = Readings([*said("Ana", "aabbab  "), *said("Ben", "aabbbb  "), *said("Cy", "      ab")])
    (pair,) = agreements(readings)
    assert pair.readers == ("Ana", "Ben")
    assert (pair.photos, pair.same) == (6, 5)
    assert pair.kappa == pytest.approx(cohen_kappa_score(list("aabbab"), list("aabbbb")))
    assert pair.low is not None and pair.high is not None and pair.kappa is not None
    assert pair.low <= pair.kappa <= pair.high
