"""Photos by URL: from fsspec's memory, a web server and an S3 server on this machine; what fails is one error."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

import app.batch.object_store
from app.answers.words import Words
from app.batch.inputs import find_sources
from app.batch.object_store import fetch, find_urls
from app.batch.scorer import Scorer
from model.classifier import Classifier
from model.errors import InputError, PhotoError, RedspotsError
from tests.support.drawing import encoded, skin
from tests.support.photo_server import serving
from tests.support.s3_server import running_s3
from training.data.public.download import Downloader, Limits

JPEG = encoded(skin())
KEYS = ("a#1.jpg", "b?2.jpg", "c%20 100%.jpg", "d+e f.jpg", "Füße 写真.jpg", "g[1]::h.jpg", "i&amp;'\"=.jpg", "#.jpg")
"""Names of objects as people have them."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Silent(BaseHTTPRequestHandler):
    """Takes the request and never answers."""

    def do_GET(self) -> None:
        time.sleep(3)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(handler: type[BaseHTTPRequestHandler] | partial[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def memory() -> Iterator[str]:
    store = fsspec.filesystem("memory")
    store.pipe({"/photos/2.jpg": JPEG, "/photos/deep/1.PNG": JPEG, "/photos/notes.txt": b"x", "/photos/empty.jpg": b""})
    yield "memory://photos"
    store.rm("/photos", recursive=True)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("web")
    for name in ("a.jpg", "deep/b.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(JPEG)
    for number, name in enumerate(KEYS):
        (folder / "keys").mkdir(exist_ok=True)
        (folder / "keys" / name).write_bytes(JPEG + bytes([number]))
    (folder / "notes.txt").touch()
    (folder / "large.jpg").write_bytes(b"\0" * 5_000_000)
    yield from serve(partial(_Quiet, directory=str(folder)))


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    keys = {f"keys/{name}": JPEG + bytes([number]) for number, name in enumerate(KEYS)}
    keys |= {"keys/": b"", "keys/folder.jpg/x.txt": b"x"}
    with running_s3("skin", {**keys, "photos/1.jpg": JPEG, "photos/deep/2.jpg": JPEG, "photos/notes.txt": b"x"}) as url:
        yield url


def code_of(function: object, url: str) -> tuple[str, str]:
    assert callable(function)
    with pytest.raises(RedspotsError) as caught:
        function(url)
    assert isinstance(caught.value, PhotoError if function is fetch else InputError)
    return caught.value.code, str(caught.value)


def test_a_store_is_searched_like_a_folder(memory: str) -> None:
    photos = [f"{memory}/{name}" for name in ("2.jpg", "deep/1.PNG", "empty.jpg")]
    assert [url.replace(":///", "://") for url in find_urls(memory)] == photos
    assert [url.replace(":///", "://") for url in find_urls(f"{memory}/*.jpg")] == [photos[0], photos[2]]
    assert [str(url).replace(":///", "://") for url in find_sources([memory, f"{memory}/2.jpg"])][:3] == photos
    assert fetch(photos[0]) == JPEG
    assert fetch(photos[2]) == b""
    assert code_of(fetch, f"{memory}/gone.jpg")[0] == "missing"


def test_a_web_server_is_read_whether_it_knows_ranges_or_not(web: str) -> None:
    assert find_urls(f"{web}/a.jpg") == [f"{web}/a.jpg"]
    found = sorted(url for url in find_urls(f"{web}/") if "/keys/" not in url)
    assert found == [f"{web}/a.jpg", f"{web}/deep/b.jpg", f"{web}/large.jpg"]
    assert fetch(f"{web}/deep/b.jpg") == JPEG
    assert code_of(fetch, f"{web}/gone.jpg")[0] == "missing"


def test_an_s3_store_is_searched_and_read(bucket: str) -> None:
    assert find_urls(f"{bucket}/photos") == [f"{bucket}/photos/1.jpg", f"{bucket}/photos/deep/2.jpg"]
    assert find_urls(f"{bucket}/photos/*.jpg") == [f"{bucket}/photos/1.jpg"]
    assert fetch(f"{bucket}/photos/deep/2.jpg") == JPEG
    assert code_of(fetch, f"{bucket}/photos/gone.jpg")[0] == "missing"
    assert code_of(fetch, "s3://no-bucket-of-mine/1.jpg")[0] in {"missing", "unreachable"}


@pytest.mark.parametrize("kind", ["s3", "memory", "web"])
def test_objects_of_any_name_are_listed_matched_and_read(kind: str, request: pytest.FixtureRequest) -> None:
    place = request.getfixturevalue("bucket" if kind == "s3" else kind)
    if kind == "memory":
        store = fsspec.filesystem("memory")
        store.pipe({f"/photos/keys/{name}": JPEG + bytes([number]) for number, name in enumerate(KEYS)})
        store.makedirs("/photos/keys/folder.jpg")
    for name in ("keys/" if kind == "web" else "keys", "keys/*.jpg", "k*/*", "**/*[!x].jp*g"):
        found = [url for url in find_urls(f"{place}/{name}") if "/keys/" in url and not url.endswith(".txt")]
        numbers = sorted(fetch(url).removeprefix(JPEG)[0] for url in found)
        assert numbers == list(range(len(KEYS))), (name, found)
    for pattern, count in (("[1]::*.jpg", 0), ("g[1]*", 1), ("b?*.jpg", 1), ("Füße *", 1), ("d+*", 1), ("*#*.jpg", 2)):
        assert len(find_urls(f"{place}/keys/{pattern}")) == count, pattern


def test_photos_come_by_the_proxy_of_the_environment_and_past_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    far = "http://photos.invalid/a%231.jpg"
    with serving() as proxy, serving() as near:
        proxy.photo(far, JPEG)
        near.photo("/b.jpg", JPEG)
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1,.example.org")
        assert fetch(far) == JPEG and find_urls(far) == [far]
        assert fetch(f"{near.url}/b.jpg") == JPEG and set(proxy.asked) == {far}
        with Downloader(limits=Limits(), agent="test") as downloader:
            assert downloader.get(far) == JPEG and downloader.get(f"{near.url}/b.jpg") == JPEG
        assert set(proxy.asked) == {far} and set(near.asked) == {"/b.jpg"}


def test_a_url_that_is_none_is_one_sentence() -> None:
    for url in ("https://[host/a.jpg", "s3://[bucket/*.jpg"):
        assert code_of(find_urls, url)[0] == "bad_option"


def test_scores_are_those_of_the_file(memory: str, web: str, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)
    scorer = Scorer(classifier=Classifier.load(tiny_model), words=Words.read(), workers=3, fetch=fetch)
    sources = [tmp_path / "a.jpg", f"{memory}/2.jpg", f"{web}/a.jpg", f"{memory}/gone.jpg", f"{memory}/empty.jpg"]
    outcomes = [outcome for outcome, _ in scorer.answers(sources)]
    first, *others = [outcome.prediction for outcome in outcomes[:3]]
    assert first is not None and all(other == first for other in others)
    assert [outcome.error and outcome.error.code for outcome in outcomes[3:]] == ["missing", "empty"]


def test_an_object_beyond_the_limit_is_not_read_to_its_end(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.batch.object_store, "_LIMITS", app.batch.object_store.Limits(max_bytes=1_000_000))
    assert len(fetch(f"{web}/large.jpg")) < 3_000_000


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.batch.object_store, "SECONDS", 0.5)
    for address in serve(_Silent):
        code, sentence = code_of(fetch, f"{address}/a.jpg")
        assert code == "unreachable" and "TimeoutError" in sentence


def test_nobody_at_the_address_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/a.jpg"
        assert code_of(fetch, address)[0] == "unreachable"


def test_other_schemes_and_passwords_are_refused() -> None:
    for url in ("ftp://host/a.jpg", "file:///etc/passwd", "zip://a.jpg::memory://b", "simplecache::memory://a.jpg"):
        assert code_of(find_urls, url)[0] == "bad_option"
    code, sentence = code_of(find_urls, "https://me:secret@host/a.jpg")
    assert code == "bad_option" and "secret" not in sentence


def test_a_missing_driver_is_named_with_the_fix() -> None:
    # The driver of Azure is no part of the environment that runs the tests.
    assert pytest.importorskip("importlib.util").find_spec("adlfs") is None
    code, sentence = code_of(find_urls, "az://container/photos/*.jpg")
    assert code == "extra_not_installed" and "[cloud]" in sentence
