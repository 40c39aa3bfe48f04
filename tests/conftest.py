"""Fixtures: a real, tiny model folder with random weights, and what scores with it or shows it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before torch is imported, for the processes that tests start too. Each core has tests of its own to run: a second
# thread would take it from them, and threads that wait would keep it busy.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import torch
from playwright.sync_api import Browser

from app.answers.words import Words
from app.batch.scorer import Scorer
from model.card import NETWORK, WEIGHTS, ModelCard, sha256_of
from model.classifier import Classifier
from model.preprocess import Preprocess
from tests.support.browser import chromium_or_skip, launched
from tests.support.cards import PARENTS
from tests.support.page_server import RunningPage, running_page
from training.fitting.network import build_network
from training.publishing.export import export_network

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")


def write_tiny_model(
    folder: Path, *, version: str = "0.0.1", threshold: float = 0.22, outputs: tuple[str, ...] = OUTPUTS
) -> Path:
    """Return a model folder with a small real network: its answers mean nothing, its shapes are right."""
    torch.manual_seed(3)
    network = build_network("test_efficientnet", outputs=len(outputs))
    folder.mkdir(parents=True)
    export_network(network, folder, size=64)
    options = {"backbone": "test_efficientnet", "size": 64, "start": "random"}
    card = ModelCard(
        version=version,
        created="2026-11-23",
        backbone="test_efficientnet",
        outputs=outputs,
        parents=PARENTS,
        preprocess=Preprocess(size=64),
        temperature=1.0,
        threshold=threshold,
        training={"recipe": {"network": options}},
        files={name: sha256_of(folder / name) for name in (NETWORK, WEIGHTS)},
    )
    card.write(folder)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests: where each core takes a file at a time, none waits for another."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty store of models: what the person who runs the tests has promoted is no business of theirs."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("store") / "models"
        patch.setenv("REDSPOTS_MODELS", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every client of the tests trust nobody: they talk to this machine alone.

    httpx reads some 150 certificates for each new client, which takes longer than most requests of the tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no_authorities")))
        yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that tests read and never change."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def own_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A model folder that a test may spoil."""
    return Path(shutil.copytree(tiny_model, tmp_path / "own_model"))


@pytest.fixture(scope="module")
def scorer(tiny_model: Path) -> Scorer:
    return Scorer(classifier=Classifier.load(tiny_model), words=Words.read(), workers=2)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium_or_skip()
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
        yield running
