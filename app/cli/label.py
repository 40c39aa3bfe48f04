"""`redspots label`: a page on which readers label photos, and the manifest of what they said."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from app.cli.console import say
from model.system.cores import available_cores

if TYPE_CHECKING:
    from app.labelling.manifest import Written
    from app.labelling.server import Labelling

EXAMPLES = 5
"""Photos that cannot be read of which the sentence is printed."""

Source = Annotated[Path, typer.Argument(help="Folder of photos, CSV manifest, or table that `score` wrote.")]
Out = Annotated[Path, typer.Option(help="Folder that keeps the labels; name it again to go on.")]
Model = Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped one if left out.")]
Reader = Annotated[str, typer.Option(help="Your name as a reader; the page asks for it if left out.")]
Again = Annotated[bool, typer.Option("--again", help="Ask about photos that have a category in the manifest, too.")]
RandomShare = Annotated[float, typer.Option(min=0, max=1, help="Share of the photos that comes at random.")]
Twice = Annotated[float, typer.Option(min=0, max=1, help="Share of the photos that two readers read.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same order.")]
Manifest = Annotated[
    Path | None, typer.Option(help="Write the labels so far as a manifest that `train` takes, .csv, and stop.")
]
Host = Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine alone.")]
Port = Annotated[int, typer.Option(min=0, max=65535)]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
AuthFile = Annotated[
    Path | None,
    typer.Option(help="File that holds USER:PASSWORD; REDSPOTS_AUTH in the environment does as well."),
]
NoAuth = Annotated[bool, typer.Option("--no-auth", help="Let everyone label who can reach --host.")]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Threads that read photos; one per core if left out.")]


def label(
    source: Source,
    out: Out = Path("labels"),
    model: Model = None,
    reader: Reader = "",
    again: Again = False,
    random_share: RandomShare = 0.2,
    twice: Twice = 0.2,
    seed: Seed = 0,
    manifest: Manifest = None,
    host: Host = "127.0.0.1",
    port: Port = 7861,
    open_browser: Open = False,
    auth_file: AuthFile = None,
    no_auth: NoAuth = False,
    workers: Workers = None,
) -> None:
    """Label photos by keyboard, the ones worth it first: saved at each key press, for one reader or several."""
    from app.labelling.desk import is_reader
    from app.labelling.manifest import write_manifest
    from app.labelling.server import Plan, labelling, require_work, serve_labelling
    from app.registry.store import choose_model
    from app.views.progress import watched_later
    from app.web.security.auth import read_login, require_login
    from model.errors import InputError
    from model.system.files import check_absent, check_folder

    console = Console(stderr=True)
    login = read_login(auth_file, os.environ)
    warning = "" if manifest else require_login(host, login, is_open=no_auth)
    if reader and not is_reader(reader):
        raise InputError(
            "bad_option",
            f"{reader!r} is no name for a reader; use 1 to 40 letters, digits, spaces, dots, hyphens and apostrophes.",
        )
    if manifest is not None:
        check_absent(manifest)
        check_folder(manifest)
    chosen = choose_model(model)
    plan = Plan(
        source=source,
        out=out,
        model=chosen.folder,
        again=again,
        random_share=random_share,
        twice=twice,
        seed=seed,
        workers=workers or available_cores(),
    )
    with ExitStack() as stack:
        with watched_later("photos looked at", console) as (begin, progress):
            opened = stack.enter_context(labelling(plan, begin=begin, progress=progress))
        _tell(console, opened)
        if manifest is not None:
            model_version = opened.classifier.card.version
            written = write_manifest(manifest, opened.survey.photos, opened.desk.readings, model_version=model_version)
            _tell_written(console, written, manifest)
            return
        require_work(opened, plan)
        if warning:
            console.print(f"Warning: {warning}", style="yellow", highlight=False, markup=False)
        before = len(opened.desk.readings.photos())
        serve_labelling(opened, plan, host=host, port=port, reader=reader, login=login, open_browser=open_browser)
        labelled = len(opened.desk.readings.photos())
        say(
            console,
            f"{labelled - before:,} more photos are labelled, {labelled:,} in all; they are in {str(out)!r}.",
        )
        line = shlex.join(["redspots", "label", str(source), "--out", str(out), "--manifest", "manifest.csv"])
        console.print(f"For what `train` takes: {line}", highlight=False, markup=False, soft_wrap=True)


def _tell(console: Console, opened: Labelling) -> None:
    """Say which photos cannot be labelled, and what was said so far."""
    for sentence in opened.survey.unread[:EXAMPLES]:
        say(console, f"left out: {sentence}")
    if (more := len(opened.survey.unread) - EXAMPLES) > 0:
        say(console, f"left out: {more:,} more photos that cannot be read")
    if opened.survey.copies:
        say(console, f"left out: {opened.survey.copies:,} copies of other photos")
    if done := len(opened.desk.readings.photos()):
        say(console, f"labelled before: {done:,} photos")


def _tell_written(console: Console, written: Written, manifest: Path) -> None:
    """Say what is in the manifest, and what is not."""
    for category, count in sorted(written.counts.items(), key=lambda item: -item[1]):
        say(console, f"{category}: {count:,}")
    for count, why in (
        (written.differ, "readers differ about them; settle them on the page"),
        (written.cannot_tell, "nobody could tell"),
        (written.gone, "they are not among these photos"),
    ):
        if count:
            say(console, f"left out: {count:,} because {why}")
    say(console, f"{sum(written.counts.values()):,} photos in {str(manifest)!r}")
