"""`redspots train`: check the photos, train, and say what came of it."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.cli.console import load_training
from model.system import interrupts
from model.system.cores import available_cores

AUDIT = "audit.csv"
"""What was found in the photos, in the model folder."""

Photos = Annotated[Path, typer.Option("--photos", help="CSV manifest, or a folder with one subfolder per category.")]
Out = Annotated[Path, typer.Option(help="Model folder to make.")]
Recipe = Annotated[
    Path | None, typer.Option(help="TOML file, see `redspots recipe show`; the shipped one if left out.")
]
Where = Annotated[list[str] | None, typer.Option("--where", help="Keep rows of a manifest: COLUMN=VALUE or !=.")]
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
Cache = Annotated[Path | None, typer.Option(help="Folder that keeps decoded and drawn photos.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]
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
    from model.prediction import OTHER
    from model.redaction import redacted_command

    # A run that was killed when all but its folder was done is complete: `make_model` says so.
    if out.exists() and not resume:
        raise OutputError("exists", f"{str(out)!r} exists already; choose another --out or remove it.")
    if mlflow:
        load_training("publishing.mlflow_run").check_tracking(mlflow)
    manifest, recipes, release = (
        load_training("data.manifest"),
        load_training("recipes"),
        load_training("pipeline.make_model"),
    )
    console = Console(stderr=True, quiet=not load_training("fitting.distributed").is_first())
    recipe = recipe or recipes.RECIPES / "retrain.toml"
    plan = recipes.read_recipe(recipe)
    plan, weights = load_training("fitting.backbones").backbone_to_start_from(plan, weights, beside=recipe.parent)
    conditions = [*plan.data.where, *(where or [])]
    plan, texts, told = take_own_categories(plan, words or [], _categories(photos, conditions), photos=photos)
    for line in told:
        _say(console, line)
    known = (*plan.categories, OTHER, manifest.NOT_SKIN)
    # Groups in two splits are for the audit to tell, with everything else that it finds.
    rows = manifest.choose_rows(photos, conditions)
    examples = [manifest.example_of(found, row, photos, known) for found, row in rows]
    if plan.drawn.canvases:
        examples = load_training("rendering.placement").describe_canvases(examples, recipe.parent / plan.drawn.canvases)
    tests = manifest.read_manifest(test, categories=known, where=test_where or []) if test else []
    others = [load_training("data.auxiliary").read_mixed(name, categories=known) for name in mix or []]
    checked, about = _check(console, photos, examples, tests, others, leave_out=leave_out or [])
    job = release.Job(
        recipe=plan,
        examples=checked.examples,
        out=out,
        command=redacted_command(["redspots", *sys.argv[1:]]),
        weights=weights,
        start=(start or newest_release()) if plan.network.start == "release" else None,
        test=checked.test,
        cache=cache,
        report=model_report,
        mlflow=mlflow,
        enclosed=texts | {AUDIT: about.pop("table")},
        about=about,
        resume=resume,
        devices=devices,
        nodes=nodes,
    )
    try:
        card = release.make_model(job, tell=lambda line: _say(console, line))
    except interrupts.Stopped as error:
        _say(console, f"Stopped by {error.name}; what was done is kept. Go on with the same command and --resume.")
        raise typer.Exit(error.exit_status) from None
    _say(console, f"Model {card.version} is in {str(out)!r}; look at its README.md, then:")
    _say(console, f"redspots serve --model {shlex.quote(str(out))}")


def _categories(photos: Path, conditions: Sequence[str]) -> Counter[str]:
    """Return how many photos there are by what the folder or manifest calls them."""
    return Counter(row["category"] for _, row in load_training("data.manifest").choose_rows(photos, conditions))


def _check(
    console: Console,
    photos: Path,
    examples: Sequence[Any],
    tests: Sequence[Any],
    others: Sequence[Any],
    *,
    leave_out: Sequence[str],
) -> tuple[Any, dict[str, Any]]:
    """Return the photos that may take part, and what the card is to say; findings are shown before any refusal."""
    from app.cli.tables import print_findings, print_left_out, watch

    checks, severe = load_training("data.screening"), load_training("data.audit").SEVERE
    with watch("photos checked") as (begin, progress):
        looked = checks.look_at_photos(
            examples,
            test=tests,
            mixed=[example for other in others for example in other.examples],
            workers=available_cores(),
            begin=begin,
            progress=progress,
        )
    rest = f"{AUDIT} in the model folder lists all, and so does `redspots data check`"
    print_findings(console, looked.findings, severe, photos=len(looked.photos), rest=rest)
    checked = checks.settle(looked, leave_out=leave_out, where=str(photos))
    left_out = sum((other.left_out for other in others), checked.left_out)
    print_left_out(console, left_out)
    root = photos if photos.is_dir() else photos.parent
    sources = Counter(one.source for one in checked.examples if one.mixed)
    for source, count in sources.items():
        _say(console, f"mixed in: {count:,} of {source!r}")
    return checked, {
        "table": checks.findings_table(looked.findings, root),
        "audit": {
            "photos": len(looked.photos),
            "findings": dict(Counter(one.code for one in looked.findings)),
            "left_out": dict(left_out),
        },
        "mixed": dict(sources),
    }


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False)
