"""`redspots promote` and `redspots models`: which model answers when none is named."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.console import say
from app.cli.options import Photos, Where, Workers, threads
from model.categories import BLEEDING_SPOTS

if TYPE_CHECKING:
    from app.registry.sharing import Shared

models_app = typer.Typer(help="The models that were promoted, and which one is the default.", no_args_is_help=True)

FIGURES = (f"sensitivity_{BLEEDING_SPOTS}_at_90_specificity", "calibration_error")

Name = Annotated[str, typer.Argument(help="Name of a model, as `redspots models list` shows it.")]


def promote(
    model: Annotated[Path, typer.Argument(help="Model folder to make the default of serve and score.")],
    photos: Annotated[
        Path, typer.Option("--photos", help="Labelled photos that neither model was trained on: manifest or folder.")
    ],
    where: Where = None,
    override: Annotated[
        str, typer.Option(help="Reason to do it though the numbers speak against it; recorded on its card.")
    ] = "",
    workers: Workers = None,
) -> None:
    """Make a model the default, unless it is worse for bleeding spots, badly calibrated, or lacks words."""
    from app.cli.promotion import promote as promote_model
    from app.registry.store import store_folder

    name, judgement = promote_model(model, photos, where=where or [], workers=threads(workers), override=override)
    console = Console(stderr=True)
    for sentence in judgement.against:
        console.print(f"Overridden: {sentence}", style="yellow", highlight=False, markup=False)
    console.print(
        f"{name!r} in {str(store_folder())!r} is now the default of serve and score, instead of {judgement.default}; "
        "`redspots models rollback` goes back.",
        highlight=False,
        markup=False,
    )


def report(
    model: Annotated[Path, typer.Argument(help="Model folder to report on.")],
    photos: Photos,
    out: Annotated[Path, typer.Option(help="Page to write, .html.")] = Path("report.html"),
    where: Where = None,
    gallery: Annotated[bool, typer.Option("--gallery/--no-gallery", help="With photos in it, or without any.")] = True,
    workers: Workers = None,
) -> None:
    """Write the report that training leaves, for any model and on any labelled photos."""
    from app.cli.evaluate import account_of_photos
    from app.views.model_report import model_report
    from model.system.files import check_absent, write_file

    check_absent(out)
    account = account_of_photos(model, photos, where=where or [], workers=threads(workers))
    page = model_report(account, model, gallery=gallery)
    write_file(out, page)
    Console(stderr=True).print(f"The report is in {str(out)!r}.", highlight=False, markup=False)


@models_app.command("list")
def list_models() -> None:
    """List the models: name, where from, when, and the figures that decided; the default is marked."""
    from app.registry.store import SHIPPED, read_state, store_folder

    state = read_state(store_folder())
    table = Table(title=f"Models in {str(store_folder())!r}, the default marked *", title_justify="left")
    for column in ("", "name", "from", "promoted", "finds bleeding spots", "calibration error", "override"):
        table.add_column(column)
    table.add_row("*" if state.default == SHIPPED else "", SHIPPED, _shipped(), "", "", "", "")
    for name, about in state.models.items():
        judged = about["figures"].get("judged", {})
        numbers = [_new(judged, figure) for figure in FIGURES]
        mark = "*" if name == state.default else ""
        table.add_row(mark, name, about["from"], about["at"], *numbers, about["override"])
    Console().print(table)


@models_app.command()
def show(name: Name) -> None:
    """Show the card of a model, for people, with what was recorded when it was promoted."""
    from app.registry.store import SHIPPED, read_state, store_folder
    from app.registry.stored_models import unknown
    from model.card import ModelCard
    from model.classifier import newest_release

    store = store_folder()
    state = read_state(store)
    if name != SHIPPED and name not in state.models:
        raise unknown(name, state)
    folder = newest_release() if name == SHIPPED else store / name
    ModelCard.read(folder)
    readme = folder / "README.md"
    console = Console()
    console.print(f"{str(folder)!r}", highlight=False, markup=False)
    if readme.is_file():
        console.print(readme.read_text(encoding="utf-8"), highlight=False, markup=False)
    for change in state.history:
        if change["model"] == name:
            line = f"{change['at']} {change['action']} {change.get('override', '')}".rstrip()
            console.print(line, highlight=False, markup=False)


@models_app.command()
def rollback() -> None:
    """Make the default before this one the default again."""
    from app.registry.store import default_model
    from app.registry.stored_models import roll_back

    roll_back()
    Console(stderr=True).print(f"The default is {default_model()} again.", highlight=False, markup=False)


@models_app.command()
def remove(name: Name) -> None:
    """Remove a promoted model that is not the default."""
    from app.registry.stored_models import remove as remove_model

    remove_model(name)
    Console(stderr=True).print(f"{name!r} is removed.", highlight=False, markup=False)


@models_app.command("export")
def export_model(
    name: Annotated[str, typer.Argument(help="Name of a model, `shipped`, or a model folder.")],
    out: Annotated[Path, typer.Argument(help="File to write, .zip.")],
) -> None:
    """Write a model as one file for somebody else: no photo, no code, nothing of this machine in it."""
    from app.registry import sharing

    shared = sharing.export_model(sharing.folder_of(name), out)
    _tell_shared(shared)
    say(Console(stderr=True), f"{out.stat().st_size / 1e6:.1f} MB in {str(out)!r}.")


@models_app.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="File that `models export` wrote, .zip.")],
    out: Annotated[Path, typer.Option(help="Model folder to make.")],
) -> None:
    """Unpack a model of somebody else once its hashes hold; it becomes no default, and is not reviewed by you."""
    from app.registry import sharing

    _tell_shared(sharing.import_model(file, out))
    console = Console(stderr=True)
    say(console, f"The model is in {str(out)!r}. You have not reviewed it: nothing uses it unless you name it.")
    line = f"redspots promote {shlex.quote(str(out))} --photos ..."
    console.print(f"To measure it on photos of yours: {line}", highlight=False, markup=False, soft_wrap=True)


def _tell_shared(shared: Shared) -> None:
    """Print what a model is, how large, and under which licences its photos were."""
    from model.photo import escaped

    card, console = shared.card, Console()
    known = ", ".join(card.categories)
    # A stranger's card: what would steer the terminal is shown, not sent to it.
    say(console, escaped(f"Model {card.version} of {card.created}, {shared.size / 1e6:.1f} MB: {known}"))
    if card.intended_use:
        say(console, escaped(card.intended_use))
    for licence, sources in shared.licences.items():
        say(console, escaped(f"Trained on photos of {sources} source{'s' if sources > 1 else ''} under: {licence}"))
    if not shared.licences:
        say(console, "Its card names no photos that it was trained on, and no licence.")


def _shipped() -> str:
    from model.classifier import newest_release

    return newest_release().name


def _new(judged: dict[str, dict[str, float | None]], figure: str) -> str:
    value = judged.get(figure, {}).get("new")
    return "" if value is None else f"{value:.3f}"
