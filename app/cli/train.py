"""`redspots train`: check the photos, train, and say what came of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli.console import extra, say
from app.cli.options import Cache, Photos, Resume, Where
from model.system import interrupts

if TYPE_CHECKING:
    from training.data.audit import Finding

Out = Annotated[Path, typer.Option(help="Model folder to make.")]
Recipe = Annotated[
    Path | None, typer.Option(help="TOML file, see `redspots recipe show`; the shipped one if left out.")
]
With = Annotated[
    list[str] | None,
    typer.Option("--with", help="Other people's photos to train on, too: dataset, manifest or folder; repeatable."),
]
WordsFiles = Annotated[
    list[Path] | None,
    typer.Option("--words", help="Words file for categories of your own; repeatable, one per language."),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(help="Train without the photos of a finding, such as `unreadable`, not stop; repeatable."),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        help="Backbone to start from: a folder of `redspots pretrain`, or safetensors; timm's own weights if left out."
    ),
]
Start = Annotated[Path | None, typer.Option(help="Model folder to start from; the shipped one if left out.")]
Test = Annotated[Path | None, typer.Option(help="Manifest or folder that only measures the result.")]
TestWhere = Annotated[list[str] | None, typer.Option(help="Like --where, for --test.")]
Mlflow = Annotated[
    str, typer.Option(help="MLflow store for figures and curves: an SQLite file, or a URI.", metavar="FILE|URI")
]
Devices = Annotated[int | None, typer.Option(min=1, help="GPUs of each machine; 1 if left out.")]
Nodes = Annotated[int | None, typer.Option(min=1, help="Machines that train together; 1 if left out.")]


def train(
    photos: Photos,
    out: Out,
    recipe: Recipe = None,
    where: Where = None,
    mix: With = None,
    words: WordsFiles = None,
    leave_out: LeaveOut = None,
    weights: Weights = None,
    start: Start = None,
    test: Test = None,
    test_where: TestWhere = None,
    cache: Cache = None,
    mlflow: Mlflow = "",
    resume: Resume = False,
    devices: Devices = None,
    nodes: Nodes = None,
) -> None:
    """Train a model on labelled photos; the folder that comes out opens in `serve` and `score`."""
    from app.answers.own_categories import take_own_categories
    from app.views.model_report import model_report
    from model.classifier import newest_release
    from model.errors import OutputError
    from model.redaction import redacted_command

    with extra("train"):
        from training.fitting.backbones import backbone_to_start_from
        from training.fitting.distributed import is_first
        from training.pipeline.make_model import Job, make_model
        from training.pipeline.preparation import NamedPhotos, PreparedPhotos, prepare_photos
        from training.recipes import RECIPES, read_recipe

    # A run that was killed when all but its folder was done is complete: `make_model` says so.
    if out.exists() and not resume:
        raise OutputError("exists", f"{str(out)!r} exists already; choose another --out or remove it.")
    console = Console(stderr=True, quiet=not is_first())
    recipe = recipe or RECIPES / "retrain.toml"
    plan, weights = backbone_to_start_from(read_recipe(recipe), weights, beside=recipe.parent)
    named = NamedPhotos(
        photos=photos,
        where=where or [],
        test=test,
        test_where=test_where or [],
        mixed=mix or [],
        leave_out=leave_out or [],
    )

    def prepare() -> PreparedPhotos:
        """Return the photos, and the words of their categories; where many processes train, in one of them."""
        known, texts, told = take_own_categories(plan, words or [], named.categories(plan), photos=photos)
        for line in told:
            say(console, line)
        prepared = prepare_photos(named, known, beside=recipe.parent, audience=_Terminal(console))
        return replace(prepared, enclosed={**texts, **prepared.enclosed})

    job = Job(
        recipe=plan,
        examples=(),
        out=out,
        command=redacted_command(["redspots", *sys.argv[1:]]),
        weights=weights,
        start=(start or newest_release()) if plan.network.start == "release" else None,
        cache=cache,
        report=model_report,
        mlflow=mlflow,
        resume=resume,
        devices=devices,
        nodes=nodes,
        prepare=prepare,
    )
    try:
        card = make_model(job, tell=lambda line: say(console, line))
    except interrupts.Stopped as error:
        say(console, f"Stopped by {error.name}; what was done is kept. Go on with the same command and --resume.")
        raise typer.Exit(error.exit_status) from None
    say(console, f"Model {card.version} is in {str(out)!r}; look at its README.md, then:")
    say(console, f"redspots serve --model {shlex.quote(str(out))}")


class _Terminal:
    """Shows on a terminal how photos are looked at, and what was found in them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def watch(self) -> AbstractContextManager[tuple[Callable[[int], None], Callable[[], None]]]:
        from app.views.progress import watched_later

        return watched_later("photos checked", self._console)

    def show_findings(self, findings: Sequence[Finding], *, photos: int) -> None:
        from app.cli.tables import print_findings
        from training.data.audit import SEVERE
        from training.pipeline.preparation import AUDIT

        rest = f"{AUDIT} in the model folder lists all, and so does `redspots data check`"
        print_findings(self._console, findings, SEVERE, photos=photos, rest=rest)

    def show_left_out(self, left_out: Mapping[str, int]) -> None:
        from app.cli.tables import print_left_out

        print_left_out(self._console, left_out)

    def show_mixed(self, sources: Mapping[str, int]) -> None:
        for source, count in sources.items():
            say(self._console, f"mixed in: {count:,} of {source!r}")
