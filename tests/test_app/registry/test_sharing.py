"""A model as one file: the same comes out that went in, and nothing else ever does."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import app as command_line
from app.registry import sharing
from app.registry.sharing import export_model, folder_of, import_model
from app.registry.store import choose_model
from model.card import CARD, ModelCard, sha256_of
from model.classifier import Classifier, newest_release
from model.errors import ModelError, OutputError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_exported_comes_back_byte_for_byte_and_is_used_by_name_alone(tiny_model: Path, tmp_path: Path) -> None:
    shared = export_model(tiny_model, tmp_path / "model.zip")
    export_model(tiny_model, tmp_path / "again.zip")
    assert (tmp_path / "model.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    assert ZipFile(tmp_path / "model.zip").namelist()[0] == CARD
    default = choose_model(None)
    assert import_model(tmp_path / "model.zip", tmp_path / "their") == shared
    assert contents(tmp_path / "their") == contents(tiny_model)
    assert shared.size == sum(map(len, contents(tiny_model).values()))
    Classifier.load(tmp_path / "their")
    assert choose_model(None) == default


def test_neither_reports_nor_what_the_store_noted_leave_the_machine(own_model: Path, tmp_path: Path) -> None:
    (own_model / "report.html").write_text("a photo of somebody", encoding="utf-8")
    (own_model / "README.md").write_text("# Model\n\n## Made the default\n\nfrom `/secret/place`\n", encoding="utf-8")
    card = ModelCard.read(own_model)
    card = replace(
        card,
        promotion={"from": "/secret/place"},
        files={**card.files, "README.md": sha256_of(own_model / "README.md")},
        reports={"report.html": sha256_of(own_model / "report.html")},
        data=({"source": "mine", "licence": "CC BY 4.0\x1b[2J"},),
    )
    card.write(own_model)
    result = CliRunner().invoke(command_line, ["models", "export", str(own_model), str(tmp_path / "model.zip")])
    assert result.exit_code == 0, result.output
    assert "1 source under: CC BY 4.0" in result.output and "\x1b[2J" not in result.output
    result = CliRunner().invoke(
        command_line, ["models", "import", str(tmp_path / "model.zip"), "--out", str(tmp_path / "their")]
    )
    assert result.exit_code == 0 and "not reviewed" in result.output
    assert not (tmp_path / "their" / "report.html").exists()
    assert all(b"secret" not in data and b"somebody" not in data for data in contents(tmp_path / "their").values())
    assert (tmp_path / "their" / "README.md").read_text(encoding="utf-8") == "# Model\n"


def test_models_are_named_as_in_the_store(tmp_path: Path) -> None:
    assert folder_of("shipped") == newest_release() and folder_of(str(tmp_path)) == tmp_path
    with pytest.raises(ModelError) as caught:
        folder_of("nobody")
    assert caught.value.code == "not_promoted"


class Forged:
    """An archive that a stranger made from a model."""

    def __init__(self, model: Path) -> None:
        self.card = json.loads((model / CARD).read_text(encoding="utf-8"))
        self.files = {name: data for name, data in contents(model).items() if name != CARD}
        self.more: list[tuple[ZipInfo, bytes]] = []
        self.first = CARD

    def add(self, name: str, data: bytes = b"x", *, listed: bool = True) -> None:
        self.files[name] = data
        if listed:
            self.card["files"][name] = sha256(data).hexdigest()

    def write(self, path: Path) -> Path:
        files = {CARD: json.dumps(self.card).encode(), **self.files}
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name in sorted(files, key=lambda name: name != self.first):
                archive.writestr(ZipInfo(name), files[name], ZIP_DEFLATED)
            for info, data in self.more:
                archive.writestr(info, data)
        return path


def _link(forged: Forged) -> None:
    info = ZipInfo("notes.md")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    forged.card["files"]["notes.md"] = sha256(b"/etc/passwd").hexdigest()
    forged.more.append((info, b"/etc/passwd"))


def _small_room(forged: Forged) -> None:
    forged.add("bomb.json", b"\0" * 30_000_000)


ATTACKS = {
    "a path upwards": (lambda forged: forged.add("../evil.json"), "bad_archive"),
    "an absolute path": (lambda forged: forged.add("/evil.json"), "bad_archive"),
    "a path with backslashes": (lambda forged: forged.add("..\\evil.json"), "bad_archive"),
    "a file in a folder": (lambda forged: forged.add("inner/evil.json"), "bad_archive"),
    "code that is listed": (lambda forged: forged.add("evil.py"), "bad_archive"),
    "a pickle": (lambda forged: forged.add("weights.pt"), "bad_archive"),
    "a file that nobody listed": (lambda forged: forged.add("more.json", listed=False), "bad_archive"),
    "two files of one name": (lambda forged: forged.add("WEIGHTS.safetensors"), "bad_archive"),
    "a link": (_link, "bad_archive"),
    "more than there is room for": (_small_room, "bad_archive"),
    "a card that is not first": (lambda forged: setattr(forged, "first", "weights.safetensors"), "bad_archive"),
    "a file that is missing": (lambda forged: forged.files.pop("weights.safetensors"), "bad_archive"),
    "another network": (lambda forged: forged.add("classifier.onnx", b"other", listed=False), "altered_file"),
    "a network that is none": (lambda forged: forged.add("classifier.onnx", b"other"), "bad_network"),
    "a card of a later format": (lambda forged: forged.card.update(format=99), "bad_card"),
    "a card that is a list": (lambda forged: setattr(forged, "card", [1]), "bad_card"),
}


@pytest.mark.parametrize(("attack", "code"), ATTACKS.values(), ids=ATTACKS)
def test_what_a_stranger_adds_or_changes_is_refused_and_nothing_is_left(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: object, code: str
) -> None:
    assert callable(attack)
    monkeypatch.setattr(sharing, "MOST_BYTES", 20_000_000)
    forged = Forged(tiny_model)
    attack(forged)
    archive = forged.write(tmp_path / "model.zip")
    with pytest.raises(ModelError) as caught:
        import_model(archive, tmp_path / "their")
    assert caught.value.code == code and str(archive) in str(caught.value) or code == "bad_network"
    assert [path.name for path in tmp_path.iterdir()] == ["model.zip"]


@cache
def exported(model: Path) -> bytes:
    with TemporaryDirectory() as name:
        export_model(model, Path(name) / "model.zip")
        return (Path(name) / "model.zip").read_bytes()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_that_was_cut_or_changed_anywhere_is_refused_or_the_same(tiny_model: Path, data: st.DataObject) -> None:
    whole = exported(tiny_model)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole[:place] if data.draw(st.booleans()) else whole)
    if len(changed) > place:
        changed[place] ^= data.draw(st.integers(1, 255))
    with TemporaryDirectory() as name:
        archive = Path(name) / "model.zip"
        archive.write_bytes(changed)
        try:
            import_model(archive, Path(name) / "their")
        except ModelError:
            assert [path.name for path in Path(name).iterdir()] == ["model.zip"]
        else:
            assert contents(Path(name) / "their") == contents(tiny_model)


def test_nothing_is_overwritten(tiny_model: Path, tmp_path: Path) -> None:
    export_model(tiny_model, tmp_path / "model.zip")
    for work in (
        lambda: export_model(tiny_model, tmp_path / "model.zip"),
        lambda: import_model(tmp_path / "model.zip", tmp_path),
    ):
        with pytest.raises(OutputError) as caught:
            work()
        assert caught.value.code == "exists"
    with pytest.raises(ModelError) as missing:
        import_model(tmp_path / "nothing.zip", tmp_path / "their")
    assert missing.value.code == "missing_model"
