"""Uploaded files are decoded at once; no name, no metadata and no original is kept, and nothing else is ever read."""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial
from io import BytesIO
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from app.answers.words import Words
from app.web.gradio_setup import gr
from app.web.service_limits import Limits
from app.web.uploads.crop import Crop
from app.web.uploads.multipart import FormReader
from app.web.uploads.store import NOTES, PHOTOS, PIXELS, PhotoStore, UploadedPhoto
from model.errors import PhotoError
from model.photo import read_photo
from tests.support.drawing import Pixels, bad_files, encoded, skin, stored_as

BAD_FILES = bad_files()
SECRET = b"51.4778 N, 0.0015 W, Jane Doe"


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path, read_photo, Words.read().page)


def with_secrets(kind: str, *, pixels: Pixels | None = None) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # ImageDescription
    exif[0x0112] = 6  # Orientation: turned by 90 degrees
    exif.get_ifd(0x8825)[29] = SECRET.decode()  # GPS date, the field that takes a text
    data = BytesIO()
    Image.fromarray(stored_as(skin() if pixels is None else pixels, 6)).save(
        data, kind, exif=exif, xmp=b"<x:xmpmeta>" + SECRET
    )
    assert data.getvalue().count(SECRET) >= 2
    return data.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_no_metadata_reaches_the_disk(store: PhotoStore, kind: str) -> None:
    data = with_secrets(kind)
    path = store.receive(data)
    files = [file for file in store.folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {"photo.png", "photo.json", "detail.jpg"}
    for file in files:
        assert SECRET not in file.read_bytes()
        assert data[:200] not in file.read_bytes()
    with Image.open(path) as clean:
        clean.load()
        assert clean.info == {}
        assert not clean.getexif()
        assert clean.size == (320, 240), "turned upright before its orientation is forgotten"


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("GIF", {}), ("PNG", {"mode": "LA"})])
def test_the_page_scores_exactly_what_the_reader_reads(store: PhotoStore, kind: str, options: dict[str, str]) -> None:
    data = encoded(skin(), kind, **options)
    kept, read = store.load(store.receive(data)), read_photo(data)
    assert np.array_equal(kept.pixels, read.pixels)
    assert (kept.size, kept.notes, kept.sha256) == (read.size, read.notes, read.sha256)


