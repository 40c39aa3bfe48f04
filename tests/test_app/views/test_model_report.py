"""report.html: opens from disk, fits a phone, asks for nothing, and tells what must be told with every answer in it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.answers.words import Words
from app.cli import app
from app.cli.evaluate import account_of_photos
from app.views.model_report import AUDIT, model_report
from model.card import CARD
from model.prediction import Prediction
from tests.conftest import write_tiny_model
from tests.support.browser import chromium_or_skip, launched
from training.evaluation.plots import plots_of_curves
from training.evaluation.results import Account
from training.rendering.folder import draw_folder

pytestmark = pytest.mark.slow

WORDS = Words.read()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    draw_folder(folder, per_category=3, seed=1, size=96)
    return folder


@pytest.fixture(scope="module")
def account(tiny_model: Path, photos: Path) -> Account:
    found = account_of_photos(tiny_model, photos, where=[], workers=1)
    assert isinstance(found, Account)
    return found


def test_few_photos_are_said_to_be_few_above_everything(account: Account, tiny_model: Path) -> None:
    page = text_of(model_report(account, tiny_model, gallery=False))
    assert page.index("Few photos measured: 3 cherry angioma, 3 petechiae") < page.index("What people must be told")


def text_of(page: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("named", ["petechiae", "purpura", "bleeding_spots", "cherry_angioma", "sun_rash", ""])
def test_every_answer_in_it_comes_with_its_advice_and_referral_in_full(
    account: Account, tiny_model: Path, named: str
) -> None:
    (first, *_) = account.sets
    scored = replace(first.scored, named=first.scored.named.astype("<U20"))
    scored.named[:] = named
    page = text_of(model_report(replace(account, sets=[replace(first, scored=scored)]), tiny_model))
    answer = WORDS.answer(
        Prediction((), named or None, 0.5 if named else None, () if named else ("low_score",), (), "")
    )
    for said in (answer.headline, answer.how_soon, answer.referral, answer.limits, WORDS.intended_use, WORDS.emergency):
        for line in said.splitlines():
            assert " ".join(line.removeprefix("- ").split()) in page
    assert page.index(answer.how_soon) < page.index("likeliest:")


def test_categories_without_words_get_what_is_told_when_nothing_is_sure(photos: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "bites", threshold=0.0)
    value = json.loads((model / CARD).read_text())
    value["parents"], value["outputs"][1] = {}, "bites"
    (model / CARD).write_text(json.dumps(value))
    found = account_of_photos(model, photos / "photos.csv", where=["category!=purpura"], workers=1)
    page = text_of(model_report(found, model))
    assert WORDS.answer(Prediction((), None, None, ("low_score",), (), "")).referral in page
    assert "bites" in page


def test_without_a_gallery_there_is_no_photo_in_it(account: Account, tiny_model: Path) -> None:
    assert "data:image" in model_report(account, tiny_model)
    assert "data:image" not in model_report(account, tiny_model, gallery=False)


def test_what_was_found_before_training_is_shown(account: Account, own_model: Path) -> None:
    assert "Found in the photos" not in model_report(account, own_model)
    (own_model / AUDIT).write_text("finding,photo,other,detail\ncopy,a.jpg,<b>.jpg,twice\n")
    page = model_report(account, own_model)
    assert "Found in the photos" in page and "&lt;b&gt;.jpg" in page


def test_curves_of_every_training_are_drawn() -> None:
    pairs = [[0.0, 1.0], [1.0, 0.5]]
    drawn = plots_of_curves({"fold0": {"loss": pairs}, "fit": {"loss": pairs, "validation_recall": pairs}})
    assert list(drawn) == ["Loss: fold0", "Loss: fit", "Mean recall: fit"]
    assert all(svg.startswith("<svg") and "var(--series-0)" in svg for svg in drawn.values())


@pytest.mark.browser
def test_it_opens_from_disk_on_a_phone_and_a_desk_and_asks_for_nothing(
    tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    chromium_or_skip()
    out = tmp_path / "report.html"
    arguments = ["report", str(tiny_model), "--photos", str(photos), "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    with launched() as browser:
        for width in (360, 1280):
            page = browser.new_page(viewport={"width": width, "height": 800})
            requests: list[str] = []
            errors: list[str] = []
            page.on("request", lambda request, into=requests: into.append(request.url))
            page.on("console", lambda message, into=errors: into.append(message.text))
            page.goto(out.as_uri(), wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("figure svg").count() >= 4
            assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
            assert errors == []
            page.close()
    assert CliRunner().invoke(app, arguments).exit_code != 0, "never over another file"
