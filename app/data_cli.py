"""`redspots data`: public datasets and one's own photos, from where they lie to a manifest that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.training_extra import load_training

data_app = typer.Typer(help="Make, fetch and check labelled photos.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a dataset, as `redspots data list` shows it.")]
Out = Annotated[Path, typer.Option(help="Manifest to write, .csv; a Croissant description is written beside it.")]
Tables = Annotated[Path | None, typer.Option(help="Folder with the official tables.")]
Altered = Annotated[bool, typer.Option("--accept-altered", help="Take an official table of another checksum, too.")]
Others = Annotated[
    int | None, typer.Option(min=0, help="Keep about this many photos of `other`, whole groups; all if left out.")
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same splits.")]


@data_app.command()
def draw(
    out: Annotated[Path, typer.Argument(help="Folder to make, with one subfolder per category.")],
    per_category: Annotated[int, typer.Option(min=1, help="Photos per category and for `other`.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same photos.")] = 0,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side in pixels.")] = 384,
) -> None:
    """Draw a folder of labelled photos of red spots, to try everything without a photo of one's own."""
    load_training("drawn_folder").draw_folder(out, per_category=per_category, seed=seed, size=size)


@data_app.command("list")
def list_datasets() -> None:
    """List the public datasets: photos per category, licence, and how to get them."""
    from app.data_tables import print_datasets

    print_datasets(Console(), load_training("datasets.catalogue").read_datasets())


@data_app.command()
def show(name: Name) -> None:
    """Show one dataset: licence, tables, label map, and what goes wrong when it is taken at its word."""
    from app.data_tables import print_dataset

    print_dataset(Console(), load_training("datasets.catalogue").read_dataset(name))


@data_app.command()
def build(
    name: Name,
    out: Out,
    tables: Tables = None,
    photos: Annotated[Path | None, typer.Option(help="Folder with the photos, if they lie here already.")] = None,
    others: Others = None,
    accept_altered: Altered = False,
    seed: Seed = 0,
) -> None:
    """Build a manifest from the official tables: labels mapped, groups joined, splits drawn; nothing is fetched."""
    from app.data_tables import print_build

    dataset = load_training("datasets.catalogue").read_dataset(name)
    made = load_training("datasets.build").build_manifest(
        dataset, out=out, tables=tables, photos=photos, others=others, accept_altered=accept_altered, seed=seed
    )
    print_build(Console(), dataset, made, out)
