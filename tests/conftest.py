"""Fixtures: a real, tiny model folder with random weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from model.card import NETWORK, WEIGHTS, ModelCard, sha256_of
from model.preprocess import Preprocess
from training.export import export_network
from training.network import build_network

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
PARENTS = {"bleeding_spots": ("petechiae", "purpura")}


def write_tiny_model(folder: Path, *, version: str = "0.0.1", threshold: float = 0.22) -> Path:
    """Return a model folder with a small real network: its answers mean nothing, its shapes are right."""
    torch.manual_seed(3)
    network = build_network("test_efficientnet", outputs=len(OUTPUTS))
    folder.mkdir(parents=True)
    export_network(network, folder, size=64)
    options = {"backbone": "test_efficientnet", "size": 64, "start": "random"}
    card = ModelCard(
        version=version,
        created="2026-11-23",
        backbone="test_efficientnet",
        outputs=OUTPUTS,
        parents=PARENTS,
        preprocess=Preprocess(size=64),
        temperature=1.0,
        threshold=threshold,
        training={"recipe": {"network": options}},
        files={name: sha256_of(folder / name) for name in (NETWORK, WEIGHTS)},
    )
    card.write(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that tests read and never change."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def own_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A model folder that a test may spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "own_model"))
