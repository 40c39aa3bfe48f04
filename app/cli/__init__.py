"""`redspots`: the command line. Thin; each command imports what it needs when it runs, so that --help is instant."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from app.answers.languages import Language, shipped_words
from app.batch.ray.engines import PART_SIZE, Engine
from app.cli.console import extra
from app.cli.data import data_app
from app.cli.label import label
from app.cli.models import models_app, promote, report
from app.cli.options import Photos, Where, Workers, threads
from app.cli.pretrain import pretrain
from app.cli.recipe import recipe_app
from app.cli.train import train
from app.cli.words import words_app
from model.categories import INTENDED_USE
from model.errors import InputError, RedspotsError

ABOUT = (
    "Tells petechiae, purpura, cherry angioma and sun-related rash apart on photos, or says that it is not sure.\n\n"
    f"{INTENDED_USE} It knows four categories; most skin conditions are none of them. If you are worried about a spot, "
    "ask a clinician, whatever this program says."
)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # All commands below take them from here.
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")
app.add_typer(recipe_app, name="recipe")
app.add_typer(words_app, name="words")
app.command()(label)
app.command()(train)
app.command()(pretrain)
app.add_typer(models_app, name="models")
app.command()(promote)
app.command()(report)

LONGEST_NAME = 100
"""Characters of a path that are told; the rest says nothing more."""
_UNUSABLE = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EIO, errno.EINVAL})
"""What is wrong with a name, or with the right to look it up, wherever a command comes to use it."""

Model = Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped one if left out.")]
WordsFile = Annotated[
    Path | None, typer.Option("--words", help="Words file; the model's own, or the shipped ones, if left out.")
]
Lang = Annotated[Language | None, typer.Option("--lang", help="Language of what is said; not with --words.")]


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"redspots {version('redspots')}")
        raise typer.Exit


@app.callback(help=ABOUT)
def redspots(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def score(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Photos, folders, patterns such as 'photos/**/*.jpg', URLs, or - for names on stdin."),
    ] = None,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="File with one name per line, or separated by NUL bytes.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Table to write: .csv, .jsonl or .parquet; text on the terminal if not.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Page to look through: one .html file with all photos.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Folder for pictures of the evidence over each photo.")] = None,
    model: Model = None,
    words: WordsFile = None,
    lang: Lang = None,
    workers: Workers = None,
    engine: Annotated[
        Engine, typer.Option(help="Threads of this machine, or Ray on many, which writes Parquet parts into --out.")
    ] = Engine.THREADS,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster: auto on one of its machines, or HOST:PORT; a new one here if not.")
    ] = None,
    part_size: Annotated[
        int | None, typer.Option(min=1, help=f"Photos per part of --engine ray; {PART_SIZE} if left out.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Pattern of files or folders to leave out, as '*_mask.png'; repeatable.")
    ] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Let Excel know that the .csv table is UTF-8.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Score only the first N photos.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be scored, and stop.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no summary; errors only.")] = False,
) -> None:
    """Score photos and folders of photos: one answer per file, whatever happens to it."""
    from app.batch.run import Request, run

    with _referring(lang):
        _refuse_both(words, lang)
        request = Request(
            names=names or [],
            lists=lists or [],
            model=model,
            words=words,
            language=lang,
            out=out,
            report=report,
            evidence=evidence,
            workers=workers,
            engine=engine,
            address=address,
            part_size=part_size,
            exclude=exclude or [],
            excel=excel,
            limit=limit,
            dry_run=dry_run,
            resume=resume,
            quiet=quiet,
        )
        status = run(request)
    raise typer.Exit(status)


@app.command()
def serve(
    model: Model = None,
    words: WordsFile = None,
    lang: Lang = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 7860,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    auth_file: Annotated[
        Path | None, typer.Option(help="File that holds USER:PASSWORD; REDSPOTS_AUTH in the environment does as well.")
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Let everyone use the page who can reach --host.")] = False,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address or network of a proxy whose X-Forwarded headers count; repeatable."),
    ] = None,
    root_path: Annotated[str, typer.Option(help="Path that a proxy serves the page below, such as /redspots.")] = "",
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin whose scripts may use the HTTP interface, such as https://example.org; repeatable."),
    ] = None,
    frame_ancestors: Annotated[
        list[str] | None, typer.Option(help="Origin that may show the page in a frame, or 'self'; repeatable.")
    ] = None,
) -> None:
    """Open the page on which a person can upload a photo, and the HTTP interface for programs."""
    from app.registry.store import choose_model
    from app.web.deployment import Deployment
    from app.web.security.auth import read_login
    from app.web.server import serve as serve_page

    with _referring(lang):
        _refuse_both(words, lang)
        chosen = choose_model(model)
        if model is None:
            Console(stderr=True).print(f"Model {chosen}", highlight=False, markup=False, soft_wrap=True)
        serve_page(
            model=chosen.folder,
            words=words,
            language=lang,
            host=host,
            port=port,
            open_browser=open_browser,
            login=read_login(auth_file, os.environ),
            is_open=no_auth,
            deployment=Deployment.parse(
                proxies=trusted_proxy or (),
                root_path=root_path,
                origins=allow_origin or (),
                frame_ancestors=frame_ancestors or (),
            ),
        )


@app.command()
def evaluate(
    photos: Photos,
    model: Model = None,
    out: Annotated[Path, typer.Option(help="File for the figures.")] = Path("metrics.json"),
    against: Annotated[Path | None, typer.Option(help="Second model folder: measured and compared, too.")] = None,
    where: Where = None,
    workers: Workers = None,
) -> None:
    """Measure a model on labelled photos: a table here, the figures in metrics.json; or compare it with another."""
    from app.cli.evaluate import Evaluation, run

    asked = Evaluation(
        photos=photos, model=model, against=against, out=out, where=where or [], workers=threads(workers)
    )
    if run(asked):
        raise typer.Exit(1)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Table of redspots score: CSV, JSONL or Parquet.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same photos.")],
    out: Annotated[Path | None, typer.Option(help="CSV for the photos whose answer changed.")] = None,
) -> None:
    """Compare two tables of scores: which answers changed, and how alike the scores are."""
    from app.cli.compare import run

    run(first, second, out)


@app.command()
def describe(
    model: Annotated[Path, typer.Argument(help="Model folder whose card to write anew.")],
    notes: Annotated[Path | None, typer.Option(help="Markdown: what people found by looking.")] = None,
    figures: Annotated[
        list[str] | None, typer.Option(help="TITLE=FILE of redspots evaluate, to stand on the card; repeatable.")
    ] = None,
) -> None:
    """Put what was found about a model onto its card, for people and programs."""
    pairs = [text.rpartition("=") for text in figures or []]
    if wrong := next(
        (text for text, (title, _, file) in zip(figures or [], pairs, strict=True) if not title or not file), None
    ):
        raise InputError("bad_option", f"{wrong!r} names no figures; write --figures 'TITLE=FILE'.")
    with extra("train"):
        from training.publishing.annotate import describe as describe_model
    describe_model(model, notes=notes, figures={title: Path(file) for title, _, file in pairs})


def _refuse_both(words: Path | None, lang: Language | None) -> None:
    if words and lang:
        raise InputError("bad_option", "A words file has a language of its own; leave out --words or --lang.")


@contextmanager
def _referring(lang: Language | None) -> Iterator[None]:
    """End the command on an error with its sentence and the shipped referral, which no words file can take away."""
    try:
        yield
    except (RedspotsError, OSError) as raised:
        from app.answers.words import Words
        from app.views.terminal import advice_on_error

        error = _told(raised)

        spoken = Words.read(shipped_words(lang or Language.ENGLISH))
        _fail(error, sentence=spoken.sentence(error), advice=advice_on_error(spoken, error))


def _told(error: RedspotsError | OSError) -> RedspotsError:
    """Return what people are told of an error. Raises it anew where it is no fault of a name that they gave."""
    if isinstance(error, RedspotsError):
        return error
    if error.filename is None or error.errno not in _UNUSABLE:
        raise error
    name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else str(error.filename)
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    return InputError(
        "missing_path", f"{shown!r} cannot be used ({error.strerror}); check the path and its permissions."
    )


def _fail(error: RedspotsError, *, sentence: str = "", advice: str = "") -> NoReturn:
    console = Console(stderr=True)
    console.print(f"Error ({error.code}): {sentence or error}", style="red", highlight=False, markup=False)
    if advice:
        console.print(f"\n{advice}", highlight=False, markup=False)
    sys.exit(error.exit_status)


def main() -> None:
    """Run the command line; an error on purpose becomes one sentence and its exit status."""
    try:
        app()
    except (RedspotsError, OSError) as error:
        try:
            _fail(_told(error))
        except OSError:
            _tell_in_full(error)
    except Exception as error:  # noqa: BLE001 - what nobody expected is told in full, but for secrets of URLs
        _tell_in_full(error)


def _tell_in_full(error: Exception) -> NoReturn:
    from model.redaction import redacted

    sys.stderr.write(redacted("".join(traceback.format_exception(error)), *sys.argv[1:]))
    sys.exit(1)
