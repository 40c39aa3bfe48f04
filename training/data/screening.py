"""The photos of one run after their audit: what is refused, what is left out, and what stays in one split."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.errors import InputError, ManifestError
from training.data.audit import COLUMNS, SEVERE, Finding, audit
from training.data.groups import join_groups
from training.data.manifest import Example
from training.data.photos import Listed, relative_to
from training.data.rows import in_utf8

NAMED = 3
"""Findings of a kind that a refusal names."""
_REFUSALS: Mapping[str, tuple[str, str]] = {
    "unreadable": ("cannot be read", "replace or remove the file"),
    "copy_in_two_splits": ("the same photo in two splits", "give both of a pair one split"),
    "look_alike_in_two_splits": ("photos that look alike in two splits", "give both of a pair one split"),
    "group_in_two_splits": ("a group in two splits", "give each group one split"),
    "conflicting_categories": ("the same photo with two categories", "correct the wrong one"),
}
FINDINGS = (
    *_REFUSALS,
    *("copy", "look_alike"),
    *("too_dark", "too_bright", "flat", "grey", "one_hue", "cast", "blurred", "drawn", "noisy", "no_skin", "too_small"),
)
"""All that can be found, and so be left out."""
_RANKS = ("test", "validation", "train", "")
"""Of photos that must not part, those of the first of these splits stay."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A photo and what it is there for."""

    example: Example
    tests: bool = False
    """Whether it stands among the photos that only measure."""

    @property
    def split(self) -> str:
        """Return its split, or an empty text where it is still to be drawn."""
        return "test" if self.tests else self.example.split or ""


@dataclass(frozen=True, slots=True)
class Looked:
    """All photos of a run, and what was found in them."""

    photos: list[Placed]
    findings: list[Finding]
    """On one's own photos and those that test; people see them."""
    mixed_findings: list[Finding]
    """In which a photo that is mixed in has a part; they only leave it out."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What may take part in a run."""

    examples: list[Example]
    """One's own and those mixed in; photos that look alike share a group."""
    test: list[Example]
    left_out: Counter[str]
    """Photos that do not take part, by reason."""


def look_at_photos(
    own: Sequence[Example],
    *,
    test: Sequence[Example] = (),
    mixed: Sequence[Example] = (),
    workers: int,
    begin: Callable[[int], None] = lambda number: None,
    progress: Callable[[], None] = lambda: None,
) -> Looked:
    """Return all photos with what `redspots data check` finds in them.

    `begin` is told their number, `progress` is called for each. A photo for testing that both lists have counts once.
    """
    testing = {example.path.absolute() for example in own if example.split == "test"}
    photos = [Placed(example) for example in own]
    photos += [Placed(example, tests=True) for example in test if example.path.absolute() not in testing]
    taken = {photo.example.path.absolute() for photo in photos}
    photos += [Placed(example) for example in mixed if example.path.absolute() not in taken]
    begin(len(photos))
    found = audit([_listed(photo) for photo in photos], workers=workers, progress=progress)
    of_others = {photo.example.path for photo in photos if photo.example.mixed}
    apart = [bool({finding.photo, finding.other} & of_others) for finding in found]
    return Looked(
        photos,
        [finding for finding, other in zip(found, apart, strict=True) if not other],
        [finding for finding, other in zip(found, apart, strict=True) if other],
    )


def settle(looked: Looked, *, leave_out: Collection[str] = (), where: str) -> Checked:
    """Return what may train and test: nothing that makes figures wrong.

    Photos with a finding that `leave_out` names are left out: those that cannot be read or judged; both where the same
    photo has two categories; the second of two that are alike; and of those that must not lie in two splits all that
    are not in the one that measures. Raises ManifestError for any other finding that makes figures wrong; `where` is
    the manifest's name.
    """
    if unknown := sorted(set(leave_out) - set(FINDINGS)):
        raise InputError("bad_option", f"There is no finding {unknown[0]!r} to leave out; use {', '.join(FINDINGS)}.")
    wrong = [one for one in looked.findings if one.code in SEVERE and one.code not in leave_out]
    if wrong:
        raise ManifestError("unfit_photos", _refusal(wrong, where))
    cluster_of = _clusters(looked)
    gone = _mixed_gone(looked, cluster_of)
    for row, code in _gone(looked, leave_out, cluster_of).items():
        gone.setdefault(row, f"--leave-out {code} asks for it")
    kept = [photo for row, photo in enumerate(looked.photos) if row not in gone]
    joined = [replace(one.example, group=cluster_of[one.example.group]) for one in kept]
    return Checked(
        [example for example, photo in zip(joined, kept, strict=True) if not photo.tests],
        [photo.example for photo in kept if photo.tests],
        Counter(gone.values()),
    )


