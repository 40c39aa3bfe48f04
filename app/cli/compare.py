"""`redspots compare`: two tables that `redspots score` wrote, the same photos side by side."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.answers.words import Words
from app.cli.console import extra
from app.views.row import unformulated
from model.errors import InputError
from model.photo import escaped
from model.system.files import NewFile, check_absent

SHOWN = 10
"""Photos that are printed; `--out` holds all whose answer changed."""
_NEEDED = ("file", "category", "level", "sha256")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two tables say of the same photos."""

    both: Sequence[tuple[Row, Row]]
    only_first: int
    only_second: int

    @property
    def changed(self) -> list[tuple[Row, Row]]:
        """Return the pairs whose answer differs: what is named, or how far the answer commits itself."""
        return [pair for pair in self.both if answer_of(pair[0]) != answer_of(pair[1])]

    def scores(self) -> dict[str, tuple[float, float]]:
        """Return Pearson's correlation and the mean absolute difference by the scores that both tables have."""
        names = [name for name in (self.both[0][0] if self.both else {}) if name.startswith("p_")]
        found = {}
        for name in names:
            numbers = [(_number(first.get(name)), _number(second.get(name))) for first, second in self.both]
            values = np.array([pair for pair in numbers if None not in pair], dtype=float).reshape(-1, 2)
            if len(values) < 2:
                continue
            is_even = bool((values.std(axis=0) == 0).any())
            correlation = float("nan") if is_even else float(np.corrcoef(values.T)[0, 1])
            found[name] = (correlation, float(np.abs(values[:, 0] - values[:, 1]).mean()))
        return found


def run(first: Path, second: Path, out: Path | None) -> None:
    """Read both tables, print what differs, and write what changed if asked to. Raises RedspotsError."""
    if out is not None:
        check_absent(out)
    pairs = join(read_table(first), read_table(second))
    if not pairs.both:
        raise InputError(
            "nothing_found",
            f"{escaped(str(first))} and {escaped(str(second))} have no photo in common; score the same photos twice.",
        )
    words, console = Words.read(), Console()
    referral = words.entries["not_sure"].referral
    print_pairs(console, pairs)
    if out is not None:
        write_changed(out, pairs, referral=referral)
    console.print(f"\n{referral} {words.intended_use}", highlight=False, markup=False)


def answer_of(row: Row) -> str:
    """Return what a row answers, in one word for each thing that it can be."""
    if row.get("category"):
        return str(row["category"])
    return f"could be {row['could_be']}" if row.get("could_be") else str(row.get("level") or "error")


def join(first: Sequence[Row], second: Sequence[Row]) -> Pairs:
    """Return the rows of the same photo: the same bytes, or the same file where one could not be read."""
    keyed: dict[str, list[Row]] = {}
    for row in second:
        keyed.setdefault(_key(row), []).append(row)
    both = []
    for row in first:
        if others := keyed.get(_key(row)):
            # A copy in both tables meets its copy, in the order of the tables.
            both.append((row, others.pop(0)))
    return Pairs(both, len(first) - len(both), len(second) - len(both))


def _key(row: Row) -> str:
    return str(row.get("sha256") or row["file"])


def read_table(path: Path) -> list[Row]:
    """Return the rows of a table that `redspots score` wrote. Raises InputError."""
    try:
        rows = _rows(path)
    except FileNotFoundError:
        raise InputError("missing_path", f"There is no table {escaped(str(path))}; correct the path.") from None
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            "bad_option", f"{escaped(str(path))} cannot be read as a table ({error}); give one of `redspots score`."
        ) from error
    lacking = [name for name in _NEEDED if any(name not in row for row in rows)]
    if lacking or not rows:
        what = f"has no column {lacking[0]!r}" if lacking else "has no rows"
        raise InputError(
            "bad_option", f"{escaped(str(path))} {what}; give a table of `redspots score` of this version."
        )
    return rows


def _rows(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        with extra("parquet"):
            from pyarrow.parquet import read_table as read_parquet
        return list(read_parquet(path).to_pylist())
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in file if line.strip()]
            if not all(isinstance(row, dict) for row in rows):
                raise ValueError("a line is no object")
            return rows
        return list(csv.DictReader(file))


def _number(value: Any) -> float | None:
    try:
        return None if value in (None, "") else float(value)
    except ValueError:
        return None


def print_pairs(console: Console, pairs: Pairs) -> None:
    """Print how many answers changed, from what to what, how alike the scores are, and the photos that moved most."""
    apart = f"; {pairs.only_first:,} only in the first, {pairs.only_second:,} only in the second"
    changed = pairs.changed
    of = f"{len(changed):,} of {len(pairs.both):,} photos have another answer"
    console.print(of + (apart if pairs.only_first or pairs.only_second else ""), highlight=False, markup=False)
    moves = Counter((answer_of(first), answer_of(second)) for first, second in changed)
    _print(
        console,
        "Changed answers",
        ("first", "second", "photos"),
        [(*move, f"{n:,}") for move, n in moves.most_common()],
    )
    told = [(name[2:], f"{r:.3f}", f"{d:.3f}") for name, (r, d) in pairs.scores().items()]
    _print(console, "Scores", ("score", "correlation", "mean difference"), told)
    ranked = sorted(changed, key=_moved, reverse=True)[:SHOWN]
    files = [(str(first["file"]), answer_of(first), answer_of(second)) for first, second in ranked]
    _print(console, "Changed most", ("photo", "first", "second"), files)


def _moved(pair: tuple[Row, Row]) -> float:
    """Return the largest difference of a score."""
    first, second = pair
    names = [name for name in first if name.startswith("p_") and name in second]
    numbers = [(_number(first[name]), _number(second[name])) for name in names]
    return max((abs(one - other) for one, other in numbers if one is not None and other is not None), default=0.0)


def _print(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=SIMPLE)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        # Square brackets in a file name are no markup.
        table.add_row(*map(Text, row))
    console.print(table)


def write_changed(path: Path, pairs: Pairs, *, referral: str) -> None:
    """Write the photos whose answer changed, most moved first. Raises OutputError.

    `referral` stands in every row for which the first table has none.
    """
    heads = ("file", "first", "second", "most_moved_by", "referral")
    lines = [
        (
            first["file"],
            answer_of(first),
            answer_of(second),
            f"{_moved((first, second)):.6f}",
            first.get("referral") or referral,
        )
        for first, second in sorted(pairs.changed, key=_moved, reverse=True)
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([unformulated(str(cell)) for cell in line] for line in lines)
    with NewFile.open(path) as new:
        new.file.write(text.getvalue().encode("utf-8"))
