"""What a run of `fetch` leaves behind: the manifest of the photos that lie here, and a report of those that do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.data.croissant import croissant_path, write_croissant
from training.data.public.build import Build
from training.data.rows import write_cells, write_rows
from training.data.schema import Dataset

MANIFEST, REPORT = "manifest.csv", "not_fetched.csv"


@dataclass(frozen=True, slots=True)
class Fetch:
    """What came of it."""

    build: Build
    """With the rows of the photos that lie here now."""
    failed: Counter[str]
    """Photos that could not be had, by code."""


def write_results(dataset: Dataset, out: Path, build: Build, done: Mapping[str, Mapping[str, Any]]) -> Fetch:
    """Return what the journal says of the rows, written as manifest, description and report. Raises OutputError."""
    rows = [
        replace(row, sha256=done[row.file_name]["sha256"])
        for row in build.rows
        if "sha256" in done.get(row.file_name, {})
    ]
    failed = [line for row in build.rows if "code" in (line := done.get(row.file_name, {}))]
    manifest, report = out / MANIFEST, out / REPORT
    # They are this command's own, and follow from its journal.
    for path in (manifest, croissant_path(manifest), report):
        path.unlink(missing_ok=True)
    if failed:
        write_cells(report, ("file_name", "url", "code", "reason"), failed)
    if rows:
        write_rows(manifest, rows)
        write_croissant(manifest, rows, [dataset], created=datetime.now(UTC))
    return Fetch(replace(build, rows=rows), Counter(line["code"] for line in failed))


def as_sentences(failed: Counter[str]) -> Sequence[str]:
    """Return what went wrong in words, the most frequent first."""
    words = {
        "gone": "are gone from their address",
        "refused": "were refused by the host",
        "unreachable": "could not be reached now; run the command again",
        "too_large": "are larger than the limit",
        "not_a_photo": "are no photos, or damaged",
        "altered": "are other files than before",
        "bad_address": "have an address that leads nowhere",
    }
    return [f"{count:,} {words[code]}" for code, count in failed.most_common()]