def findings_table(findings: Sequence[Finding], folder: Path) -> str:
    """Return findings as CSV, with photos as they lie from a folder: the table goes with the model."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    for one in findings:
        named = relative_to(one.photo, folder)
        other = relative_to(one.other, folder) if one.other else ""
        detail = one.detail.replace(str(one.photo), named)
        cells = {"finding": one.code, "photo": named, "other": other, "detail": detail}
        table.writerow({name: in_utf8(cell) for name, cell in cells.items()})
    return text.getvalue()


def _listed(photo: Placed) -> Listed:
    one = photo.example
    return Listed(one.path, {"category": one.category, "group": one.group, "split": photo.split})


def _refusal(wrong: Sequence[Finding], where: str) -> str:
    told, fixes = [], []
    for code, (what, fix) in _REFUSALS.items():
        those = [one for one in wrong if one.code == code]
        if those:
            pairs = [f"{str(one.photo)!r}" + (f" and {str(one.other)!r}" if one.other else "") for one in those[:NAMED]]
            told.append(f"{what}: {len(those)}, {'such as ' if len(those) > NAMED else ''}{', '.join(pairs)}")
            fixes.append(fix)
    options = " ".join(f"--leave-out {code}" for code in _REFUSALS if any(one.code == code for one in wrong))
    fix = ", ".join(dict.fromkeys(fixes))
    return f"{where!r} would give wrong figures ({'; '.join(told)}); {fix}, or train without them: {options}."


def _clusters(looked: Looked) -> dict[str, str]:
    """Return, by group, one name for all groups that share a photo or have photos that look alike."""
    groups_of: dict[Path, set[str]] = defaultdict(set)
    for photo in looked.photos:
        groups_of[photo.example.path].add(photo.example.group)
    links = [(photo.example.group, photo.example.group) for photo in looked.photos]
    for finding in (*looked.findings, *looked.mixed_findings):
        if finding.other is not None:
            links += [(one, other) for one in groups_of[finding.photo] for other in groups_of[finding.other]]
    return join_groups(links)


def _mixed_gone(looked: Looked, cluster_of: Mapping[str, str]) -> dict[int, str]:
    """Return why photos of others are left out, by row: the manifest that they come from is not one's own to mend."""
    own = {cluster_of[photo.example.group] for photo in looked.photos if not photo.example.mixed}
    broken = {one.photo for one in looked.mixed_findings if one.code == "unreadable"}
    doubtful = [one for one in looked.mixed_findings if one.code == "conflicting_categories"]
    conflicting = {path for one in doubtful for path in (one.photo, one.other)}
    gone = {}
    for row, photo in enumerate(looked.photos):
        if not photo.example.mixed:
            continue
        if photo.example.path in broken:
            gone[row] = "they cannot be read"
        elif photo.example.path in conflicting:
            gone[row] = "their copies have different categories"
        elif cluster_of[photo.example.group] in own:
            gone[row] = "they are like photos of --photos or --test, or of the same group"
    return gone


def _gone(looked: Looked, leave_out: Collection[str], cluster_of: Mapping[str, str]) -> dict[int, str]:
    """Return the findings for which photos are left out as asked, by row."""
    rows_of: dict[Path, list[int]] = defaultdict(list)
    rows_in: dict[str, list[int]] = defaultdict(list)
    for row, photo in enumerate(looked.photos):
        rows_of[photo.example.path].append(row)
        rows_in[cluster_of[photo.example.group]].append(row)
    gone: dict[int, str] = {}
    for finding in looked.findings:
        if finding.code not in leave_out:
            continue
        first = rows_of[finding.photo]
        if finding.code.endswith("_in_two_splits"):
            together = rows_in[cluster_of[looked.photos[first[0]].example.group]]
            best = min(_RANKS.index(looked.photos[row].split) for row in together)
            rows = [row for row in together if looked.photos[row].split != _RANKS[best]]
        elif finding.code == "conflicting_categories":
            rows = [*first, *rows_of[finding.other or finding.photo]]
        elif finding.other is None:
            rows = first
        else:
            rows = [row for row in rows_of[finding.other] if row != first[0]]
        gone |= {row: finding.code for row in rows if row not in gone}
    return gone
