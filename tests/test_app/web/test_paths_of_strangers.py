"""Names from clients, cards, stores and lists that become paths: none leads out of the folder that it belongs to.

Each place below takes a name as a stranger would give it and uses it as the program does. Whatever the name is, nothing
outside of the place's own folder is read, changed or removed, and what is refused is refused in the program's words.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from app.answers.words import Words
from app.batch.evidence_folder import EvidenceFolder
from app.batch.inputs import find_sources
from app.registry.store import FOLDER, SCHEMA, STATE, default_model
from app.registry.stored_models import _free_name, remove
from app.web.localization import LanguageChoice
from app.web.uploads.store import PHOTOS, PIXELS, PhotoStore
from model.card import CARD, ModelCard
from model.errors import ModelError, OutputError, PhotoError, RecipeError, RedspotsError
from model.names import is_plain_name
from model.photo import read_photo
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, look, running_page
from training.data.importing import import_photos
from training.data.manifest import read_manifest
from training.data.merge import merge_manifests
from training.data.public.listing import _file_name
from training.fitting.backbones import BACKBONE, read_backbone
from training.fitting.initial_weights import load_model_network
from training.recipes import FewShotOptions
from training.resume.checkpoint import SUMS, DamagedState, read_state

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

PREPROCESS = {"size": 64, "mean": [0.5] * 3, "std": [0.5] * 3}
SECRET = "secret.txt"
UP = (
    "..",
    "../..",
    "../outside",
    f"../outside/{SECRET}",
    "x/../..",
    f"x/../../outside/{SECRET}",
    "./..",
    ".",
    "",
    "../",
)
OTHER = (
    "/",
    "//etc/passwd",
    "a\0b",
    "\0",
    "\n",
    "link",
    f"link/{SECRET}",
    "a" * 300,
    "a" * 5000,
    "é" * 200,
    "e\u0301" * 120,
    "．．/outside",
    "..／outside",
    "．．",
    "\u2024\u2024/outside",
    "..\\outside",
    f"..\\outside\\{SECRET}",
    "\\\\host\\share",
    "C:\\Windows",
    "C:secret.txt",
    "CON",
    "nul.txt",
    "COM1",
    "name.",
    "name ",
    " name",
    "%2e%2e/outside",
    "%2e%2e%2foutside",
    "..%00",
    "~",
    "~root",
    "$HOME",
    "file:///etc/passwd",
)
NAMES = (*UP, *OTHER)

Place = Callable[[str, Path], object]
"""Uses a name in a folder of its own, whose sibling `outside` holds what is nobody's business."""


def uploaded_photo(name: str, folder: Path) -> object:
    """The page: a photo that is removed, and one that is looked at."""
    store = PhotoStore(folder, read_photo, Words.read().page)
    given_out = store.receive(encoded(skin()))
    for path in (name, f"{folder}/{name}", f"{given_out.parent}/{name}", f"{folder}/{PHOTOS}/{name}/{PIXELS}"):
        store.forget(Path(path))
        with pytest.raises(PhotoError):
            store.load(Path(path))
    assert given_out.exists()
    shutil.rmtree(folder / PHOTOS)
    return None


def listed_on_card(name: str, folder: Path) -> object:
    """A model's card: a file that belongs to the model, and a report that shows photos."""
    for kind in ("files", "reports"):
        value = json.loads((folder / CARD).read_text(encoding="utf-8"))
        value[kind] = {**value[kind], name: "0" * 64}
        spoilt = folder / "spoilt"
        shutil.copytree(folder, spoilt, ignore=shutil.ignore_patterns("spoilt"))
        (spoilt / CARD).write_text(json.dumps(value), encoding="utf-8")
        try:
            ModelCard.read(spoilt)
        except ModelError as error:
            assert error.code in {"bad_card", "missing_file", "altered_file"}
        else:
            assert kind == "reports" and is_plain_name(name)
        finally:
            shutil.rmtree(spoilt)
    return None


def default_of_store(name: str, folder: Path) -> object:
    """The store of models: the name of the default."""
    _write_store(folder, name)
    with pytest.raises(ModelError) as caught:
        default_model()
    assert caught.value.code in {"bad_store", "missing_model"}
    return None


def removed_from_store(name: str, folder: Path) -> object:
    """The store of models: the name of a model that is removed."""
    _write_store(folder, "kept", name)
    with pytest.raises((ModelError, OutputError)) as caught:
        remove(name)
    assert is_plain_name(name) or isinstance(caught.value, ModelError)
    return None


def version_of_promoted(name: str, folder: Path) -> object:
    """The store of models: the version on a card, after which the model's folder is named."""
    made = _free_name(folder, name)
    assert is_plain_name(made)
    return folder / made


def listed_by_dataset(name: str, folder: Path) -> object:
    """A public dataset: the name or the address of a photo in its table, which `data fetch` writes to."""
    found = [_file_name(name, ""), _file_name("photo.jpg", name), _file_name(f"https://host/{name}", "")]
    for one in found:
        assert one is None or re.fullmatch(r"[\w-][\w.-]*", one, re.ASCII)
        assert one is None or (folder / one).resolve().parent == folder.resolve()
    return None


