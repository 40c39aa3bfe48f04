"""Speed: the fastest way to train is found by timing, on a copy, and only where the recipe leaves it open."""

import copy
import time

import pytest
import timm
import torch

from training.fitting.names_network import NamesNetwork
from training.fitting.speed import Speed, fastest_training, is_bfloat16_faster


@pytest.fixture(scope="module")
def network() -> NamesNetwork:
    torch.manual_seed(1)
    return NamesNetwork(timm.create_model("test_efficientnet", num_classes=0), names=3, taught=4)


@pytest.mark.parametrize(
    ("precision", "layout", "ways"),
    [("auto", "auto", 4), ("32-true", "auto", 2), ("auto", "contiguous", 2), ("bf16-mixed", "channels_last", 0)],
)
def test_what_the_recipe_leaves_open_is_timed(network: NamesNetwork, precision: str, layout: str, ways: int) -> None:
    before = copy.deepcopy(network.state_dict())
    best, timed = fastest_training(network, batch_size=2, size=64, precision=precision, layout=layout)
    assert len({(way.precision, way.layout) for way in timed}) == len(timed) == ways
    assert precision in ("auto", best.precision) and layout in ("auto", best.layout)
    assert all(way.photos_per_second > 0 for way in timed)
    assert best.photos_per_second == max((way.photos_per_second for way in timed), default=0)
    assert Speed.from_json(best.to_json()) == best
    after = network.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == []
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_slower_precision_of_a_forward_pass_is_not_taken() -> None:
    def slow_in(wanted: bool) -> bool:
        def forward(photos: torch.Tensor) -> None:
            if torch.is_autocast_enabled(photos.device.type) is wanted:
                end = time.process_time() + 0.3
                while time.process_time() < end:
                    pass

        return is_bfloat16_faster(forward, batch_size=2, size=32)

    assert slow_in(False) and not slow_in(True)
