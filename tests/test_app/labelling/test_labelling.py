"""From photos to a manifest without a browser: what comes next for whom, over HTTP, and what `train` reads of it."""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app.cli import app as command_line
from app.labelling import choices, manifest
from app.labelling.features import FeatureNetwork, with_feature_maps
from app.labelling.journal import JOURNAL, Act, Kind, now
from app.labelling.manifest import write_manifest
from app.labelling.server import Labelling, Plan, application_of, labelling, require_work
from app.labelling.sources import read_candidates
from app.web.security.auth import Login
from model.errors import InputError, ManifestError, ModelError, RedspotsError
from tests.support.drawing import encoded, exif_with_place, skin
from training.data import manifest as training_manifest
from training.data.manifest import read_manifest
from training.data.rows import COLUMNS

CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other", "not_skin")
number = count()


def plan(source: Path, out: Path, model: Path, **more: Any) -> Plan:
    return Plan(source=source, out=out, model=model, workers=1, **more)


@contextmanager
def page(plan: Plan, **more: Any) -> Iterator[tuple[TestClient, Labelling]]:
    with labelling(plan) as opened:
        app = application_of(opened, plan, host="127.0.0.1", **more)
        yield TestClient(app, base_url="http://127.0.0.1:7861", raise_server_exceptions=False), opened


def say(web: httpx.Client, reader: str, kind: str, photo: str = "", value: str = "", **more: Any) -> dict[str, Any]:
    body = {"id": f"act-{next(number):08}", "reader": reader, "kind": kind, "photo": photo, "value": value, **more}
    response = web.post("/api/acts", json=body)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


def turns(web: httpx.Client, reader: str) -> list[dict[str, Any]]:
    return list(web.get("/api/desk", params={"reader": reader}).json()["turns"])


def test_what_readers_say_becomes_a_manifest_that_training_reads(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    what = plan(photos, tmp_path / "labels", tiny_model, twice=1.0)
    with page(what) as (web, opened):
        for category in ("petechiae", "purpura", "other", "cannot_tell"):
            turn = turns(web, "Ana")[0]
            say(web, "Ana", "note", turn["photo"], "monk 7", field="skin_tone")
            say(web, "Ana", "label", turn["photo"], category, is_sure=category != "other")
        # The second reader is asked about the same photos, and says the same of all but one.
        for category in ("petechiae", "sun_rash", "other", "cannot_tell"):
            turn = turns(web, "Ben")[0]
            assert turn["is_twice"]
            say(web, "Ben", "note", turn["photo"], "arm", field="body_site")
            say(web, "Ben", "label", turn["photo"], category, saw_evidence=True)
        agreement = web.get("/api/agreement", params={"reader": "Ben"}).json()
        assert [(pair["readers"], pair["photos"], pair["same"]) for pair in agreement["pairs"]] == [
            (["Ana", "Ben"], 4, 3)
        ]
        (differing,) = agreement["differing"]
        assert {one["category"] for one in differing["readings"]} == {"purpura", "sun_rash"}
        before = tmp_path / "before.csv"
        written = write_manifest(before, opened.survey.photos, opened.desk.readings, model_version="0.0.1")
        assert (written.differ, written.cannot_tell) == (1, 1)
        assert len(read_manifest(before, categories=CATEGORIES)) == 2
        say(web, "Ana", "settle", differing["photo"], "purpura")
        assert web.get("/api/agreement", params={"reader": "Ben"}).json()["differing"] == []
        told = web.post("/api/manifest", json={}).json()
    examples = read_manifest(Path(told["path"]), categories=CATEGORIES)
    assert sorted(example.category for example in examples) == ["other", "petechiae", "purpura"]
    assert {(example.skin_tone, example.body_site) for example in examples} == {("monk 7", "arm")}
    with Path(told["path"]).open(encoding="utf-8", newline="") as file:
        rows = {row["category"]: row for row in csv.DictReader(file)}
    assert rows["petechiae"]["certainty"] == "exact" and rows["other"]["certainty"] == "doubtful"
    assert rows["petechiae"]["reader"] == "Ana; Ben" and rows["petechiae"]["saw_evidence"] == "yes"
    assert rows["purpura"]["label"] == "purpura (Ana); sun_rash (Ben); settled as purpura (Ana)"
    assert all(row["chosen"] in ("uncertain", "different", "random") and row["labelled_at"] for row in rows.values())
    assert "model 0.0.1" in rows["purpura"]["provenance"]


def test_a_photo_goes_to_one_reader_unless_its_hash_asks_for_two(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model, twice=0.5)) as (web, opened):
        mine: dict[str, list[str]] = {"Ana": [], "Ben": []}
        is_twice: dict[str, bool] = {}
        while any(waiting := {reader: turns(web, reader) for reader in mine}.values()):
            for reader, found in zip(mine, waiting, strict=True):
                if found:
                    is_twice[found[0]["photo"]] = found[0]["is_twice"]
                    mine[reader].append(found[0]["photo"])
                    say(web, reader, "label", found[0]["photo"], "purpura")
        shared = set(mine["Ana"]) & set(mine["Ben"])
        assert set(mine["Ana"]) | set(mine["Ben"]) == set(opened.desk.photos)
        assert shared == {photo for photo, twice in is_twice.items() if twice} and 0 < len(shared) < 12
        assert opened.desk.progress("Cy").left == 0


