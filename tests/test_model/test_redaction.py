"""No password and no token of a URL comes out anywhere: not of a sentence, a table, a card, a journal or a terminal."""

from __future__ import annotations

import ast
import base64
import csv
import io
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

import app.cli
from app.batch.inputs import find_sources, hash_of
from app.batch.object_store import fetch
from app.batch.outputs import Files, score_to_files
from app.batch.ray.engines import Engine
from app.batch.ray.parquet_parts import RUN, PartsFolder
from app.batch.ray.worker import Equipment, PartScorer, packed
from app.batch.run import Request, run
from app.batch.scorer import Scorer
from app.batch.terminal_scores import score_to_terminal
from app.cli.console import extra
from model.card import ModelCard
from model.errors import InputError, OutputError, PhotoError, RedspotsError
from model.redaction import MASK, redacted, redacted_command, redacted_url, redacted_values
from model.system.interrupts import Stopped
from tests.support.drawing import encoded, skin
from tests.support.photo_server import PhotoServer, serving
from training.data.catalogue import read_dataset
from training.data.public.download import Downloader, Limits
from training.data.public.fetch import Order, _fetch_photo
from training.data.rows import Row, write_rows
from training.publishing.mlflow_run import check_tracking
from training.publishing.model_card import model_readme

ROOT = Path(__file__).parents[2]
BEGIN, END = "Zq7", "x9Y"
"""Every secret of these tests begins and ends so: none of both may come out."""
SECRET = f"{BEGIN}wJalrXUtnFEMI+{END}"
NAMES = (
    *("token", "access_token", "api_key", "apikey", "access_key", "secret", "client_secret", "password", "sig", "pwd"),
    *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", "AWSAccessKeyId", "auth"),
    *("Signature", "Key-Pair-Id", "sessionToken", "hmac", "code", "jwt", "%74oken", "SIG"),
)
_LETTERS = st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("C", "Z"))
_IN_URLS = st.sampled_from("abcXYZ0189-._~!$*+,;:%=")
TYPED = st.text(_LETTERS | st.just(" "), max_size=20).map(lambda text: f"{BEGIN}{text}{END}")
"""What people type, whatever a URL may hold."""
FIT = st.text(_IN_URLS, max_size=20).map(lambda text: f"{BEGIN}{text}{END}")
"""What a URL may hold."""


def is_told(text: str) -> bool:
    return BEGIN in text or END in text


@st.composite
def urls(draw: st.DrawFn, secrets: st.SearchStrategy[str] = FIT) -> str:
    """A URL with a secret in one of the places for them, and of a photo that can still be found."""
    scheme = draw(st.sampled_from(("https", "http", "s3", "gs", "postgresql", "mysql+pymysql", "abfs")))
    secret = draw(secrets)
    if draw(st.booleans()):
        # Beside a slash, an @ in a password leaves no way to tell where it ends.
        user = draw(st.sampled_from(("me:", "", "key:")))
        secret = re.sub(r"[/?#]" if not user else "@", "", secret)
        if not user and scheme == "abfs":
            scheme = "https"
        return f"{scheme}://{user}{secret}@host.example:8443/photos/1.jpg?id=5"
    name = draw(st.sampled_from(NAMES))
    before, after = draw(st.sampled_from((("?id=5&", ""), ("?", "&id=5"), ("?id=5#", ""))))
    return f"{scheme}://host.example:8443/photos/1.jpg{before}{name}={secret.replace('&', '')}{after}"


@given(urls(TYPED))
def test_a_url_keeps_its_place_and_loses_its_secret(url: str) -> None:
    shown = redacted_url(url)
    assert not is_told(shown) and MASK in shown
    assert "host.example:8443/photos/1.jpg" in shown and "id=5" in shown
    assert redacted_url(shown) == shown


@given(urls(), st.sampled_from(("{} is not there; check it.", "'{}' ({}).", 'at "{}"', "<a href='{}'>", "x={}\ny")))
def test_a_sentence_loses_the_secrets_of_the_urls_in_it(url: str, sentence: str) -> None:
    told = redacted(sentence.replace("{}", url))
    assert not is_told(told) and "host.example" in told


