"""`redspots compare`: two tables of the same photos, in any format, joined by what the photos hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from app.answers.words import Words
from app.cli.compare import answer_of, join, read_table, run
from model.errors import InputError, OutputError

CALM: dict[str, Any] = {"category": None, "level": "no_match", "could_be": None, "referral": "See a doctor."}


def row(file: str, digest: str, share: float | None = 0.5, **cells: Any) -> dict[str, Any]:
    return {"file": file, "sha256": digest, **CALM, "p_petechiae": share, "p_other": 0.1, **cells}


FIRST = [
    row("a/1.jpg", "aa", 0.9, category="petechiae", level="looks_like"),
    row("a/=2.jpg", "bb", 0.2),
    row("a/3.jpg", "cc", 0.4, could_be="bleeding_spots", level="could_be"),
    row("a/bad.jpg", "", None, level="not_usable"),
    row("a/only.jpg", "dd"),
]
SECOND = [
    row("b/other_name.jpg", "aa", 0.7, category="petechiae", level="looks_like"),
    row("b/2.jpg", "bb", 0.9, category="petechiae", level="looks_like"),
    row("b/3.jpg", "cc", 0.3),
    row("a/bad.jpg", "", None, level="not_usable"),
]


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_it_tells_what_changed_and_how_alike_the_scores_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    first, second = written(tmp_path / f"a.{suffix}", FIRST), written(tmp_path / "b.csv", SECOND)
    pairs = join(read_table(first), read_table(second))
    assert (len(pairs.both), pairs.only_first, pairs.only_second) == (4, 1, 0)
    assert [(answer_of(one), answer_of(other)) for one, other in pairs.changed] == [
        ("no_match", "petechiae"),
        ("could be bleeding_spots", "no_match"),
    ]
    correlation, difference = pairs.scores()["p_petechiae"]
    # By hand, of (0.9, 0.7), (0.2, 0.9) and (0.4, 0.3): -0.02 / sqrt(0.26 * 0.18667).
    assert correlation == pytest.approx(-0.0908, abs=0.0001)
    assert difference == pytest.approx(1.0 / 3)
    run(first, second, tmp_path / "changed.csv")
    told = " ".join(capsys.readouterr().out.split())
    assert "2 of 4 photos have another answer; 1 only in the first, 0 only in the second" in told
    assert " ".join(Words.read().entries["not_sure"].referral.split()) in told
    with (tmp_path / "changed.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["file"] for line in lines] == ["a/=2.jpg", "a/3.jpg"]
    assert {line["referral"] for line in lines} == {"See a doctor."}


def test_a_table_without_referrals_gets_the_shipped_one_in_every_row(tmp_path: Path) -> None:
    first, second = (
        written(tmp_path / name, [{**row, "referral": ""} for row in rows])
        for name, rows in (("a.csv", FIRST), ("b.csv", SECOND))
    )
    run(first, second, tmp_path / "changed.csv")
    with (tmp_path / "changed.csv").open(encoding="utf-8", newline="") as file:
        assert {line["referral"] for line in csv.DictReader(file)} == {Words.read().entries["not_sure"].referral}


def test_what_is_no_table_of_scores_is_refused_with_its_name(tmp_path: Path) -> None:
    fine = written(tmp_path / "fine.csv", FIRST)
    for name, content, code in (
        ("none.csv", None, "missing_path"),
        ("empty.csv", "", "bad_option"),
        ("other.csv", "x,y\n1,2\n", "bad_option"),
        ("list.jsonl", "[1]\n", "bad_option"),
        ("broken.jsonl", "{\n", "bad_option"),
        ("broken.parquet", "PAR1", "bad_option"),
        ("binary.csv", "\udcff", "bad_option"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(InputError, match=name) as caught:
            run(fine, path, None)
        assert caught.value.code == code
    with pytest.raises(InputError, match="no photo in common") as caught:
        run(fine, written(tmp_path / "apart.csv", [row("z.jpg", "zz")]), None)
    assert caught.value.code == "nothing_found"
    with pytest.raises(OutputError, match="fine"):
        run(fine, fine, fine)