def test_undo_brings_the_photo_back_and_skip_puts_it_last(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model, twice=0.0)) as (web, opened):
        first, second = (turn["photo"] for turn in turns(web, "Ana")[:2])
        assert say(web, "Ana", "skip", first)["turns"][0]["photo"] == second
        say(web, "Ana", "label", second, "purpura")
        told = say(web, "Ana", "undo")
        assert told["turns"][0]["photo"] == second and told["progress"]["mine"] == 0
        order = []
        while found := turns(web, "Ana"):
            order.append(found[0]["photo"])
            say(web, "Ana", "label", order[-1], "other")
        assert order[0] == second and order[-1] == first and len(set(order)) == 12
        for _ in range(13):  # Twelve labels and one skip.
            say(web, "Ana", "undo")
        assert web.post("/api/acts", json={"id": "act-nothing", "reader": "Ana", "kind": "undo"}).status_code == 400
        assert opened.desk.readings.photos() == []


def test_labelling_goes_on_where_it_was_and_the_network_looks_once(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = plan(photos, tmp_path / "labels", tiny_model, twice=0.0)
    with page(what) as (web, _):
        done = turns(web, "Ana")[0]["photo"]
        say(web, "Ana", "label", done, "purpura")

    def never(*given: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr(FeatureNetwork, "look", never)
    with page(what) as (web, opened):
        assert opened.desk.readings.labels(done)["Ana"].value == "purpura"
        assert done not in {turn["photo"] for turn in turns(web, "Ana")}
        assert opened.desk.progress("Ana").left == 11
        assert say(web, "Ana", "undo")["turns"][0]["photo"] == done


def test_the_page_hides_names_and_shows_pictures_without_metadata(tiny_model: Path, tmp_path: Path) -> None:
    data = encoded(skin(width=96, height=72), exif=exif_with_place())
    (tmp_path / "purpura").mkdir()
    (tmp_path / "purpura" / "purpura_case.jpg").write_bytes(data)
    with page(plan(tmp_path / "purpura", tmp_path / "labels", tiny_model)) as (web, opened):
        (turn,) = turns(web, "Ana")
        shown = web.get("/").text + json.dumps(turn)
        assert "purpura_case" not in shown and str(tmp_path) not in shown
        for address in ("photos", "full"):
            picture = web.get(f"/{address}/{turn['photo']}.jpg")
            assert picture.headers["content-type"] == "image/jpeg" and b"SECRET" not in picture.content
            assert Image.open(BytesIO(picture.content)).size == (96, 72)
        (tmp_path / "purpura" / "purpura_case.jpg").write_bytes(data + b" ")
        changed = web.get(f"/full/{turn['photo']}.jpg")
        assert changed.status_code == 422 and "changed" in changed.json()["detail"]
        assert opened.words.answer_error(InputError("bad_option", "x")).referral == changed.json()["referral"]


BAD = {
    "no such photo": {"photo": "0" * 64, "value": "purpura"},
    "no such category": {"value": "warts"},
    "no such field": {"kind": "note", "field": "mood", "value": "good"},
    "no such value": {"kind": "note", "field": "skin_tone", "value": "monk 11"},
    "no name": {"reader": " ", "value": "purpura"},
    "a name that would part a list": {"reader": "Ana; Ben", "value": "purpura"},
    "an id that is none": {"id": "x", "value": "purpura"},
    "an unknown key": {"value": "purpura", "more": 1},
    "a kind that is none": {"kind": "delete", "value": "purpura"},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_what_cannot_be_said_is_refused_with_the_referral_and_written_nowhere(
    photos: Path, tiny_model: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model)) as (web, _):
        before = (tmp_path / "labels" / JOURNAL).read_bytes()
        act = {"id": "act-00000000", "reader": "Ana", "kind": "label", "photo": turns(web, "Ana")[0]["photo"]}
        response = web.post("/api/acts", json=act | change)
        assert response.status_code == 400 and response.json()["referral"]
        assert (tmp_path / "labels" / JOURNAL).read_bytes() == before


def test_pages_of_others_and_foreign_names_get_nothing(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model)) as (web, _):
        assert web.get("/", headers={"Host": "evil.example"}).status_code == 404
        assert web.get("/", headers={"Host": "localhost:7861"}).status_code == 200
        act = {"id": "act-00000000", "reader": "Ana", "kind": "skip", "photo": turns(web, "Ana")[0]["photo"]}
        assert web.post("/api/acts", json=act, headers={"Origin": "http://evil.example"}).status_code == 404
        assert web.post("/api/acts", content=b" " * 20_000).status_code == 400
        assert web.get("/api/nothing").status_code == 404 and web.delete("/api/acts").status_code in (400, 405)
        assert web.get("/static/../server.py").status_code == 404
        answer = web.get("/")
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_with_a_login_nothing_is_there_for_anybody_else(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model), login=Login("me", "secret")) as (web, opened):
        photo = next(iter(opened.desk.photos))
        for address in ("/", "/api/desk?reader=Ana", f"/photos/{photo}.jpg", "/static/label.js"):
            assert web.get(address).status_code == 401
            assert web.get(address, auth=("me", "secret")).status_code == 200


