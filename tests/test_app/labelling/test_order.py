"""The order of photos: everything once, each reason in its share, the most uncertain and the most different first."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.labelling.order import Pick, Why, choose_order, uncertainties


def seen(count: int, seed: int, outputs: int = 4) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return probabilities and features of photos as a network might give them."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, 6)).astype(np.float32)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
    return random.dirichlet(np.full(outputs, 0.5), size=count), features


def order(count: int, *, labelled: int = 0, share: float = 0.2, seed: int = 0) -> list[Pick]:
    probabilities, features = seen(count, seed)
    mask = np.arange(count) < labelled
    return choose_order(probabilities, features, mask, random_share=share, seed=seed)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(0, 60), st.floats(0, 1), st.integers(0, 9))
def test_every_photo_that_is_not_labelled_comes_once(count: int, labelled: int, share: float, seed: int) -> None:
    picks = order(count, labelled=min(labelled, count), share=share, seed=seed)
    assert sorted(pick.index for pick in picks) == list(range(min(labelled, count), count))
    assert all(0 <= pick.value <= 1 for pick in picks)
    assert picks == order(count, labelled=min(labelled, count), share=share, seed=seed)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), st.integers(0, 9))
def test_any_beginning_of_the_order_has_the_share_at_random(count: int, share: float, seed: int) -> None:
    picks = order(count, share=share, seed=seed)
    for end in range(1, count + 1):
        drawn = sum(pick.why is Why.RANDOM for pick in picks[:end])
        assert abs(drawn - share * end) < 1 + 1e-9


def test_without_chance_the_first_is_the_most_uncertain_of_all() -> None:
    probabilities, _ = seen(40, 3)
    first = order(40, share=0, seed=3)[0]
    assert first.why is Why.UNCERTAIN
    assert first.index == int(uncertainties(probabilities).argmax())


def test_a_photo_unlike_the_labelled_comes_before_copies_of_them() -> None:
    probabilities = np.tile([0.7, 0.1, 0.1, 0.1], (12, 1))
    probabilities[1] = 0.25
    features = np.zeros((12, 3), np.float32)
    features[:, 0] = 1
    features[7] = (0, 1, 0)
    picks = choose_order(probabilities, features, np.arange(12) == 0, random_share=0, seed=0)
    assert [picks[0].index, picks[1].index] == [1, 7]
    assert picks[1].why is Why.DIFFERENT and picks[1].value > 0.5


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 40), st.integers(0, 9))
def test_the_different_one_is_the_farthest_from_all_before_it(count: int, seed: int) -> None:
    _, features = seen(count, seed)
    picks = order(count, labelled=1, seed=seed)
    before = [0]
    for pick in picks:
        if pick.why is Why.DIFFERENT:
            left = [index for index in range(count) if index not in before]
            nearest = {index: float(max(features[before] @ features[index])) for index in left}
            assert nearest[pick.index] <= min(nearest.values()) + 1e-5
        before.append(pick.index)


def test_uncertainty_is_1_for_equal_shares_and_for_what_is_no_number_and_0_for_certainty() -> None:
    rows = np.array([[0.25] * 4, [1.0, 0, 0, 0], [np.nan] * 4])
    assert uncertainties(rows).round(6).tolist() == [1.0, 0.0, 1.0]
