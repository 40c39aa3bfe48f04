"""What the repository holds, and what it must never hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from model.errors import RedspotsError

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "model", "redspots", "training")
TOP_LEVEL = {*PACKAGES, "data_manifests", "docs", "tests", "pyproject.toml", "README.md"}
ORDINARY = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "SECURITY.md",
    "benchmarks",
    "constraints.txt",
    "docs",
    "requirements-all.txt",
    "requirements.txt",
}
REQUIREMENT_FILES = ("requirements.txt", "requirements-all.txt")

MACHINE_PATH = re.compile(rb"(?<![\w.-])/(?:work|root|home|Users|tmp/[\w.-]+)/")
MOST_BYTES = 25_000_000
IMAGE_FOLDERS = ("app/examples/", "app/pictures/", "tests/data/")
IMAGES = {".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
PICKLES = {".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}


@cache
def files() -> tuple[str, ...]:
    """Return the files that are in the repository or about to be: tracked, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    # A checkout of another owner, as in a container, is read all the same.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


@cache
def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def pins(name: str) -> dict[str, list[Version]]:
    """Return the pinned versions of a requirement file; a package has several where they depend on the Python."""
    found: dict[str, list[Version]] = {}
    for package, version in re.findall(
        r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(package, []).append(Version(version))
    return found


def wanted(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks of a requirement file, the build backend included."""
    metadata = project()["project"]
    lines = [*metadata["dependencies"], *project()["build-system"]["requires"]]
    if name == "requirements-all.txt":
        lines += [*metadata["optional-dependencies"]["train"], *project()["dependency-groups"]["dev"]]
    return [Requirement(line) for line in lines]


def test_the_top_level_is_the_agreed_one() -> None:
    assert {name.partition("/")[0] for name in files()} == TOP_LEVEL | ORDINARY


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    leaks = {name: found[0] for name in files() if (found := MACHINE_PATH.search((ROOT / name).read_bytes()))}
    assert not leaks


def test_no_file_is_too_large_to_clone() -> None:
    assert not [name for name in files() if (ROOT / name).stat().st_size > MOST_BYTES]


def test_pictures_lie_only_where_drawn_ones_belong() -> None:
    pictures = [name for name in files() if Path(name).suffix.lower() in IMAGES]
    assert pictures
    assert not [name for name in pictures if not name.startswith(IMAGE_FOLDERS)]


def test_no_released_model_carries_a_report_or_logs() -> None:
    released = [name for name in files() if name.startswith("model/released/")]
    assert released
    assert not [name for name in released if Path(name).suffix == ".html" or "/logs/" in name]


def test_no_file_can_run_code_when_it_is_loaded() -> None:
    assert not [name for name in files() if Path(name).suffix.lower() in PICKLES]


def test_the_changelog_tells_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", changelog, re.MULTILINE)
    assert versions[0] == project()["project"]["version"]
    assert versions == sorted(versions, key=Version, reverse=True)


@pytest.mark.parametrize("name", [*REQUIREMENT_FILES, "benchmarks/requirements.txt"])
def test_every_requirement_is_pinned_and_hashed_and_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    for requirement in requirements:
        assert re.match(r"[\w.-]+==\S+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_the_pins_fit_pyproject(name: str) -> None:
    for requirement in wanted(name):
        versions = pins(name).get(requirement.name.lower())
        assert versions, f"{requirement} is not in {name}; run make requirements"
        misfits = [version for version in versions if version not in requirement.specifier]
        assert not misfits, f"{requirement} in {name}; run make requirements"


def test_scoring_and_training_are_pinned_to_the_same_versions() -> None:
    everything = pins("requirements-all.txt")
    assert {package: everything.get(package) for package in pins("requirements.txt")} == pins("requirements.txt")


def test_scoring_installs_without_the_training_packages() -> None:
    train = {Requirement(line).name for line in project()["project"]["optional-dependencies"]["train"]}
    heavy = {"torch", "torchvision", "timm", "albumentations", "lightning"}
    assert heavy <= train
    assert heavy.isdisjoint(pins("requirements.txt"))


def test_make_and_pyproject_agree_on_the_oldest_python() -> None:
    pythons = re.search(r"^PYTHONS := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert pythons
    assert project()["project"]["requires-python"] == f">={pythons[1].split()[-1]}"


def test_an_installed_copy_holds_every_package_and_its_data() -> None:
    setuptools = project()["tool"]["setuptools"]
    inside = [name for name in files() if name.startswith(tuple(f"{package}/" for package in PACKAGES))]
    packages = {str(Path(name).parent).replace("/", ".") for name in inside if name.endswith("/__init__.py")}
    assert set(setuptools["packages"]) == packages
    patterns = [
        f"{package.replace('.', '/')}/{glob}" for package, globs in setuptools["package-data"].items() for glob in globs
    ]
    data = [name for name in inside if not name.endswith(".py")]
    assert not [name for name in data if not any(fnmatch(name, pattern) for pattern in patterns)]


def test_the_ci_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _sentences() -> Iterator[tuple[str, str]]:
    """The sentences of errors with the places where they are raised; what is filled in stands as {}."""
    kinds = {kind.__name__ for kind in (RedspotsError, *RedspotsError.__subclasses__())}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds):
                    continue
                for part in node.args[1:]:
                    if isinstance(part, ast.Constant):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", str(part.value)
                    elif isinstance(part, ast.JoinedStr):
                        texts = (one.value if isinstance(one, ast.Constant) else "{}" for one in part.values)
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(map(str, texts))


def test_every_error_says_what_is_wrong_and_then_the_fix() -> None:
    found = list(_sentences())
    assert len(found) > 100
    # A request is asked to be another one; what the rules of a promotion or a licence ask for takes sentences.
    others = ("Send ", "{} is not made the default.", "{} is under {}:", "{}: {} {}")
    assert [(place, one) for place, one in found if ";" not in one and not one.startswith(others)] == []