def test_a_manifest_keeps_its_columns_and_asks_about_photos_without_a_category(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    names = sorted((photos / "petechiae").iterdir())
    given = tmp_path / "given" / "own.csv"
    given.parent.mkdir()
    rows = [
        [f"{name.as_posix()}", "purpura" if at < 9 else "", f"person {at // 2}", "mine"]
        for at, name in enumerate(names)
    ]
    with given.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["file", "category", "group", "ward"], *rows])
    what = plan(given, tmp_path / "labels", tiny_model, twice=0.0)
    with page(what) as (web, opened):
        assert opened.desk.progress("Ana").left == 3
        say(web, "Ana", "label", turns(web, "Ana")[0]["photo"], "other")
        write_manifest(tmp_path / "out.csv", opened.survey.photos, opened.desk.readings, model_version="0.0.1")
    examples = read_manifest(tmp_path / "out.csv", categories=CATEGORIES)
    assert len(examples) == 10 and {example.category for example in examples} == {"purpura", "other"}
    assert all(example.group.startswith("person ") for example in examples)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0].endswith(",ward")
    with page(replace(what, again=True)) as (web, opened):
        assert opened.desk.progress("Ana").left == 11
    only = tmp_path / "given" / "done.csv"
    only.write_text(f"file_name,category\n{names[0].as_posix()},purpura\n", encoding="utf-8")
    done = plan(only, tmp_path / "other_labels", tiny_model)
    with labelling(done) as opened, pytest.raises(InputError, match="--again"):
        require_work(opened, done)


SOURCES = {
    "a folder without photos": ("empty/", "nothing_found"),
    "nothing": ("nowhere", "missing_path"),
    "a table of something else": ("x,y\n1,2\n", "missing_column"),
    "a missing photo": ("file_name,category\na.jpg,\n", "missing_photo"),
    "an unknown category": ("file_name,category\nphoto.jpg,warts\n", "unknown_category"),
    "a table without rows": ("file_name,category\n", "no_photos"),
    "no table": ("\0\xff", "unreadable_manifest"),
}


