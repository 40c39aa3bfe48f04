"""The network: evidence that averages to the logits, weights that fit or are refused, and an exact export."""

from pathlib import Path

import httpx
import numpy as np
import onnxruntime
import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from model.card import NETWORK
from model.errors import OutputError, RecipeError
from training.fitting.network import average_weights, build_network, freeze, load_weights
from training.publishing.export import export_network

BACKBONES = ["test_efficientnet", "test_resnet", "test_byobnet"]


@pytest.mark.parametrize("head", ["linear", "cosine"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_mean_of_each_evidence_map_is_its_logit(backbone: str, head: str) -> None:
    network = build_network(backbone, outputs=3, head=head).eval()
    with torch.inference_mode():
        logits, evidence = network(torch.randn(2, 3, 96, 64))
    assert evidence.shape == (2, 3, 6, 4)
    torch.testing.assert_close(evidence.mean(dim=(2, 3)), logits)


@pytest.mark.parametrize("head", ["linear", "cosine"])
def test_what_is_added_to_an_output_is_added_to_its_map(head: str) -> None:
    network = build_network("test_resnet", outputs=3, head=head).eval()
    photos = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        before, _ = network(photos)
    network.add_to_outputs([0.0, 0.0, 1.5])
    with torch.inference_mode():
        after, evidence = network(photos)
    torch.testing.assert_close(after - before, torch.tensor([[0.0, 0.0, 1.5]] * 2))
    torch.testing.assert_close(evidence.mean(dim=(2, 3)), after)


def test_averaged_weights_are_the_mean() -> None:
    first, second, third = (build_network("test_resnet", outputs=2) for _ in range(3))
    expected = {
        name: (first.state_dict()[name] + second.state_dict()[name] + third.state_dict()[name]) / 3
        for name, value in first.state_dict().items()
        if value.is_floating_point()
    }
    average_weights(first, [second, third])
    for name, value in expected.items():
        torch.testing.assert_close(first.state_dict()[name], value)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_evidence_is_local(seed: int) -> None:
    torch.manual_seed(seed)
    network = build_network("test_resnet", outputs=2).eval()
    photo = torch.zeros(1, 3, 256, 256)
    marked = photo.clone()
    marked[:, :, :16, :16] = 3
    with torch.inference_mode():
        change = (network(marked)[1] - network(photo)[1]).abs()
    assert change[..., :8, :8].max() >= change[..., 8:, 8:].max()


@pytest.mark.parametrize("backbone", ["no_such_network", "test_vit"])
def test_a_backbone_that_does_not_serve_is_refused(backbone: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_network(backbone, outputs=2)
    assert caught.value.code == "bad_value"


def test_weights_that_fit_are_loaded(tmp_path: Path) -> None:
    first, second = (build_network("test_resnet", outputs=2) for _ in range(2))
    save_file(first.backbone.state_dict(), tmp_path / "weights.safetensors")
    load_weights(second.backbone, tmp_path / "weights.safetensors")
    for one, other in zip(first.backbone.parameters(), second.backbone.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    for make in (
        lambda: save_file({"stranger": torch.zeros(1)}, path),
        lambda: save_file(build_network("test_byobnet", outputs=2).backbone.state_dict(), path),
        lambda: path.write_bytes(b"no weights"),
        path.unlink,
    ):
        make()
        with pytest.raises(RecipeError) as caught:
            build_network("test_resnet", outputs=2, weights=path)
        assert caught.value.code == "missing_weights"
        assert str(path) in str(caught.value)


def test_frozen_modules_keep_their_weights() -> None:
    network = build_network("test_resnet", outputs=2)
    (frozen,) = freeze(network, ["layer1"])
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    assert any(parameter.requires_grad for parameter in network.parameters())
    with pytest.raises(RecipeError):
        freeze(network, ["layer99"])


def test_the_exported_network_gives_the_same_for_every_batch_size(tmp_path: Path) -> None:
    network = build_network("test_efficientnet", outputs=3).eval()
    export_network(network, tmp_path, size=64)
    session = onnxruntime.InferenceSession(str(tmp_path / NETWORK), providers=["CPUExecutionProvider"])
    for count in (1, 2, 5):
        photos = torch.randn(count, 3, 64, 64)
        with torch.inference_mode():
            expected = [value.numpy() for value in network(photos)]
        found = session.run(["logits", "evidence"], {"photos": photos.numpy()})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.asarray(one), other, atol=1e-4)


def test_the_exported_network_tells_nothing_of_the_machine_that_made_it(tmp_path: Path) -> None:
    export_network(build_network("test_efficientnet", outputs=2), tmp_path, size=64)
    content = (tmp_path / NETWORK).read_bytes()
    assert str(Path(__file__).parents[3]).encode() not in content
    assert b"network.py" not in content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    network = build_network("test_efficientnet", outputs=2)
    with pytest.raises(OutputError) as caught:
        export_network(network, tmp_path / "missing", size=64)
    assert "missing" in str(caught.value)


@pytest.mark.parametrize("error", [httpx.ConnectError("no route to host"), OSError("not in the cache")])
def test_weights_that_cannot_be_fetched_are_one_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def offline(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(RecipeError, match="'test_resnet' cannot be built.*name a file of weights") as caught:
        build_network("test_resnet", outputs=3, pretrained=True)
    assert caught.value.code == "bad_value"
