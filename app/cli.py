"""`redspots`: the command line. Thin; each command imports what it needs when it runs, so that --help is instant."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from app.data_cli import data_app
from app.languages import Language, shipped_words
from app.training_extra import load_training
from model.errors import InputError, RedspotsError

ABOUT = """Tells petechiae, purpura, cherry angioma and sun-related rash apart on photos, or says that it is not sure.

For research and education. Not a medical device, not cleared or approved by any regulator, not for diagnosis, triage
or deciding whether to seek care. It knows four categories; most skin conditions are none of them. If you are worried
about a spot, ask a clinician, whatever this program says.
"""

app = typer.Typer(help=ABOUT, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(data_app, name="data")

Model = Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped one if left out.")]
WordsFile = Annotated[Path | None, typer.Option("--words", help="Words file; the shipped ones if left out.")]
Lang = Annotated[Language | None, typer.Option("--lang", help="Language of what is said; not with --words.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="Keep rows of a manifest: COLUMN=VALUE or !=.")]
Photos = Annotated[Path, typer.Option("--photos", help="CSV manifest, or a folder with one subfolder per category.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Threads that read photos.")]


@app.command()
def score(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Photos, folders, patterns such as 'photos/**/*.jpg', URLs, or - for names on stdin."),
    ] = None,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="File with one name per line, or parted by zero bytes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Table to write: .csv, .jsonl or .parquet; text on the terminal if not.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Page to look through: one .html file with all photos.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="Folder for pictures of the evidence over each photo.")] = None,
    model: Model = None,
    words: WordsFile = None,
    lang: Lang = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Photos scored at the same time; one per core if left out.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Score the first so many photos only.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be scored, and stop.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no summary; errors only.")] = False,
) -> None:
    """Score photos and folders of photos: one answer per file, whatever happens to it."""
    from app.score_command import Request, run
    from app.wording import Words

    with _referring(lang):
        request = Request(
            names=names or [],
            lists=lists or [],
            model=model,
            out=out,
            report=report,
            evidence=evidence,
            workers=workers,
            limit=limit,
            dry_run=dry_run,
            resume=resume,
            quiet=quiet,
        )
        status = run(request, Words.read(_one_of(words, lang)))
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
) -> None:
    """Open the page on which a person can upload a photo, and the HTTP interface for programs."""
    from app.auth import read_login
    from app.server import serve as serve_page
    from model.classifier import newest_release

    with _referring(lang):
        _one_of(words, lang)
        folder = model or newest_release()
        serve_page(
            model=folder,
            words=words,
            language=lang,
            host=host,
            port=port,
            open_browser=open_browser,
            login=read_login(auth_file, os.environ),
            is_open=no_auth,
        )


@app.command()
def train(
    photos: Photos,
    out: Annotated[Path, typer.Option(help="Model folder to make.")],
    recipe: Annotated[
        Path | None, typer.Option(help="TOML file; the shipped recipe for retraining if left out.")
    ] = None,
    where: Where = None,
    weights: Annotated[
        Path | None, typer.Option(help="Backbone weights in safetensors; timm's own if left out.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Model folder to start from; the shipped one if left out.")] = None,
    test: Annotated[Path | None, typer.Option(help="Manifest or folder that only measures the result.")] = None,
    test_where: Annotated[list[str] | None, typer.Option(help="Like --where, for --test.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps decoded and drawn photos.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    devices: Annotated[int | None, typer.Option(min=1, help="GPUs of each machine; 1 if left out.")] = None,
    nodes: Annotated[int | None, typer.Option(min=1, help="Machines that train together; 1 if left out.")] = None,
) -> None:
    """Train a model on labelled photos; the folder that comes out opens in `serve` and `score`."""
    release, manifest, recipes = load_training("release"), load_training("manifest"), load_training("recipe")
    from model.classifier import newest_release
    from model.prediction import OTHER

    recipe = recipe or recipes.RECIPES / "retrain.toml"
    plan = recipes.read_recipe(recipe)
    known = (*plan.categories, OTHER, manifest.NOT_SKIN)
    examples = manifest.read_manifest(photos, categories=known, where=[*plan.data.where, *(where or [])])
    if plan.drawn.canvases:
        examples = load_training("canvases").describe_canvases(examples, recipe.parent / plan.drawn.canvases)
    job = release.Job(
        recipe=plan,
        examples=examples,
        out=out,
        command=shlex.join(["redspots", *sys.argv[1:]]),
        weights=weights,
        start=(start or newest_release()) if plan.network.start == "release" else None,
        test=manifest.read_manifest(test, categories=known, where=test_where or []) if test else [],
        cache=cache,
        resume=resume,
        devices=devices,
        nodes=nodes,
    )
    console = Console(stderr=True, quiet=not load_training("processes").is_first())
    stopped = load_training("stopping").Stopped
    try:
        card = release.make_model(job, tell=lambda line: console.print(line, highlight=False, markup=False))
    except stopped as error:
        console.print(
            f"Stopped by {error.name}; what was done is kept. Go on with the same command and --resume.",
            highlight=False,
            markup=False,
        )
        raise typer.Exit(error.exit_status) from None
    console.print(
        f"Model {card.version} is in {str(out)!r}; look at its README.md, then: ", highlight=False, markup=False
    )
    console.print(f"redspots serve --model {shlex.quote(str(out))}", highlight=False, markup=False)


@app.command()
def evaluate(
    photos: Photos,
    model: Model = None,
    out: Annotated[Path, typer.Option(help="File for the figures.")] = Path("metrics.json"),
    where: Where = None,
    workers: Workers = 2,
) -> None:
    """Measure a model on labelled photos: a table here, the figures in metrics.json."""
    evaluation, manifest = load_training("evaluate"), load_training("manifest")
    from app.figures import print_figures, write_metrics
    from model.classifier import Classifier, newest_release
    from model.errors import OutputError

    if out.exists():
        raise OutputError("exists", f"{str(out)!r} exists already; choose another --out or remove it.")
    classifier = Classifier.load(model or newest_release())
    known = (*classifier.card.outputs, manifest.NOT_SKIN)
    examples = manifest.read_manifest(photos, categories=known, where=where or [])
    scored, errors = load_training("scored").score_examples(classifier, examples, workers=workers)
    metrics = evaluation.metrics_json(evaluation.measure(scored, classifier.card), scored, len(errors))
    print_figures(Console(), metrics, errors)
    write_metrics(out, {"model_version": classifier.card.version, "photos_from": str(photos), **metrics})
    if errors:
        raise typer.Exit(1)


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
    load_training("describe").describe(model, notes=notes, figures={title: Path(file) for title, _, file in pairs})


def _one_of(words: Path | None, lang: Language | None) -> Path:
    """Return the words file to use."""
    if words and lang:
        raise InputError("bad_option", "A words file has a language of its own: leave out --words or --lang.")
    return words or shipped_words(lang or Language.ENGLISH)


@contextmanager
def _referring(lang: Language | None) -> Iterator[None]:
    """End the command on an error with its sentence and the shipped referral, which no words file can take away."""
    try:
        yield
    except RedspotsError as error:
        from app.wording import Words

        spoken = Words.read(shipped_words(lang or Language.ENGLISH))
        answer = spoken.answer_error(error)
        parts = (f"{answer.how_soon}.", answer.urgent_advice, answer.referral, answer.limits)
        _fail(error, sentence=spoken.sentence(error), advice="\n\n".join(parts))


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
    except RedspotsError as error:
        _fail(error)


if __name__ == "__main__":
    main()
