"""`redspots`: the command line. Thin; each command imports what it needs when it runs, so that --help is instant."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from app.data_cli import data_app
from app.training_extra import load_training
from model.errors import RedspotsError

ABOUT = """Tells petechiae, purpura, cherry angioma and sun-related rash apart on photos, or says that it is not sure.

For research and education. Not a medical device, not cleared or approved by any regulator, not for diagnosis, triage
or deciding whether to seek care. It knows four categories; most skin conditions are none of them. If you are worried
about a spot, ask a clinician, whatever this program says.
"""

app = typer.Typer(help=ABOUT, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(data_app, name="data")

Model = Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped one if left out.")]
WordsFile = Annotated[Path | None, typer.Option("--words", help="Words file; the shipped one if left out.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="Keep rows of a manifest: COLUMN=VALUE or !=.")]
Photos = Annotated[Path, typer.Option("--photos", help="CSV manifest, or a folder with one subfolder per category.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Threads that read photos.")]


@app.command()
def score(
    paths: Annotated[list[Path], typer.Argument(help="Photos, or folders of photos.")],
    out: Annotated[
        Path | None, typer.Option(help="Table to write, .csv or .jsonl; text on the terminal if not.")
    ] = None,
    model: Model = None,
    words: WordsFile = None,
    workers: Workers = 2,
) -> None:
    """Score photos and folders of photos: one answer per file, whatever happens to it."""
    from app.scores import score_to_table, score_to_terminal
    from app.wording import Words
    from model.classifier import Classifier, newest_release
    from model.photo import find_photos

    spoken = Words.read(words)
    try:
        found = find_photos(paths)
        classifier = Classifier.load(model or newest_release())
        spoken.require(classifier.card.categories, classifier.card.parents)
        if out is None:
            failed = score_to_terminal(classifier, spoken, found, console=Console(), workers=workers)
        else:
            failed = score_to_table(classifier, spoken, found, out=out, console=Console(stderr=True), workers=workers)
    except RedspotsError as error:
        answer = spoken.answer_error(error)
        _fail(error, advice=f"{answer.urgent_advice}\n\n{answer.referral}")
    if failed:
        raise typer.Exit(1)


@app.command()
def serve(
    model: Model = None,
    words: WordsFile = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 7860,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Open the page on which a person can upload a photo."""
    from app.server import serve as serve_page
    from model.classifier import newest_release

    serve_page(model=model or newest_release(), words=words, host=host, port=port, open_browser=open_browser)


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
    )
    console = Console(stderr=True)
    card = release.make_model(job, tell=lambda line: console.print(line, highlight=False, markup=False))
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


def _fail(error: RedspotsError, *, advice: str = "") -> NoReturn:
    console = Console(stderr=True)
    console.print(f"Error ({error.code}): {error}", style="red", highlight=False, markup=False)
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