def evidence_picture(name: str, folder: Path) -> object:
    """Evidence: the name of the photo in the name of its picture."""
    written = EvidenceFolder(folder).write(b"picture", number=1, source=name if "://" in name else Path(name))
    written.unlink()
    return written


def named_in_checkpoint(name: str, folder: Path) -> object:
    """A checkpoint: the names of its files."""
    (folder / SUMS).write_text(f"{'0' * 64}  {name}\n", encoding="utf-8", errors="surrogateescape")
    with pytest.raises(DamagedState):
        read_state(folder)
    return None


def language_prefix(name: str, folder: Path) -> object:
    """The page: the language in its address."""
    choice = LanguageChoice(None, spoken=["en", "es"], by_browser=True)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "GET", "path": f"/{name}", "query_string": b"", "headers": []}
    assert choice._elsewhere(scope) is None
    return None


def named_on_card(name: str, folder: Path) -> object:
    """A model's card: the network to build, which timm would fetch from a hub or read from a folder."""
    spoilt = folder / "spoilt"
    shutil.copytree(folder, spoilt, ignore=shutil.ignore_patterns("spoilt"))
    card = json.loads((spoilt / CARD).read_text(encoding="utf-8"))
    for value in (
        {"backbone": name},
        {"backbone": f"hf-hub:{name}"},
        {"backbone": f"local-dir:{folder}/{name}"},
        {"backbone": "test_efficientnet", "backbone_arguments": {"checkpoint_path": f"{folder}/{name}"}},
        {"backbone": "test_efficientnet", "backbone_arguments": {"pretrained_cfg_overlay": {"file": name}}},
    ):
        (spoilt / CARD).write_text(json.dumps(card | {"training": {"recipe": {"network": value}}}), encoding="utf-8")
        with pytest.raises((ModelError, RecipeError)):
            load_model_network(spoilt)
        backbone = {"redspots_backbone": 1, "backbone_arguments": {}, "preprocess": PREPROCESS, "files": {}} | value
        (spoilt / CARD).write_text(json.dumps(backbone), encoding="utf-8")
        with pytest.raises(ModelError):
            read_backbone(spoilt)
    shutil.rmtree(spoilt)
    return None


