"""What `check` finds: copies, look-alikes, groups in two splits, conflicts, unfit photos, doubtful categories."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from model.classifier import Classifier
from tests.support.commands import redspots
from tests.support.drawing import skin
from tests.test_app.cli.test_cli import refused
from training.data.audit import SEVERE, Finding, audit
from training.data.duplicates import NEAR, find_near, hash_photo
from training.data.label_issues import suspect_categories
from training.data.photos import read_listed
from training.rendering import draw


def write_manifest(folder: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    """Return a manifest with file name, category, group and split."""
    path = folder / "photos.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file_name", "category", "group", "split"), *rows])
    return path


def photo(seed: int) -> Image.Image:
    return Image.fromarray(draw("petechiae", seed=seed, size=256).pixels)


def codes(findings: Sequence[Finding]) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for one in findings:
        found.setdefault(one.code, set()).add((one.photo.name, one.other.name if one.other else ""))
    return found


def test_every_kind_of_fault_is_found_and_a_good_photo_gives_none(tmp_path: Path) -> None:
    for number in range(4):
        photo(number).save(tmp_path / f"{number}.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "0.png").read_bytes())
    (tmp_path / "other.png").write_bytes((tmp_path / "1.png").read_bytes())
    photo(2).resize((300, 300)).save(tmp_path / "like.jpg", quality=70)
    Image.new("RGB", (200, 200), (5, 5, 5)).save(tmp_path / "dark.png")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    manifest = write_manifest(
        tmp_path,
        [
            ("0.png", "petechiae", "a", "train"),
            ("copy.png", "petechiae", "b", "test"),
            ("1.png", "purpura", "c", "train"),
            ("other.png", "petechiae", "c", "train"),
            ("2.png", "petechiae", "d", "train"),
            ("like.jpg", "petechiae", "d", "validation"),
            ("3.png", "petechiae", "e", "train"),
            ("dark.png", "other", "f", "train"),
            ("broken.jpg", "other", "g", "train"),
            ("missing.jpg", "other", "h", "train"),
        ],
    )
    calls: list[int] = []
    findings = audit(read_listed(manifest), workers=2, progress=lambda: calls.append(1))
    assert len(calls) == 10
    assert codes(findings) == {
        "copy_in_two_splits": {("0.png", "copy.png")},
        "conflicting_categories": {("1.png", "other.png")},
        "look_alike_in_two_splits": {("2.png", "like.jpg")},
        "group_in_two_splits": {("2.png", "like.jpg")},
        "unreadable": {("broken.jpg", ""), ("missing.jpg", "")},
        "too_dark": {("dark.png", "")},
        "flat": {("dark.png", "")},
    }
    severe = [finding.code in SEVERE for finding in findings]
    assert severe == sorted(severe, reverse=True)


@pytest.mark.parametrize("change", ["jpeg", "half", "brighter", "trimmed", "mirrored"])
def test_a_changed_copy_is_near_and_another_photo_is_not(change: str, tmp_path: Path) -> None:
    originals = [photo(seed) for seed in range(8)]
    changed = originals[3]
    if change == "jpeg":
        changed.save(tmp_path / "x.jpg", quality=50)
        changed = Image.open(tmp_path / "x.jpg").convert("RGB")
    elif change == "half":
        changed = changed.resize((128, 128))
    elif change == "brighter":
        changed = ImageEnhance.Brightness(changed).enhance(1.15)
    elif change == "trimmed":
        changed = changed.crop((2, 2, 254, 254))
    else:
        changed = changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    hashes = [hash_photo(np.asarray(one)) for one in [*originals, changed]]
    assert [(one, other) for one, other, _ in find_near(hashes)] == [(3, 8)]


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_the_index_finds_what_a_comparison_of_all_pairs_finds(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 256, (count, 2, 32), dtype=np.uint8)
    for number in range(1, count, 3):  # Some are near the one before, on either side of the limit.
        hashes[number] = hashes[number - 1]
        flipped = random.choice(256, size=random.integers(1, 2 * NEAR), replace=False)
        bits = np.unpackbits(hashes[number], axis=1)
        bits[:, flipped] ^= 1
        hashes[number] = np.packbits(bits, axis=1)
    expected = set()
    for one in range(count):
        for other in range(one + 1, count):
            first, second = hashes[one], hashes[other]
            pairs = ((first[0], second[0]), (first[1], second[0]), (second[1], first[0]))
            distances = [np.bitwise_count(a ^ b).sum() for a, b in pairs]
            if min(distances) <= NEAR:
                expected.add((one, other, int(min(distances))))
    assert set(find_near(list(hashes))) == expected


def test_thousands_of_equal_photos_stay_few_pairs() -> None:
    hashes = [hash_photo(skin(seed=0))] * 3000
    assert find_near(hashes) == [(0, other, 0) for other in range(1, 3000)]


def test_a_category_that_does_not_fit_is_suspected(tmp_path: Path, tiny_model: Path) -> None:
    rows = []
    for number in range(40):
        red = number % 2 == 0
        pixels = skin(width=96, height=96, seed=number, dots=0 if not red else 60)
        Image.fromarray(pixels if red else pixels // 2).save(tmp_path / f"{number}.png")
        # Number 7 is labelled wrongly.
        rows.append((f"{number}.png", "petechiae" if red or number == 7 else "other", "", ""))
    findings = suspect_categories(read_listed(write_manifest(tmp_path, rows)), Classifier.load(tiny_model))
    assert findings[0].photo.name == "7.png"
    assert "labelled petechiae" in findings[0].detail and "looks like other" in findings[0].detail
    assert Counter(finding.code for finding in findings) == {"suspicious_category": len(findings)}


def test_too_few_groups_suspect_nothing(tmp_path: Path, tiny_model: Path) -> None:
    photo(0).save(tmp_path / "0.png")
    manifest = write_manifest(tmp_path, [("0.png", "petechiae", "", "")])
    assert suspect_categories(read_listed(manifest), Classifier.load(tiny_model)) == []


def test_check_prints_lists_and_exits_with_1_when_figures_suffer(tmp_path: Path) -> None:
    for number in range(2):
        photo(number).save(tmp_path / f"{number}.png")
    manifest = write_manifest(tmp_path, [("0.png", "petechiae", "a", "train"), ("1.png", "purpura", "b", "test")])
    good = redspots("data", "check", manifest)
    assert good.returncode == 0, good.stderr
    assert "0 findings on 2 photos" in good.stdout
    manifest = write_manifest(tmp_path, [("0.png", "petechiae", "a", "train"), ("1.png", "purpura", "a", "test")])
    out = tmp_path / "findings.csv"
    bad = redspots("data", "check", manifest, "--out", out)
    assert bad.returncode == 1, bad.stderr
    assert "group in two splits" in bad.stdout
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["finding"] for row in csv.DictReader(file)] == ["group_in_two_splits"]
    refused(redspots("data", "check", manifest, "--out", out), 4, "findings.csv")
    refused(redspots("data", "check", tmp_path / "no.csv"), 2, "no.csv")
