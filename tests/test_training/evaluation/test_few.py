"""Few photos are said to be few, with what that costs."""

from __future__ import annotations

import pytest

from training.evaluation.few import FEW, few_photos, within


@pytest.mark.parametrize(("photos", "share"), [(3, 0.37), (15, 0.225), (100, 0.096), (0, 0.5)])
def test_a_share_of_few_photos_is_known_within_wilsons_interval(photos: int, share: float) -> None:
    assert within(photos) == pytest.approx(share, abs=0.005)


def test_it_names_the_categories_with_few_photos_and_no_other() -> None:
    told = few_photos({"petechiae": 3, "sun_rash": FEW, "cherry_angioma": FEW - 1}, of="measured")
    assert told.startswith(f"Few photos measured: {FEW - 1} cherry angioma, 3 petechiae. ")
    assert "a share of 3 photos is known to within ±37 points only" in told
    assert "sun rash" not in told
    assert few_photos({"petechiae": FEW}, of="measured") == ""
