"""Who may import whom: import-linter's contracts, and what an import really pulls in."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchvision", "timm", "albumentations", "lightning", "torchmetrics", "gradio")

LOADED_AFTER = """
import importlib, json, sys
for name in sys.argv[1].split():
    importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def packages_loaded_by(modules: str) -> set[str]:
    """Return the top-level packages that are loaded in a fresh Python once these modules are imported."""
    command = [sys.executable, "-c", LOADED_AFTER, modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stdout))


def modules_of(package: str) -> list[str]:
    """Return the names of all modules of a package of this checkout."""
    files = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def test_the_contracts_between_the_packages_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True) == 0


def test_no_module_of_model_loads_what_training_or_the_page_needs() -> None:
    loaded = packages_loaded_by(" ".join(modules_of("model")))
    assert "onnxruntime" in loaded
    assert loaded.isdisjoint({*HEAVY, "app", "training"})


def test_the_command_line_starts_without_the_network_the_training_packages_and_the_page() -> None:
    assert packages_loaded_by("app.cli").isdisjoint({*HEAVY, "training", "numpy", "onnxruntime", "PIL", "ray"})


def test_one_photo_is_scored_without_what_only_tables_and_clusters_need() -> None:
    loaded = packages_loaded_by("app.batch.run")
    assert "onnxruntime" in loaded
    assert loaded.isdisjoint({*HEAVY, "training", "pyarrow", "fsspec", "ray", "pydantic", "csv"})


def test_drawing_needs_neither_torch_nor_the_page() -> None:
    assert packages_loaded_by("training.rendering.folder").isdisjoint(HEAVY)


@pytest.mark.parametrize("package", ["model", "training", "app", "redspots"])
def test_the_packages_come_from_this_checkout(package: str) -> None:
    file = importlib.import_module(package).__file__
    assert file is not None
    assert Path(file) == ROOT / package / "__init__.py"