def listed_on_card_of_backbone(name: str, folder: Path) -> object:
    """A backbone's card: its files."""
    spoilt = folder / "spoilt"
    spoilt.mkdir()
    card = {"redspots_backbone": 1, "backbone": "test_efficientnet", "backbone_arguments": {}, "preprocess": PREPROCESS}
    (spoilt / BACKBONE).write_bytes(b"")
    files = {BACKBONE: sha256(b"").hexdigest(), name: "0" * 64}
    (spoilt / CARD).write_text(json.dumps(card | {"files": files}), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        read_backbone(spoilt)
    assert caught.value.code == ("missing_file" if is_plain_name(name) else "bad_card")
    shutil.rmtree(spoilt)
    return None


def teacher_of_recipe(name: str, folder: Path) -> object:
    """A recipe: the version of the model that teaches."""
    if name:
        with pytest.raises(ValidationError):
            FewShotOptions(teacher=name)
    return None


PLACES: tuple[Place, ...] = (
    uploaded_photo,
    listed_on_card,
    default_of_store,
    removed_from_store,
    version_of_promoted,
    listed_by_dataset,
    evidence_picture,
    named_in_checkpoint,
    language_prefix,
    named_on_card,
    listed_on_card_of_backbone,
    teacher_of_recipe,
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_no_name_leads_out_of_its_folder(
    place: Place, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / SECRET).write_bytes(b"nobody's business")
    shutil.copytree(tiny_model, folder)
    (folder / "link").symlink_to(outside)
    monkeypatch.setenv(FOLDER, str(folder))
    before = _contents(tmp_path)
    for name in (*NAMES, str(outside), str(outside / SECRET), str(folder)):
        made = place(name, folder)
        assert made is None or Path(str(made)).resolve().parent == folder.resolve(), name
        for left in (STATE, f"{STATE}.lock", ".lock", "lock", SUMS):
            (folder / left).unlink(missing_ok=True)
        assert _contents(tmp_path) == before, name


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_plain_name_is_told_apart(name: str) -> None:
    assert is_plain_name(name) == (
        name in {"link", "．．", "..／outside", "%2e%2e%2foutside", "..%00", "~", "~root", "$HOME"}
    )


def in_manifest(name: str, folder: Path) -> object:
    """A manifest, as `train` reads it."""
    return read_manifest(_table(folder, name), categories=["purpura"])


def in_table(name: str, folder: Path) -> object:
    """A table of another tool, as `data import` reads it."""
    return import_photos(_table(folder, name), folder / "made.csv")


def in_imagefolder(name: str, folder: Path) -> object:
    """The table of an imagefolder."""
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": name, "label": "purpura"}), encoding="utf-8")
    return import_photos(folder, folder / "made.csv")


def in_coco(name: str, folder: Path) -> object:
    """An export in COCO."""
    value = {
        "images": [{"id": 1, "file_name": name}],
        "annotations": [{"image_id": 1, "category_id": 1}],
        "categories": [{"id": 1, "name": "purpura"}],
    }
    (folder / "coco.json").write_text(json.dumps(value), encoding="utf-8")
    return import_photos(folder / "coco.json", folder / "made.csv")


def in_label_studio(name: str, folder: Path) -> object:
    """An export of Label Studio."""
    value = [{"data": {"image": name}, "annotations": [{"result": [{"value": {"choices": ["purpura"]}}]}]}]
    (folder / "tasks.json").write_text(json.dumps(value), encoding="utf-8")
    return import_photos(folder / "tasks.json", folder / "made.csv")


def in_merged_manifest(name: str, folder: Path) -> object:
    """Manifests that are merged."""
    return merge_manifests([_table(folder, name), _table(folder, name, file="other.csv")], folder / "made.csv")


def in_list(name: str, folder: Path) -> object:
    """A list of names, as `score` reads it."""
    (folder / "list.txt").write_text(f"{folder}/{name}\n", encoding="utf-8")
    for source in find_sources([], lists=[folder / "list.txt"])[:3]:
        with suppress(PhotoError):
            read_photo(Path(source))
    return None


LISTS: tuple[Place, ...] = (
    in_manifest,
    in_table,
    in_imagefolder,
    in_coco,
    in_label_studio,
    in_merged_manifest,
    in_list,
)


@pytest.mark.parametrize("place", LISTS, ids=lambda place: place.__name__)
def test_a_list_may_name_photos_anywhere_and_changes_nothing_there(place: Place, tmp_path: Path) -> None:
    """Lists are read by those who made them: their photos may lie elsewhere, but they are only ever read."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / SECRET).write_bytes(b"nobody's business")
    for name in (*NAMES, str(outside), str(outside / SECRET), str(folder)):
        folder.mkdir()
        (folder / "link").symlink_to(outside)
        with suppress(RedspotsError):
            place(name, folder)
        shutil.rmtree(folder)
        assert _contents(tmp_path) == [(str(outside), b""), (str(outside / SECRET), b"nobody's business")], name


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
        yield running


def test_a_client_reads_and_removes_nothing_by_a_path_of_its_own(page: RunningPage, tmp_path: Path) -> None:
    (tmp_path / SECRET).write_bytes(b"nobody's business")
    with httpx.Client(base_url=page.url, timeout=30) as web:
        sent = web.post("/gradio_api/upload", files={"files": encoded(skin())}).raise_for_status()
        (given_out,) = sent.json()
        before = _contents(page.folder)
        for name in (
            "..",
            "../..",
            f"../../../../..{tmp_path}/{SECRET}",
            "..\\..",
            "．．",
            "%2e%2e",
            "a" * 5000,
            "x/..",
        ):
            for path in (
                name,
                f"{Path(given_out).parent}/{name}/photo.png",
                f"{given_out}/{name}",
                f"{page.folder}/{name}",
            ):
                (event,) = look(web, path)
                assert event["event"] == "error", path
                # The client itself takes the steps up out of an address.
                served = web.get(f"/gradio_api/file={path}").status_code
                assert served >= 400 or os.path.normpath(path) == given_out, path
        # What starts over, by its number, as anybody may call it.
        config = web.get("/config").json()
        kinds = {one["id"]: one["type"] for one in config["components"]}
        (number,) = [one["id"] for one in config["dependencies"] if [kinds[id_] for id_ in one["inputs"]] == ["json"]]

        def start_over(*leaving: str) -> None:
            body = {"data": [leaving], "fn_index": number, "session_hash": "stranger"}
            web.post("/gradio_api/queue/join", json=body).raise_for_status()
            assert "process_completed" in web.get("/gradio_api/queue/data?session_hash=stranger").text

        for step in ("..", "../..", "x/..", "../photos"):
            place = f"{page.folder}/{PHOTOS}/{'x' * 32}"
            start_over(
                f"{Path(given_out).parent}/{step}/{PIXELS}", f"{place}/{step}/{PIXELS}", f"{place}/x/../{PIXELS}"
            )
        assert _contents(page.folder) == before
        start_over(given_out)
        assert not Path(given_out).exists(), "the number is another's"


def _write_store(folder: Path, default: str, *models: str) -> None:
    value = {"schema": SCHEMA, "defaults": [default], "models": {one: {} for one in (default, *models)}, "history": []}
    (folder / STATE).write_text(json.dumps(value), encoding="utf-8")


def _table(folder: Path, name: str, *, file: str = "table.csv") -> Path:
    with (folder / file).open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([["file_name", "category"], [name, "purpura"]])
    return folder / file


def _contents(folder: Path) -> list[tuple[str, bytes]]:
    return sorted((str(path), path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*"))
