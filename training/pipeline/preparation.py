"""Preparation: the photos of a run, read as they were named, looked at, and left out where they would spoil figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from model.categories import NOT_SKIN, OTHER
from model.system.cores import available_cores
from training.data.audit import Finding
from training.data.auxiliary import read_mixed
from training.data.manifest import Example, choose_rows, example_of, read_manifest
from training.data.screening import findings_table, look_at_photos, settle
from training.recipes import Recipe
from training.rendering.placement import describe_canvases

AUDIT = "audit.csv"
"""What was found in the photos, in the model folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPhotos:
    """The photos of a run, as they were named on the command line."""

    photos: Path
    """Manifest, or a folder with one subfolder per category."""
    where: Sequence[str] = ()
    """Conditions on its rows, beside those of the recipe."""
    test: Path | None = None
    """Manifest or folder that only measures."""
    test_where: Sequence[str] = ()
    mixed: Sequence[str] = ()
    """Other people's photos: datasets, manifests or folders."""
    leave_out: Sequence[str] = ()
    """Findings whose photos do not take part."""

    def conditions(self, recipe: Recipe) -> list[str]:
        """Return all conditions on the rows of `photos`."""
        return [*recipe.data.where, *self.where]

    def categories(self, recipe: Recipe) -> Counter[str]:
        """Return how many photos there are by what the manifest or folder calls them. Raises ManifestError."""
        return Counter(row["category"] for _, row in choose_rows(self.photos, self.conditions(recipe)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPhotos:
    """The photos that take part, and what is to be kept of those that do not."""

    recipe: Recipe
    """With the categories of one's own that were found."""
    examples: Sequence[Example]
    test: Sequence[Example]
    enclosed: Mapping[str, str] = field(default_factory=dict)
    """Text files for the model folder, by name: the table of findings, words."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """For the card: what was found, what was left out, whose photos were mixed in."""


class Audience(Protocol):
    """Who watches photos being looked at."""

    def watch(self) -> AbstractContextManager[tuple[Callable[[int], None], Callable[[], None]]]:
        """Return a context with a function that takes the number of photos, and one to call for each."""

    def show_findings(self, findings: Sequence[Finding], *, photos: int) -> None:
        """Show what was found; before anything is refused for it."""

    def show_left_out(self, left_out: Mapping[str, int]) -> None:
        """Show how many photos do not take part, by reason."""

    def show_mixed(self, sources: Mapping[str, int]) -> None:
        """Show how many photos are mixed in, by source."""


def prepare_photos(named: NamedPhotos, recipe: Recipe, *, beside: Path, audience: Audience) -> PreparedPhotos:
    """Return the photos that take part in a run of a recipe, whose file lies `beside` its other files.

    Raises ManifestError, DatasetError and InputError.
    """
    known = (*recipe.categories, OTHER, NOT_SKIN)
    # Groups in two splits are for the audit to tell, with everything else that it finds.
    rows = choose_rows(named.photos, named.conditions(recipe))
    examples = [example_of(found, row, named.photos, known) for found, row in rows]
    if recipe.drawn.canvases:
        examples = describe_canvases(examples, beside / recipe.drawn.canvases)
    test = read_manifest(named.test, categories=known, where=named.test_where) if named.test else []
    others = [read_mixed(name, categories=known) for name in named.mixed]
    with audience.watch() as (begin, progress):
        looked = look_at_photos(
            examples,
            test=test,
            mixed=[example for other in others for example in other.examples],
            workers=available_cores(),
            begin=begin,
            progress=progress,
        )
    audience.show_findings(looked.findings, photos=len(looked.photos))
    checked = settle(looked, leave_out=named.leave_out, where=str(named.photos))
    left_out = sum((other.left_out for other in others), checked.left_out)
    audience.show_left_out(left_out)
    sources = Counter(one.source for one in checked.examples if one.mixed)
    audience.show_mixed(sources)
    root = named.photos if named.photos.is_dir() else named.photos.parent
    return PreparedPhotos(
        recipe=recipe,
        examples=checked.examples,
        test=checked.test,
        enclosed={AUDIT: findings_table(looked.findings, root)},
        about={
            "audit": {
                "photos": len(looked.photos),
                "findings": dict(Counter(one.code for one in looked.findings)),
                "left_out": dict(left_out),
            },
            "mixed": dict(sources),
        },
    )
