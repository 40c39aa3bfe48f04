"""`redspots data`: public datasets and your own photos, from where they lie to a manifest that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.console import extra
from app.cli.options import Workers, threads

data_app = typer.Typer(help="Make, fetch and check labelled photos.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a dataset, as `redspots data list` shows it.")]
Out = Annotated[Path, typer.Option(help="Manifest to write, .csv; a Croissant description is written beside it.")]
Tables = Annotated[Path | None, typer.Option(help="Folder with the official tables.")]
Altered = Annotated[bool, typer.Option("--accept-altered", help="Take an official table of another checksum, too.")]
Others = Annotated[
    int | None, typer.Option(min=0, help="Keep about this many photos of `other`, whole groups; all if left out.")
]
Manifest = Annotated[Path, typer.Argument(help="CSV manifest, or a folder with one subfolder per category.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same splits.")]


@data_app.command()
def draw(
    out: Annotated[Path, typer.Argument(help="Folder to make, with one subfolder per category.")],
    per_category: Annotated[int, typer.Option(min=1, help="Photos per category and for `other`.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same photos.")] = 0,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side in pixels.")] = 384,
) -> None:
    """Draw a folder of labelled photos of red spots, to try everything without a photo of your own."""
    with extra("train"):
        from training.rendering.folder import draw_folder
    draw_folder(out, per_category=per_category, seed=seed, size=size)


@data_app.command("list")
def list_datasets() -> None:
    """List the public datasets: photos per category, licence, and how to get them."""
    from app.cli.tables import print_datasets

    with extra("train"):
        from training.data.catalogue import read_datasets
    print_datasets(Console(), read_datasets())


@data_app.command()
def show(name: Name) -> None:
    """Show one dataset: licence, tables, label map, and what goes wrong when it is taken at its word."""
    from app.cli.tables import print_dataset

    with extra("train"):
        from training.data.catalogue import read_dataset
    print_dataset(Console(), read_dataset(name))


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
    from app.cli.tables import print_build

    with extra("train"):
        from training.data.catalogue import read_dataset
        from training.data.public.build import build_manifest
    dataset = read_dataset(name)
    made = build_manifest(
        dataset, out=out, tables=tables, photos=photos, others=others, accept_altered=accept_altered, seed=seed
    )
    print_build(Console(), dataset, made, out)


@data_app.command()
def check(
    manifest: Manifest,
    out: Annotated[Path | None, typer.Option(help="Table of all findings to write, .csv.")] = None,
    suspect: Annotated[bool, typer.Option("--suspect", help="Also look for categories that do not fit.")] = False,
    model: Annotated[Path | None, typer.Option(help="Model for --suspect; the shipped one if left out.")] = None,
    workers: Workers = None,
) -> None:
    """Look for copies, look-alikes, groups in two splits, conflicts, and photos that are unfit; 1 if figures suffer."""
    from app.cli.tables import print_findings
    from app.registry.store import choose_model
    from app.views.progress import watched_later
    from model.classifier import Classifier
    from model.system.files import check_absent

    with extra("train"):
        from training.data.audit import COLUMNS, SEVERE, audit
        from training.data.photos import read_listed
        from training.data.rows import write_cells
    if out is not None:
        check_absent(out)
    rows = read_listed(manifest)
    with watched_later("photos read", Console(stderr=True)) as (begin, progress):
        begin(len(rows))
        findings = audit(rows, workers=threads(workers), progress=progress)
    if suspect:
        with extra("train"):
            from training.data.label_issues import suspect_categories
        classifier = Classifier.load(choose_model(model).folder)
        findings += suspect_categories(rows, classifier)
    if out is not None:
        write_cells(out, COLUMNS, [one.cells() for one in findings])
    if print_findings(Console(), findings, SEVERE, photos=len(rows)):
        raise typer.Exit(1)


@data_app.command()
def merge(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests, or folders with a subfolder per category.")],
    out: Out,
    join_near: Annotated[bool, typer.Option("--join-near", help="Photos that look alike become one group.")] = False,
) -> None:
    """Merge manifests: one row per photo, shared groups joined, no group in two splits."""
    from app.cli.tables import print_merge

    with extra("train"):
        from training.data.merge import merge_manifests
    print_merge(Console(), merge_manifests(manifests, out, join_near=join_near), out)


@data_app.command()
def stats(
    manifest: Manifest,
    plot: Annotated[Path | None, typer.Option(help="Picture to write, .png.")] = None,
) -> None:
    """Count photos by category, source and skin tone."""
    from app.cli.tables import print_stats

    with extra("train"):
        from training.data.photos import read_listed
        from training.data.statistics import count_photos, plot_photos
    counts = count_photos(read_listed(manifest))
    print_stats(Console(), counts)
    if plot is not None:
        plot_photos(counts, plot)


@data_app.command("import")
def import_own(
    source: Annotated[Path, typer.Argument(help="Folder or file: folders, tables, exports of labelling tools.")],
    out: Out,
    words: Annotated[list[str] | None, typer.Option("--map", help="What a label means: LABEL=CATEGORY.")] = None,
    categories: Annotated[
        list[str] | None, typer.Option("--category", help="Category of your own, such as insect_bites; repeat it.")
    ] = None,
) -> None:
    """Import photos that another tool labelled; says what it mapped and what it left out."""
    from app.cli.tables import print_import

    with extra("train"):
        from training.data.importing import import_photos
    print_import(Console(), import_photos(source, out, words=words or [], categories=categories or []), out)


@data_app.command()
def fetch(
    name: Name,
    out: Annotated[Path, typer.Option(help="Folder for manifest.csv, photos and not_fetched.csv; repeat to go on.")],
    accept_licence: Annotated[str, typer.Option(help="Name of the licence that you have read and accept.")] = "",
    tables: Tables = None,
    others: Others = None,
    accept_altered: Altered = False,
    seed: Seed = 0,
    mirror: Annotated[str | None, typer.Option(help="Address that stands in for every host.")] = None,
    contact: Annotated[str, typer.Option(help="How hosts can reach you, as some ask: a mail or web address.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files at once, 4 of them from one host.")] = 8,
    per_second: Annotated[float, typer.Option(min=0.01, max=1000, help="Requests to one host per second.")] = 5,
    megabytes: Annotated[float, typer.Option(min=0.1, help="Largest file that is taken, in MiB.")] = 30,
) -> None:
    """Fetch a dataset once its licence is accepted: tables, manifest and photos; goes on where it was when repeated."""
    from app.cli.tables import print_fetch
    from app.views.progress import watched_later

    with extra("train"):
        from training.data.catalogue import read_dataset
        from training.data.public.download import Limits
        from training.data.public.fetch import Order, fetch_dataset
        from training.data.public.fetched import as_sentences
    dataset = read_dataset(name)
    order = Order(
        dataset=dataset,
        out=out,
        accepted=accept_licence,
        tables=tables,
        others=others,
        seed=seed,
        accept_altered=accept_altered,
        mirror=mirror,
        contact=contact,
        workers=workers,
        limits=Limits(per_second=per_second, megabytes=megabytes),
    )
    with watched_later("photos fetched", Console(stderr=True)) as (begin, progress):
        fetched = fetch_dataset(order, begin=begin, progress=progress)
    print_fetch(Console(), dataset, fetched, as_sentences(fetched.failed), out)
    if fetched.failed or not fetched.build.rows:
        raise typer.Exit(1)
