"""Review forms: a signature counts for the text that was read, and for no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.answers.languages import Language, shipped_words
from app.answers.review_forms import DECISIONS, FIELDS, SHIPPED_FORMS, Form, findings, parts, renew
from app.answers.words_file import WordsFile
from app.cli import app as command_line
from model.errors import OutputError, WordsError
from tests.support.own_words import OWN, own_words
from tests.support.words_files import Key, changed_words, shipped_tables

ANSWER = ("answer", "petechiae", "sections", "what")


def english() -> list[WordsFile]:
    return [WordsFile.read(shipped_words())]


def changed(folder: Path, key: Key, value: Any) -> list[WordsFile]:
    return [WordsFile.read(changed_words(folder, key, value))]


def signed(text: str, **values: str) -> str:
    """Return a form that somebody filled in and signed."""
    for field in FIELDS:
        given = values.get(field, "agree" if field == "decision" else f"My {field}")
        text = text.replace(f"| {field} | |", f"| {field} | {given} |")
    return text


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """A folder of untouched forms for the English words."""
    folder = tmp_path / "forms"
    assert renew(folder, english()) == len(list(parts(english())))
    assert findings(folder, english()) == []
    return folder


def test_the_forms_that_lie_here_fit_the_words_that_ship() -> None:
    told = findings(SHIPPED_FORMS, [WordsFile.read(shipped_words(language)) for language in Language])
    assert told == [], "\n".join([*told, "After a change of words: make review-forms"])


def test_a_form_shows_everything_that_a_person_may_read_about_their_spots(forms: Path) -> None:
    tables = shipped_tables()
    for id_, answer in tables["answer"].items():
        shown = " ".join((forms / "en" / f"{id_}.md").read_text(encoding="utf-8").split())
        for text in (answer["advice"], answer["referral"], *answer["sections"].values()):
            assert " ".join(text.split()) in shown
        for source in answer["sources"]:
            assert tables["sources"][source]["url"] in shown
    shared = " ".join((forms / "en" / "shared.md").read_text(encoding="utf-8").split())
    for text in (
        tables["emergency"],
        tables["limits"],
        *tables["red_flags"].values(),
        *tables["because"].values(),
    ):
        assert " ".join(text.split()) in shared


def test_a_signed_form_fits_until_its_text_changes_and_is_never_overwritten(forms: Path, tmp_path: Path) -> None:
    path = forms / "en" / "petechiae.md"
    path.write_text(signed(path.read_text(encoding="utf-8"), name="Dr. Roe"), encoding="utf-8")
    assert findings(forms, english()) == []
    before = path.read_bytes()
    other = changed(tmp_path, ANSWER, "Petechiae are spots of blood. Do not wait.")
    (told,) = findings(forms, other)
    assert re.search(
        r"'en/petechiae\.md' was signed for by Dr\. Roe has changed; have it read again.*words review", told
    )
    renew(forms, other)
    assert path.read_bytes() == before
    assert findings(forms, other) == [told]


def test_a_signed_form_whose_copy_of_the_text_was_changed_does_not_fit(forms: Path) -> None:
    path = forms / "en" / "petechiae.md"
    text = signed(path.read_text(encoding="utf-8"))
    path.write_text(text.replace("so do not wait", "so you may wait"), encoding="utf-8")
    (told,) = findings(forms, english())
    assert "has changed" in told


def test_an_untouched_form_of_an_older_text_is_told_and_renewed(forms: Path, tmp_path: Path) -> None:
    other = changed(tmp_path, ANSWER, "Petechiae are spots of blood. Do not wait.")
    (told,) = findings(forms, other)
    assert "'en/petechiae.md' shows an older text; run `redspots words review`" in told
    assert renew(forms, other) == 1
    assert findings(forms, other) == []
    assert renew(forms, other) == 0


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.replace("- [ ]", "- [x]", 1),
        lambda text: text.replace("## Remarks\n", "## Remarks\n\nThe second sentence is too long.\n"),
        lambda text: text.replace("| name | |", "| name | Dr. Roe |"),
        lambda text: text.replace("## Remarks\n", ""),
    ],
    ids=["a tick", "a remark", "a name", "its heading"],
)
def test_what_somebody_wrote_into_a_form_is_kept_and_told(forms: Path, tmp_path: Path, write: Any) -> None:
    path = forms / "en" / "petechiae.md"
    path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = path.read_bytes()
    other = changed(tmp_path, ANSWER, "Petechiae are spots of blood. Do not wait.")
    renew(forms, other)
    assert path.read_bytes() == before
    (told,) = findings(forms, other)
    assert "en/petechiae.md" in told


def test_a_form_that_is_half_filled_in_signs_nothing_and_says_what_is_missing(forms: Path) -> None:
    path = forms / "en" / "sun_rash.md"
    text = path.read_text(encoding="utf-8").replace("| name | |", "| name | Dr. Roe |")
    path.write_text(text, encoding="utf-8")
    assert not Form.read(path).is_signed
    (told,) = findings(forms, english())
    assert all(field in told for field in FIELDS if field != "name")


@pytest.mark.parametrize("decision", [*DECISIONS, "fine", "Agree"])
def test_a_decision_is_one_of_three(forms: Path, decision: str) -> None:
    path = forms / "en" / "sun_rash.md"
    path.write_text(signed(path.read_text(encoding="utf-8"), decision=decision), encoding="utf-8")
    assert bool(findings(forms, english())) == (decision not in DECISIONS)


def test_the_hash_follows_the_words_and_not_how_they_lie_in_the_file(tmp_path: Path) -> None:
    def hashes(files: list[WordsFile]) -> dict[str, str]:
        return {part.name: part.text_hash() for part in parts(files)}

    before = hashes(english())
    what = shipped_tables()["answer"]["petechiae"]["sections"]["what"]
    assert hashes(changed(tmp_path, ANSWER, what.replace(" ", "\n"))) == before
    assert hashes(changed(tmp_path, ("page", "button"), "Look")) == before
    after = hashes(changed(tmp_path, ANSWER, f"{what} Wait."))
    assert {name for name in before if before[name] != after[name]} == {"petechiae"}
    after = hashes(changed(tmp_path, ("emergency",), "Call 112."))
    assert {name for name in before if before[name] != after[name]} == {"shared"}
    after = hashes(changed(tmp_path, ("answer", "petechiae", "urgency"), "same_day"))
    assert after == before
    after = hashes(changed(tmp_path, ("sources", "mayo_petechiae", "url"), "https://example.org/"))
    assert {name for name in before if before[name] != after[name]} == {"petechiae", "bleeding_spots"}


def test_missing_and_foreign_forms_are_told(forms: Path) -> None:
    (forms / "en" / "sun_rash.md").rename(forms / "en" / "moon_rash.md")
    (missing, foreign) = findings(forms, english())
    assert "'en/sun_rash.md'; run `redspots words review`" in missing
    assert "'en/moon_rash.md' is about no text" in foreign
    assert renew(forms, english()) == 1


def test_a_form_that_cannot_be_read_is_named(forms: Path) -> None:
    (forms / "en" / "sun_rash.md").write_bytes(b"\xff\xfe")
    with pytest.raises(WordsError, match=r"sun_rash\.md.*correct it"):
        findings(forms, english())


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "forms").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="choose another place"):
        renew(tmp_path / "forms", english())


def test_the_command_writes_forms_for_words_of_ones_own(tmp_path: Path) -> None:
    words = own_words(tmp_path)
    result = CliRunner().invoke(command_line, ["words", "review", str(words), "--out", str(tmp_path / "forms")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "forms" / "en" / f"{OWN}.md").exists()
    path = tmp_path / "forms" / "en" / f"{OWN}.md"
    path.write_text(path.read_text(encoding="utf-8").replace("| name | |", "| name | Dr. Roe |"), encoding="utf-8")
    result = CliRunner().invoke(command_line, ["words", "review", str(words), "--out", str(tmp_path / "forms")])
    assert "half filled in" in " ".join(result.output.split())