@given(urls(TYPED))
@example(f"https://me:{BEGIN} a%20b'c{END}@host/x")
@example(f"https://{BEGIN}:{END}@host.example:8443/photos/1.jpg?id=5")
def test_what_a_library_says_of_a_url_loses_its_secrets_in_any_spelling(url: str) -> None:
    from urllib.parse import quote, unquote

    spelled = (url, quote(url), unquote(url), repr(url), json.dumps(url)[1:-1] if url.isascii() else url)
    for text in spelled:
        assert not is_told(redacted(f"Max retries exceeded with url: {text} (Caused by x)", url)), text


@given(urls(TYPED))
def test_a_command_line_loses_its_secrets_and_the_folders_that_it_names(url: str) -> None:
    arguments = ["redspots", "train", "--mlflow", url, f"--where=source!={url}", "--photos", "/srv/jane/study/p.csv"]
    told = redacted_command(arguments)
    assert not is_told(told) and "jane" not in told and "p.csv" in told and "--mlflow" in told


@pytest.mark.parametrize(
    "innocent",
    [
        *("https://host:8443/a@2x.jpg", "http://[::1]:8080/a@2x.jpg?id=7", "C:/photos/me@work/a.jpg", "me@example.org"),
        *(
            "az://photos@account.blob.example/1.jpg",
            "https://host/get?key=photos/1.jpg",
            "a=b",
            "s3://bucket/a=b/1.jpg",
        ),
        *("https://host/?design=2&monkey=3&size=4", "'photos/1.jpg' does not exist; check the path.", "--where a=b"),
    ],
)
def test_what_holds_no_secret_stays_as_it_is(innocent: str) -> None:
    assert redacted(innocent) == redacted_url(innocent) == innocent


def test_an_address_without_a_scheme_loses_its_password_on_a_command_line() -> None:
    assert redacted_command(["--address", f"me:{SECRET}@head:6379"]) == f"--address '{MASK}@head:6379'"


@given(urls())
def test_no_error_tells_a_secret_even_from_another_process(url: str) -> None:
    for kind, code in ((PhotoError, "unreachable"), (InputError, "missing_path"), (OutputError, "exists")):
        error: RedspotsError = kind(code, f"{url!r} is there already.")
        assert not is_told(str(error)) and not is_told(str(pickle.loads(pickle.dumps(error))))
        # A URL that was taken for a path has lost a slash.
        assert not is_told(str(kind(code, f"{str(Path(url))!r} is there already.")))


@given(urls())
def test_no_card_and_no_readme_tells_a_secret(tiny_model: Path, url: str) -> None:
    card = replace(
        ModelCard.read(tiny_model),
        notes=f"Compared with {url}.",
        data=({"source": url, "licence": url, "photos": {"purpura": 1}},),
        training={
            **{"command": f"redspots train --mlflow '{url}'", "seed": 1, "minutes": 1, "photos_were_cached": False},
            **{"machine": "x", "best_epoch": 1, "packages": {}, "mixed": {url: 1}},
        },
    )
    assert not is_told(model_readme(card))
    assert not is_told(json.dumps(redacted_values(card.to_json())))


