"""`redspots pretrain`: train a backbone on names of diseases and teachers, for `redspots train` to start from."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.console import extra, say
from app.cli.options import Cache, Resume, Where
from model.system import interrupts

Photos = Annotated[
    list[Path],
    typer.Option("--photos", help="CSV manifest, or a folder with one subfolder per name; repeatable."),
]
Out = Annotated[Path, typer.Option(help="Backbone folder to make.")]
Recipe = Annotated[
    Path | None, typer.Option(help="TOML file, see `redspots recipe show pretrain`; the shipped one if left out.")
]
Teacher = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        help="Network to learn from: a timm name, with its weights if not timm's, or NAME=MODEL_FOLDER; repeatable.",
        metavar="NAME[=PATH]",
    ),
]
TuneTeacher = Annotated[bool, typer.Option("--tune-teacher", help="Train the teachers on the names first.")]
Weights = Annotated[
    Path | None, typer.Option(help="Weights to start from in safetensors, or a backbone folder; timm's if left out.")
]


def pretrain(
    photos: Photos,
    out: Out,
    recipe: Recipe = None,
    where: Where = None,
    teacher: Teacher = None,
    tune_teacher: TuneTeacher = False,
    weights: Weights = None,
    cache: Cache = None,
    resume: Resume = False,
) -> None:
    """Train a backbone on the names of what photos show and on what a larger network sees in them.

    Its folder is a start for `redspots train --weights`; it names nothing by itself.
    """
    from model.errors import InputError, OutputError

    if out.exists() and not resume:
        raise OutputError("exists", f"{str(out)!r} exists already; choose another --out or remove it.")
    # Before torch is loaded: threads that spin while they wait hold the cores that others want, their own workers too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with extra("train"):
        from training.data.named_photos import read_named_photos
        from training.fitting.backbones import read_backbone
        from training.fitting.teachers import TeacherSource
        from training.pipeline.make_backbone import PretrainJob, make_backbone
        from training.recipes.pretrain import PRETRAIN, read_pretrain_recipe
    console = Console(stderr=True)
    plan = read_pretrain_recipe(recipe or PRETRAIN)
    sources = [TeacherSource.parse(text) for text in teacher or plan.teacher.names]
    if tune_teacher and not sources:
        raise InputError("bad_option", "--tune-teacher has no teacher to tune; name one with --teacher.")
    found = read_named_photos(photos, plan.data, where=where or [], seed=plan.seed)
    job = PretrainJob(
        recipe=plan,
        photos=found,
        out=out,
        command=os.fsencode(shlex.join(["redspots", *sys.argv[1:]])).decode(errors="backslashreplace"),
        teachers=sources,
        weights=read_backbone(weights).weights if weights and weights.is_dir() else weights,
        tune_teacher=tune_teacher,
        cache=cache,
        resume=resume,
    )
    try:
        made = make_backbone(job, tell=lambda line: say(console, line))
    except interrupts.Stopped as error:
        say(console, f"Stopped by {error.name}; what was done is kept. Go on with the same command and --resume.")
        raise typer.Exit(error.exit_status) from None
    say(console, f"Backbone {made.card['version']} is in {str(out)!r}; look at its README.md, then:")
    say(console, f"redspots train --weights {shlex.quote(str(out))} --photos ... --recipe ...")
