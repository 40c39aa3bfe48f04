"""Datasets and manifests as tables on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.console import say
from model.categories import CATEGORIES, OTHER

if TYPE_CHECKING:
    from pandas import DataFrame

    from training.data.audit import Finding
    from training.data.importing import Import
    from training.data.merge import Merge
    from training.data.public.build import Build
    from training.data.public.fetched import Fetch
    from training.data.schema import Count, Dataset

EXAMPLES = 5
"""Findings of one kind that are printed; a file lists all."""


def print_datasets(console: Console, datasets: Sequence[Dataset]) -> None:
    """Print one row per dataset of data_manifests/: photos per category as certain + doubtful."""
    table = Table(title="Photos per category: certain+doubtful", title_justify="left", box=SIMPLE, padding=0)
    table.add_column("dataset and its licence")
    for category in CATEGORIES:
        heading = category.replace("_", " ")
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    table.add_column("photos", justify="right", no_wrap=True)
    for dataset in datasets:
        counts = [_count(getattr(dataset.counts, category)) for category in CATEGORIES]
        # Counts of the official table; what is fetched can be less.
        total = f"{dataset.images.count:,}" if dataset.images.count else ""
        _add(table, f"{dataset.name}\n  {dataset.licence}", *counts, total)
    console.print(table)
    say(console, "`redspots data show NAME` says what a licence asks for, and how to get the photos.")


def how_to_get(dataset: Dataset) -> str:
    """Return in a few words how one gets a dataset."""
    if dataset.obtain == "drawn":
        return "redspots data draw"
    if dataset.images.url is None or dataset.obtain == "by_hand":
        return "by hand, then build"
    return "fetch" if all(table.url for table in dataset.table) else "tables by hand, then fetch"


def print_dataset(console: Console, dataset: Dataset) -> None:
    """Print all that data_manifests/ knows of one dataset."""
    about = Table(show_header=False, box=None, title=Text(dataset.title), title_justify="left")
    about.add_column(no_wrap=True)
    about.add_column(overflow="fold")
    _add(about, "licence", f"{dataset.licence}. {dataset.licence_conditions}")
    _add(about, "cite", dataset.citation)
    if dataset.homepage:
        _add(about, "homepage", dataset.homepage)
    _add(about, "photos", f"{dataset.modality}; {dataset.images.where}")
    _add(about, "to get it", how_to_get(dataset))
    for official in dataset.table:
        _add(about, "table", f"{official.file}: {official.url or official.where}")
    _add(about, OTHER, dataset.other.rule)
    for trap in dataset.traps:
        _add(about, "careful", trap)
    console.print(about, highlight=False, markup=False)
    labels = Table(title="Its labels, and what they mean here", title_justify="left")
    for column in ("its label", "category", "status", "because"):
        labels.add_column(column)
    for label in dataset.label:
        _add(labels, label.source, label.category, label.status, label.reason or label.licence or "")
    console.print(labels)


def print_build(console: Console, dataset: Dataset, made: Build, out: Path) -> None:
    """Print what a manifest holds, what was left out and why, and where it differs from what is on record."""
    table = Table(title=Text(f"{len(made.rows):,} photos in {str(out)!r}"), title_justify="left")
    for column in ("category", "certain", "doubtful", "train", "validation", "test"):
        table.add_column(column, justify="left" if column == "category" else "right")
    for category, count in made.counts().items():
        splits = [str(made.in_split(category, split)) for split in ("train", "validation", "test")]
        _add(table, category, str(count.certain), str(count.doubtful), *splits)
    console.print(table)
    print_left_out(console, made.left_out)
    for note in made.notes:
        say(console, f"Note: {note}")
    say(console, f"Licence: {dataset.licence}. {dataset.licence_conditions}")


def print_left_out(console: Console, left_out: Mapping[str, int]) -> None:
    """Print how many photos were left out, by reason."""
    for reason, count in sorted(left_out.items(), key=lambda item: -item[1]):
        say(console, f"left out: {count:,} because {reason}")


def _count(count: Count | None) -> str:
    if count is None:
        return "?"
    if not count.certain and not count.doubtful:
        return ""
    return f"{count.certain}" + (f"+{count.doubtful}" if count.doubtful else "")


def _add(table: Table, *cells: str) -> None:
    """Add a row as it is written: square brackets in a label are no markup."""
    table.add_row(*map(Text, cells))


def print_findings(
    console: Console, findings: Sequence[Finding], severe: Set[str], *, photos: int, rest: str = "--out lists all"
) -> int:
    """Print findings, the first few of each kind, and where the `rest` is; return how many are severe."""
    counts = Counter(finding.code for finding in findings)
    table = Table(title=f"{len(findings):,} findings on {photos:,} photos", title_justify="left")
    for column in ("finding", "number", "weight"):
        table.add_column(column, justify="right" if column == "number" else "left")
    for code, count in sorted(counts.items(), key=lambda item: (item[0] not in severe, -item[1])):
        _add(table, code.replace("_", " "), f"{count:,}", "makes figures wrong" if code in severe else "look at it")
    console.print(table)
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.code] += 1
        if shown[finding.code] <= EXAMPLES:
            other = f" and {str(finding.other)!r}" if finding.other else ""
            detail = (
                finding.detail if finding.code == "unreadable" else f"{str(finding.photo)!r}{other}: {finding.detail}"
            )
            say(console, f"{finding.code.replace('_', ' ')}: {detail}")
        elif shown[finding.code] == EXAMPLES + 1:
            say(
                console,
                f"{finding.code.replace('_', ' ')}: and {counts[finding.code] - EXAMPLES:,} more; {rest}",
            )
    return sum(counts[code] for code in severe)


def print_merge(console: Console, merged: Merge, out: Path) -> None:
    """Print what a merged manifest holds, and what was left out or moved."""
    say(console, f"{len(merged.rows):,} photos in {str(out)!r}")
    print_left_out(console, merged.left_out)
    if merged.moved:
        say(console, f"moved: {merged.moved:,} train now, because a part of their group did")


def print_stats(console: Console, counts: DataFrame) -> None:
    """Print photos by category and source, with a column per band of skin tone."""
    table = Table(title="Photos by skin tone", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    for column in ("category", "source"):
        table.add_column(column)
    for band in (*counts.columns, "all"):
        table.add_column(str(band), justify="right")
    for index, row in counts.iterrows():
        category, source = cast("tuple[str, str]", index)
        _add(table, category, source, *(f"{count:,}" if count else "" for count in row), f"{row.sum():,}")
    console.print(table)


def print_import(console: Console, imported: Import, out: Path) -> None:
    """Print which labels became which category, and what was left out."""
    say(console, f"{len(imported.rows):,} photos in {str(out)!r}, read as {imported.format}")
    for (word, category), count in sorted(imported.words.items()):
        say(console, f"mapped: {count:,} of {word!r} are {category}")
    print_left_out(console, imported.left_out)
    groups = {row.group for row in imported.rows}
    if len(groups) == len(imported.rows):
        say(console, "Note: every photo is its own group; if persons have several photos, give the column `group`.")


def print_fetch(console: Console, dataset: Dataset, fetched: Fetch, failed: Sequence[str], out: Path) -> None:
    """Print what lies here now, and what could not be had."""
    print_build(console, dataset, fetched.build, out / "manifest.csv")
    for sentence in failed:
        say(console, f"not fetched: {sentence}")
    if failed:
        say(console, f"{str(out / 'not_fetched.csv')!r} names each with its reason")