@pytest.fixture(scope="module")
def server() -> Iterator[PhotoServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def addresses(server: PhotoServer) -> list[str]:
    """A photo, another one, a damaged and a missing one; only a token lets anybody in."""
    token = f"token={SECRET}&X-Amz-Signature={SECRET}"
    names = {"/1.jpg?id=1": encoded(skin(seed=1)), "/1.jpg?id=2": encoded(skin(seed=2)), "/broken.jpg?id=3": b"broken"}
    for name, data in names.items():
        server.answers[f"{name}&{token}"] = lambda handler, data=data: handler.give(data)
    server.answers[f"/refused.jpg?id=5&{token}"] = lambda handler: handler.give(b"", status=403)
    return [f"{server.url}{name}&{token}" for name in (*names, "/gone.jpg?id=4", "/refused.jpg?id=5")]


def told_below(folder: Path) -> list[str]:
    """Return the files that tell a secret, by content or name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        path.name
        for path in files
        if is_told(path.name) or BEGIN.encode() in (data := path.read_bytes()) or END.encode() in data
    ]


def test_a_run_over_secret_addresses_tells_none_of_them_wherever_it_writes(
    scorer: Scorer, addresses: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching, said = replace(scorer, fetch=fetch), io.StringIO()
    console = Console(file=said, width=400)
    for suffix in (".csv", ".jsonl", ".parquet"):
        files = Files(
            out=tmp_path / f"table{suffix}", report=tmp_path / f"{suffix}.html", evidence=tmp_path / f"evidence{suffix}"
        )
        with monkeypatch.context() as patch, suppress(Stopped):
            # Stopped before its end, so that the journal stays.
            patch.setattr("app.batch.outputs._write_results", lambda *_: (_ for _ in ()).throw(Stopped(2)))
            score_to_files(fetching, addresses, files, console=console)
        assert files.journal.exists() and told_below(tmp_path) == []
        score_to_files(fetching, addresses, replace(files, resume=True), console=console)
    score_to_terminal(fetching, addresses, console=console, evidence=tmp_path / "shown")
    assert told_below(tmp_path) == [] and not is_told(said.getvalue())
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [re.sub(r".*/", "", row["file"]).partition("&")[0] for row in rows] == [
        *("1.jpg?id=1", "1.jpg?id=2", "broken.jpg?id=3", "gone.jpg?id=4", "refused.jpg?id=5")
    ]
    assert [row["error_code"] for row in rows] == ["", "", "not_an_image", "missing", "unreachable"]


def test_the_parts_of_a_cluster_tell_no_secret(
    scorer: Scorer, tiny_model: Path, addresses: list[str], tmp_path: Path
) -> None:
    worker = PartScorer(Equipment.of(scorer, addresses, model=tiny_model))
    result = worker({"number": 0, "part": "part", "names": packed(addresses)})
    folder = PartsFolder(str(tmp_path / "parts"))
    with folder.begun({"photos": hash_of(addresses)}, parts=1, resume=False):
        folder.write(0, result["table"])
    assert result["error"] == b"" and (tmp_path / "parts" / RUN).exists() and told_below(tmp_path) == []
    assert not is_told(PartsFolder(f"memory://parts?token={SECRET}").place)


def test_runs_over_other_photos_differ_even_where_they_look_the_same() -> None:
    places = [f"https://host/get?key={name}" for name in ("first", "second")]
    assert redacted_url(places[0]) == redacted_url(places[1])
    assert hash_of(places[:1]) != hash_of(places[1:])


def test_a_dry_run_and_its_refusals_tell_no_secret(
    tiny_model: Path, addresses: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = Request(
        **{"names": addresses, "lists": [], "model": tiny_model, "words": None, "language": None, "out": None},
        **{"report": None, "evidence": None, "workers": 1, "engine": Engine.THREADS, "address": None},
        **{
            "part_size": None,
            "exclude": ["b.jpg*"],
            "excel": False,
            "limit": None,
            "dry_run": True,
            "resume": False,
            "quiet": False,
        },
    )
    assert run(asked) == 0
    for wrong in (
        replace(asked, out=f"{addresses[0]}"),
        replace(asked, lists=[Path(f"https://me:{SECRET}@host/list.txt")]),
        replace(asked, names=[f"https://me:{SECRET}@host/a.jpg"]),
        replace(asked, names=[f"https://me:{SECRET}#{SECRET}@host/a.jpg*"]),
        replace(asked, names=[f"ftp://me:{SECRET}@host/a.jpg"]),
        replace(asked, names=[f"gs://{SECRET}@bucket/*.jpg"]),
        replace(asked, engine=Engine.RAY, out=f"s3://key:{SECRET}@bucket/parts"),
        replace(asked, engine=Engine.RAY, out=str(tmp_path / "parts"), address=f"me:{SECRET}@nowhere.invalid:x"),
    ):
        with pytest.raises(RedspotsError) as caught:
            run(wrong)
        assert not is_told(str(caught.value)), caught.value
    shown = capfd.readouterr()
    assert "1.jpg?id=1" in shown.out and not is_told(shown.out + shown.err)


def test_a_folder_of_a_web_server_that_refuses_is_named_without_the_token(server: PhotoServer) -> None:
    server.answers[f"/photos/?token={SECRET}"] = lambda handler: handler.give(b"", status=403)
    with pytest.raises(InputError) as caught:
        find_sources([f"{server.url}/photos/*?token={SECRET}"])
    assert not is_told(str(caught.value))


def test_the_password_of_a_tracker_reaches_the_tracker_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"):
        monkeypatch.setenv(name, "")
    heard: list[str] = []

    def refuse(handler: Any) -> None:
        heard.append(handler.headers["Authorization"])
        handler.give(b'{"error_code": "PERMISSION_DENIED", "message": "no"}', status=403, kind="application/json")

    with serving() as tracker:
        tracker.answers["/api/2.0/mlflow/experiments/get-by-name?experiment_name=redspots"] = refuse
        with pytest.raises(OutputError) as caught:
            check_tracking(tracker.url.replace("://", f"://me:{SECRET}@"))
    assert heard[0] == "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert not is_told(str(caught.value)) and "127.0.0.1" in str(caught.value)
    assert not is_told("".join(capfd.readouterr()))
    with pytest.raises(OutputError) as caught:
        check_tracking(f"nonsense://me:{SECRET}@host/db?password={SECRET}")
    assert not is_told(str(caught.value))


def test_what_was_fetched_and_what_was_not_is_noted_without_its_token(server: PhotoServer, tmp_path: Path) -> None:
    server.photo("/a.png", encoded(skin()))
    server.answers[f"/a.png?token={SECRET}"] = server.answers["/a.png"]
    server.answers[f"/far.png?token={SECRET}"] = lambda handler: handler.give(
        b"", status=302, Location=f"gopher://me:{SECRET}@host/"
    )
    dataset = read_dataset("scin")
    limits = Limits(attempts=1, per_second=1000)
    order = Order(dataset=dataset, out=tmp_path, accepted=dataset.licence, limits=limits)
    lines = []
    with Downloader(limits=limits, agent="test") as downloader:
        for name in ("a.png", "gone.png", "far.png"):
            row = Row(name, "purpura", "1", url=f"{server.url}/{name}?token={SECRET}")
            lines.append(_fetch_photo(row, order, downloader, None))
    assert not is_told(json.dumps(lines)) and "sha256" in lines[0]  # type: ignore[operator]
    write_rows(tmp_path / "manifest.csv", [row])
    assert told_below(tmp_path) == [] and "far.png" in (tmp_path / "manifest.csv").read_text()


def test_a_fault_nobody_expected_is_told_in_full_but_for_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"https://host/a.jpg?token={SECRET}"

    def fail() -> None:
        raise RuntimeError(f"connection to {url} lost: /a.jpg?token={SECRET}")

    monkeypatch.setattr(app.cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["redspots", "score", url])
    with pytest.raises(SystemExit) as ended:
        app.cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 1 and "Traceback" in said and "RuntimeError" in said and "in fail" in said
    assert not is_told(said)


def needs(name: str) -> None:
    """Import a package that is missing, as a command of the extra would."""
    with extra("train"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize("name", ["torch", "cv2", "sklearn.metrics", "faiss", "lightning.pytorch"])
def test_a_package_of_the_extra_that_is_missing_is_named_with_the_fix(name: str) -> None:
    with pytest.raises(InputError, match=r"'\.\[train\]'") as caught:
        needs(name)
    assert caught.value.code == "extra_not_installed" and name in str(caught.value)


@pytest.mark.parametrize("name", ["training.relase", "model.gone", "app", "onnxruntime", "somebody_elses"])
def test_a_missing_module_that_the_extra_does_not_bring_is_no_matter_of_it(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=name):
        needs(name)


@pytest.mark.parametrize("command", [["train", "--photos", "x", "--out", "y"], ["data", "list"], ["recipe", "show"]])
def test_a_command_whose_packages_are_missing_says_it_in_one_sentence(command: list[str]) -> None:
    script = (
        "import sys; sys.modules.update(dict.fromkeys(('torch', 'pydantic')));"
        "from app.cli import main; sys.argv[0] = 'redspots'; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    said = " ".join(done.stderr.split())
    assert said.startswith("Error (extra_not_installed)") and "pip install -e '.[train]'" in said


def test_every_package_that_training_imports_is_of_the_extra_or_comes_with_scoring() -> None:
    imported = set()
    for path in (ROOT / "training").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    base = {re.split(r"[^\w-]", line)[0].lower() for line in requires("redspots") or [] if "extra" not in line}
    ours = {"app", "model", "training"}
    # Those come with one of the extra; MLflow has an extra and a sentence of its own.
    rest = (
        imported
        - set(sys.stdlib_module_names)
        - base
        - ours
        - {"PIL", "annotated_types", "lightning_utilities", "mlflow"}
    )
    assert {"torch", "cv2"} <= rest
    for name in sorted(rest):
        with pytest.raises(InputError):
            needs(name)