@pytest.mark.parametrize(("text", "code"), SOURCES.values(), ids=SOURCES)
def test_photos_that_cannot_be_labelled_are_told_with_the_fix(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(encoded(skin(width=96, height=72)))
    source = tmp_path / "source.csv"
    if text == "empty/":
        source.mkdir()
    elif text != "nowhere":
        source.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_candidates(source, categories=CATEGORIES)
    assert caught.value.code == code and str(source) in str(caught.value) and ";" in str(caught.value)


def test_a_table_of_scores_is_a_list_of_photos_whatever_the_model_said(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    table = tmp_path / "scores.csv"
    table.write_text("file,category,model_version,schema\npetechiae/photo_0001.jpg,warts,1,2\n", encoding="utf-8")
    (candidate,) = read_candidates(table, categories=CATEGORIES)
    assert candidate.path.name == "photo_0001.jpg" and candidate.category == "" and not candidate.cells


def test_photos_that_cannot_be_read_and_copies_are_counted_and_left_out(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("one.jpg", "copy.jpg"):
        (folder / name).write_bytes(encoded(skin(width=96, height=72)))
    (folder / "broken.jpg").write_bytes(b"no photo")
    with labelling(plan(folder, tmp_path / "labels", tiny_model)) as opened:
        assert len(opened.survey.photos) == 1 and opened.survey.copies == 1
        assert "broken.jpg" in opened.survey.unread[0]
        with pytest.raises(InputError) as caught:
            write_manifest(tmp_path / "m.csv", opened.survey.photos, opened.desk.readings, model_version="1")
        assert caught.value.code == "nothing_found" and not (tmp_path / "m.csv").exists()
        photo = opened.survey.photos[0].sha256
        act = Act(id="act-00000000", at=now(), reader="Ana", kind=Kind.LABEL, photo=photo, value="other")
        opened.desk.take(act)
        (tmp_path / "m.csv").write_text("mine", encoding="utf-8")
        with pytest.raises(RedspotsError) as refused:
            write_manifest(tmp_path / "m.csv", opened.survey.photos, opened.desk.readings, model_version="1")
        assert refused.value.code == "exists" and (tmp_path / "m.csv").read_text(encoding="utf-8") == "mine"


def test_a_label_that_the_disk_does_not_take_is_refused_and_nothing_of_it_stays(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model)) as (web, _):
        photo = turns(web, "Ana")[0]["photo"]
        before = (tmp_path / "labels" / JOURNAL).read_bytes()
        act = {"id": "act-full-disk", "reader": "Ana", "kind": "label", "photo": photo, "value": "purpura"}
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            refused = web.post("/api/acts", json=act)
        assert refused.status_code == 422 and refused.json()["code"] == "cannot_write"
        assert (tmp_path / "labels" / JOURNAL).read_bytes() == before
        assert turns(web, "Ana")[0]["photo"] == photo
        assert web.post("/api/acts", json=act).status_code == 200
        assert web.post("/api/acts", json=act).status_code == 200
        lines = (tmp_path / "labels" / JOURNAL).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["id"] for line in lines[1:]] == ["act-full-disk"]


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_page_carries_the_referral_and_the_intended_use(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    with page(plan(photos, tmp_path / "labels", tiny_model), reader="Ana") as (web, opened):
        shown = unescape(web.get("/").text)
        assert shown.count(opened.words.refuse("").strip()) == 2 and opened.words.intended_use in shown


def test_the_network_tells_its_features_and_the_same_logits(photos: Path, tiny_model: Path) -> None:
    network = FeatureNetwork.load(tiny_model)
    classifier = network.classifier
    seen = []
    for path in sorted((photos / "petechiae").iterdir())[:2]:
        prepared = classifier.prepare(classifier.read(path))
        logits, features = network.look(prepared)
        assert np.array_equal(logits, classifier.logits([prepared])[0])
        assert features.dtype == np.float32 and np.linalg.norm(features) == pytest.approx(1, abs=1e-5)
        seen.append(features)
    assert len(seen[0]) > 5 and not np.array_equal(*seen)
    with pytest.raises(ModelError) as caught:
        with_feature_maps(b"")
    assert caught.value.code == "bad_network"


REFUSED = {
    "no name": (("--reader", "Ana; Ben"), "bad_option"),
    "others could reach it": (("--host", "0.0.0.0"), "bad_option"),
    "the manifest is there": (("--manifest", "there.csv"), "exists"),
    "no folder for the manifest": (("--manifest", "nowhere/m.csv"), "cannot_write"),
    "nothing said yet": (("--manifest", "m.csv"), "nothing_found"),
    "no model": (("--model", "nowhere"), "missing_model"),
}


@pytest.mark.parametrize(("options", "code"), REFUSED.values(), ids=REFUSED)
def test_the_command_refuses_before_anything_is_served(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDSPOTS_AUTH", raising=False)
    (tmp_path / "there.csv").write_text("mine", encoding="utf-8")
    given = ["label", str(photos), "--model", str(tiny_model), *options]
    result = CliRunner().invoke(command_line, given)
    assert isinstance(result.exception, RedspotsError) and result.exception.code == code
    assert (tmp_path / "there.csv").read_text(encoding="utf-8") == "mine"


def test_what_can_be_said_is_what_training_knows() -> None:
    assert choices.BODY_SITES == training_manifest.BODY_SITES
    assert manifest.COLUMNS == COLUMNS
    keys = [choice.key for choice in choices.choices_of([f"own_{index}" for index in range(15)])]
    assert len(set(keys)) == len(keys) == 18 and not set(keys) & set("busetgz+-,.=")
    assert issubclass(ManifestError, InputError)