def test_the_page_shows_more_than_it_scores(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path, partial(read_photo, shorter_side=224, shown=True), Words.read().page)
    data = with_secrets("JPEG", pixels=skin(width=1600, height=1200))
    path = store.receive(data)
    kept = store.load(path)
    assert np.array_equal(kept.pixels, read_photo(data, shorter_side=224).pixels)
    with Image.open(path) as shown:
        assert shown.size == kept.picture.shape[1::-1] == (800, 600)
    assert {file.name for file in path.parent.iterdir()} == {"photo.png", "scored.png", "photo.json", "detail.jpg"}
    assert not any(SECRET in file.read_bytes() for file in path.parent.iterdir())
    part = store.load(path, Crop(0, 0, 0.5, 0.5))
    assert (part.picture.shape, part.pixels.shape) == ((600, 800, 3), (300, 400, 3))
    store.forget(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_a_path_and_its_error_waits_there(store: PhotoStore, name: str) -> None:
    data, code = BAD_FILES[name]
    path = store.receive(data)
    with Image.open(path) as placeholder:
        placeholder.load()
    with pytest.raises(PhotoError) as caught:
        store.load(path)
    assert caught.value.code == code
    assert str(store.folder) not in str(caught.value)


def test_old_photos_are_purged_and_young_ones_stay(store: PhotoStore) -> None:
    old, young = store.receive(encoded(skin())), store.receive(encoded(skin()))
    past = time.time() - store.max_age - 1
    os.utime(old.parent, (past, past))
    store.purge()
    assert not old.parent.exists()
    assert store.load(young).size == (320, 240)
    with pytest.raises(PhotoError, match="deleted") as caught:
        store.load(old)
    assert caught.value.code == "missing"


def test_paths_that_were_not_given_out_are_refused_and_their_files_stay(store: PhotoStore, tmp_path: Path) -> None:
    canary = tmp_path.parent / f"{tmp_path.name}-canary.png"
    canary.write_bytes(encoded(skin(), "PNG"))
    given_out = store.receive(encoded(skin()))
    link = store.folder / PHOTOS / ("x" * 32)
    link.symlink_to(canary.parent)
    in_store = store.folder / PHOTOS / "short" / "photo.png"
    in_store.parent.mkdir()
    in_store.write_bytes(canary.read_bytes())
    inner_link = store.folder / PHOTOS / ("y" * 32) / "photo.png"
    inner_link.parent.mkdir()
    inner_link.symlink_to(canary)
    component = UploadedPhoto(store, refusal="Upload it first: see a doctor.", render=False)
    for path in (
        str(canary),
        "/etc/passwd",
        f"{given_out}/../../../{canary.name}",
        str(given_out.with_name(NOTES)),
        str(link / canary.name),
        str(in_store),
        str(inner_link),
        "http://127.0.0.1:9/photo.png",
        "photo\0.png",
        "",
    ):
        with pytest.raises(gr.Error):
            component.preprocess(component.data_model(path=path))
        with pytest.raises(gr.Error):
            component.move_resource_to_block_cache(path)
    assert canary.exists()
    assert component.preprocess(component.data_model(path=str(given_out))) == str(given_out)
    assert component.preprocess(None) is None


def test_the_page_never_takes_a_photo_out_of_a_data_address(store: PhotoStore) -> None:
    component = UploadedPhoto(store, refusal="Upload it first: see a doctor.", render=False)
    with pytest.raises(gr.Error):
        component.preprocess(component.data_model(url="data:image/png;base64,AAAA"))


def test_a_forgotten_photo_is_gone_and_nothing_else(store: PhotoStore, tmp_path: Path) -> None:
    canary = tmp_path.parent / f"{tmp_path.name}-canary.png"
    canary.write_bytes(encoded(skin(), "PNG"))
    gone, stays = store.receive(encoded(skin())), store.receive(encoded(skin()))
    link = store.folder / PHOTOS / ("x" * 32)
    link.symlink_to(stays.parent)
    for path in (gone, canary, link / gone.name, store.folder / PHOTOS, gone.parent / ".." / ".." / canary.name):
        store.forget(path)
    assert not gone.parent.exists()
    assert stays.exists()
    assert canary.exists()
    store.forget(gone)


STEPS = ("..", ".", "", "photos", "x" * 32, "photo.png", "photo.json", "given", "link", "\0", "é" * 32, "．．", "..\\")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=8), absolute=st.booleans())
def test_no_path_but_the_one_given_out_removes_or_reads_anything(
    store: PhotoStore, steps: list[str], absolute: bool
) -> None:
    home = store.folder / PHOTOS
    if not home.exists():
        (store.folder / "lock").write_bytes(b"")
        store.receive(encoded(skin()))
        (home / "link").symlink_to(store.folder)
        (home / ("x" * 32)).symlink_to(next(place for place in home.iterdir() if len(place.name) == 32))
    (given_out,) = [place for place in home.iterdir() if len(place.name) == 32 and not place.is_symlink()]
    before = sorted(store.folder.rglob("*"))
    named = "/".join(given_out.name if step == "given" else step for step in steps)
    path = Path(f"{home if absolute else ''}/{named}")
    assume(path != given_out / PIXELS)
    store.forget(path)
    with pytest.raises(PhotoError) as caught:
        store.load(path)
    assert caught.value.code == "missing"
    assert sorted(store.folder.rglob("*")) == before


@pytest.mark.parametrize("place", range(6))
def test_a_step_up_in_any_position_removes_nothing(store: PhotoStore, place: int) -> None:
    given_out = store.receive(encoded(skin()))
    before = sorted(store.folder.rglob("*"))
    parts = [*store.folder.parts, PHOTOS, given_out.parent.name, given_out.name]
    for steps in ([".."], ["x", ".."], ["..", store.folder.name], ["x" * 32, ".."]):
        cut = len(parts) - place
        store.forget(Path(*parts[:cut], *steps, *parts[cut:]))
        assert sorted(store.folder.rglob("*")) == before
    store.forget(given_out)
    assert not given_out.exists()


def test_a_form_of_ten_megabytes_never_touches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = os.urandom(10 * 1024 * 1024)
    head = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    body = head + photo + b"\r\n--edge--\r\n"
    scope = {
        "type": "http",
        "client": ("192.0.2.1", 1),
        "headers": [(b"content-type", b"multipart/form-data; boundary=edge"), (b"content-length", b"%d" % len(body))],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def read() -> bytes:
        async with FormReader(Limits()).reading(Request(scope, receive)) as form:
            file = form["photo"]
            assert isinstance(file, UploadFile)
            return await file.read()

    # Where nothing can be made, a form that asked for a temporary file would fail.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert anyio.run(read) == photo
