"""From a licence to checked photos: official tables, manifest and photos of one dataset, fetched and resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import DatasetError, OutputError, PhotoError
from model.photo import read_photo
from model.redaction import redacted_url
from model.system.files import write_file
from model.system.journal import Journal
from training.data.public.build import build_rows
from training.data.public.download import Downloader, FetchError, Limits
from training.data.public.fetched import Fetch, write_results
from training.data.public.listing import PHOTOS
from training.data.rows import Row
from training.data.schema import Dataset

JOURNAL, TABLES = "fetch.jsonl", "tables"
_CHECKED_SIDE = 192
"""Pixels: a JPEG is read to its last byte at any scale."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, and how."""

    dataset: Dataset
    out: Path
    accepted: str
    """The licence that the person accepts, by its name."""
    tables: Path | None = None
    """Folder with official tables that lie here already."""
    others: int | None = None
    seed: int = 0
    accept_altered: bool = False
    mirror: str | None = None
    contact: str = ""
    workers: int = 8
    limits: Limits = Limits()


class FetchJournal(Journal[dict[str, Any]]):
    """The journal of one run of `fetch`: a line per photo with its SHA-256, or with the reason why it is not here."""

    @staticmethod
    def to_json(entry: dict[str, Any]) -> dict[str, Any]:
        """Return the line."""
        return entry

    @staticmethod
    def from_json(values: dict[str, Any]) -> dict[str, Any]:
        """Return the line. Raises KeyError or TypeError where it names no photo."""
        values["file_name"]
        return values

    @classmethod
    def read_head(cls, values: dict[str, Any]) -> tuple[str, Mapping[str, str]]:
        """Return when a run began and what it is; version 0.2 wrote the run alone."""
        if "redspots_journal" in values:
            return super().read_head(values)
        return "", _run_of(values["dataset"], values["others"], values["seed"])


def _run_of(dataset: str, others: int | None, seed: int) -> dict[str, str]:
    return {"dataset": dataset, "--others": str(others), "--seed": str(seed)}


def fetch_dataset(
    order: Order, *, begin: Callable[[int], None] = lambda total: None, progress: Callable[[], None] = lambda: None
) -> Fetch:
    """Return what was fetched into `order.out`: `manifest.csv`, `photos`, and `not_fetched.csv` with every reason.

    A run that was stopped at any moment goes on where it was when the command is repeated; photos that are gone (404)
    are not asked for again. Raises DatasetError and OutputError.
    """
    dataset = order.dataset
    _check_order(order)
    _make_folder(order.out)
    run = _run_of(dataset.name, order.others, order.seed)
    # Before any other file: a folder without a journal is taken for somebody else's.
    with FetchJournal.open(order.out / JOURNAL, run=run, resume=True) as journal:
        done = {line["file_name"]: line for _, line in journal.entries()}
        (order.out / PHOTOS).mkdir(exist_ok=True)
        agent = f"redspots ({order.contact or 'research and education'})"
        with Downloader(limits=order.limits, agent=agent, mirror=order.mirror) as downloader:
            tables = order.tables or _fetch_tables(order, downloader)
            build = build_rows(
                dataset,
                tables=tables if dataset.table else None,
                photos=None,
                others=order.others,
                accept_altered=order.accept_altered,
                seed=order.seed,
            )
            begin(len(build.rows))

            def fetch(row: Row) -> None:
                line = _fetch_photo(row, order, downloader, done.get(row.file_name))
                if line is not None:
                    journal.append(line)
                    done[row.file_name] = line
                progress()

            with ThreadPoolExecutor(order.workers) as pool:
                try:
                    for _ in pool.map(fetch, build.rows):
                        pass
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
    return write_results(order.dataset, order.out, build, done)


def _check_order(order: Order) -> None:
    dataset = order.dataset
    if dataset.images.url is None:
        raise DatasetError(
            "not_fetchable",
            f"The photos of {dataset.name!r} cannot be fetched; get them yourself ({dataset.images.where}), then "
            f"`redspots data build {dataset.name} --photos FOLDER`.",
        )
    if order.accepted != dataset.licence:
        raise DatasetError(
            "licence_not_accepted",
            f"{dataset.title} is under {dataset.licence!r}: {dataset.licence_conditions} If you accept that, add "
            f'--accept-licence "{dataset.licence}".',
        )


def _make_folder(out: Path) -> None:
    if out.exists() and not (out / JOURNAL).exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError("exists", f"{str(out)!r} exists and is not a folder of `fetch`; choose another --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(out)!r} cannot be made ({error}); choose another --out.") from error


def _fetch_tables(order: Order, downloader: Downloader) -> Path:
    folder = order.out / TABLES
    for table in order.dataset.table:
        path = folder / table.file
        if path.exists():
            continue
        if table.url is None:
            raise DatasetError(
                "missing_table",
                f"The table {table.file!r} cannot be fetched; get it from {table.where}, then give --tables FOLDER.",
            )
        try:
            data = downloader.get(table.url)
        except FetchError as error:
            raise DatasetError(
                "missing_table",
                f"The table {table.file!r} cannot be fetched ({error}); try again, or give --tables FOLDER.",
            ) from error
        folder.mkdir(exist_ok=True)
        _write_whole(path, data)
    return folder


def _fetch_photo(
    row: Row, order: Order, downloader: Downloader, before: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the line for the journal, or None when nothing is left to do."""
    path, url = order.out / row.file_name, redacted_url(row.url)
    if before is not None and (before.get("code") == "gone" or _is_here(path, before)):
        return None
    try:
        data = downloader.get(row.url, sha256=row.sha256, json_path=order.dataset.images.json_path)
        try:
            photo = read_photo(data, shorter_side=_CHECKED_SIDE, name=row.url)
        except PhotoError as error:
            raise FetchError("not_a_photo", str(error)) from error
        _write_whole(path, data)
    except FetchError as error:
        return {"file_name": row.file_name, "url": url, "code": error.code, "reason": str(error)}
    return {"file_name": row.file_name, "url": url, "sha256": photo.sha256}


def _is_here(path: Path, before: dict[str, Any]) -> bool:
    """Return whether the file is the one that was fetched: a disk may have lost it since."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == before.get("sha256")
    except OSError:
        return False


def _write_whole(path: Path, data: bytes) -> None:
    write_file(path, data, overwrite=True, again=True, fix="make room and run the command again")
