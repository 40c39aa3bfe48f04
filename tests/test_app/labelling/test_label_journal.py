"""The journal of labels and what stands after it: killed at any byte nothing confirmed is lost, undo takes all back."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.labelling.journal import JOURNAL, Act, Kind, LabelJournal
from app.labelling.readings import Readings
from model.errors import OutputError

CATEGORIES = ("petechiae", "purpura")
PHOTOS = tuple(letter * 64 for letter in "abc")
READERS = ("Ana", "Ben")


@st.composite
def histories(draw: st.DrawFn) -> list[Act]:
    """Series of acts as a desk would take them: an undo names what its reader did last."""
    acts: list[Act] = []
    readings = Readings()
    for number in range(draw(st.integers(0, 14))):
        reader, photo = draw(st.sampled_from(READERS)), draw(st.sampled_from(PHOTOS))
        kind = draw(st.sampled_from(Kind))
        value = draw(st.sampled_from((*CATEGORIES, "cannot_tell")))
        if kind is Kind.UNDO:
            last = readings.last(reader)
            if last is None:
                continue
            value, photo = last.id, last.photo
        field = "body_site" if kind is Kind.NOTE else ""
        act = Act(id=f"act-{number:08}", at="2026-11-28T10:00:00+00:00", reader=reader, kind=kind, photo=photo,
                  value="arm" if field else value, field=field, is_sure=draw(st.booleans()))  # fmt: skip
        acts.append(act)
        readings.add(act)
    return acts


def state(readings: Readings) -> object:
    """Return all that can be asked of the readings."""
    return [
        (
            {reader: act.id for reader, act in readings.labels(photo).items()},
            readings.settled(photo),
            readings.category(photo),
            readings.differ(photo),
            [(readings.fields(photo, reader), photo in readings.skipped(reader)) for reader in READERS],
        )
        for photo in PHOTOS
    ] + [readings.last(reader) for reader in READERS]


def opened(folder: Path) -> LabelJournal:
    return LabelJournal.open(folder, categories=CATEGORIES)


@settings(deadline=None, max_examples=30)
@given(histories(), st.data())
def test_killed_at_any_byte_all_whole_lines_are_there_and_the_run_goes_on(acts: list[Act], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as journal:
            for act in acts:
                journal.append(act)
        whole = (folder / JOURNAL).read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        (folder / JOURNAL).write_bytes(whole[:cut])
        kept = acts[: max(0, whole[:cut].count(b"\n") - 1)]
        with opened(folder) as journal:
            assert journal.acts == kept
            for act in acts[len(kept) :]:
                journal.append(act)
        with opened(folder) as journal:
            assert journal.acts == acts
            assert state(Readings(journal.acts)) == state(Readings(acts))


@settings(deadline=None, max_examples=60)
@given(histories())
def test_undoing_everything_leaves_nothing_but_fields(acts: list[Act]) -> None:
    readings = Readings(acts)
    for reader in READERS:
        while last := readings.last(reader):
            readings.add(
                Act(id=f"undo-{last.id}", at="", reader=reader, kind=Kind.UNDO, photo=last.photo, value=last.id)
            )
    assert readings.photos() == [] and readings.readers() == []
    assert not any(readings.labels(photo) or readings.settled(photo) for photo in PHOTOS)


@settings(deadline=None, max_examples=40)
@given(histories())
def test_an_act_that_arrives_twice_counts_once(acts: list[Act]) -> None:
    assert state(Readings([act for act in acts for _ in range(2)])) == state(Readings(acts))
    assert state(Readings([*acts, *acts])) == state(Readings(acts))


def test_a_second_server_on_the_same_labels_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(OutputError) as caught:
        opened(tmp_path)
    assert caught.value.code == "in_use"


def test_labels_for_other_categories_are_refused(tmp_path: Path) -> None:
    opened(tmp_path).__exit__()
    with pytest.raises(OutputError) as caught:
        LabelJournal.open(tmp_path, categories=("warts",))
    assert caught.value.code == "other_run" and "petechiae, purpura" in str(caught.value)


@pytest.mark.parametrize("text", ["Dear diary\n", "Dear diary", '{"redspots_labels": 1}\n', "\x00\xff"])
def test_a_file_of_somebody_else_is_neither_taken_nor_changed(tmp_path: Path, text: str) -> None:
    (tmp_path / JOURNAL).write_text(text, encoding="latin-1")
    with pytest.raises(OutputError) as caught:
        opened(tmp_path)
    assert caught.value.code == "no_journal"
    assert (tmp_path / JOURNAL).read_text(encoding="latin-1") == text


def test_a_damaged_line_in_the_middle_is_named_and_nothing_behind_it_is_dropped(tmp_path: Path) -> None:
    acts = [
        Act(id=f"act-{number:08}", at="", reader="Ana", kind=Kind.LABEL, photo=PHOTOS[number], value="purpura")
        for number in range(3)
    ]
    with opened(tmp_path) as journal:
        for act in acts:
            journal.append(act)
    lines = (tmp_path / JOURNAL).read_text(encoding="utf-8").splitlines()
    damaged = "\n".join([*lines[:2], lines[2][:30], lines[3]]) + "\n"
    (tmp_path / JOURNAL).write_text(damaged, encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        opened(tmp_path)
    assert caught.value.code == "damaged_journal" and "Line 3" in str(caught.value)
    assert (tmp_path / JOURNAL).read_text(encoding="utf-8") == damaged


def test_a_link_to_somebody_elses_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("", encoding="utf-8")
    (tmp_path / JOURNAL).symlink_to(tmp_path / "other")
    with pytest.raises(OutputError) as caught:
        opened(tmp_path)
    assert caught.value.code == "cannot_write" and (tmp_path / "other").read_bytes() == b""


def test_a_line_says_who_when_and_why_in_words(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.append(Act(id="act-00000001", at="2026-11-28T10:00:00+00:00", reader="Zoë", kind=Kind.LABEL,
                           photo=PHOTOS[0], value="purpura", why="random", seconds=2.5))  # fmt: skip
    line = json.loads((tmp_path / JOURNAL).read_text(encoding="utf-8").splitlines()[1])
    assert line == {
        "id": "act-00000001", "at": "2026-11-28T10:00:00+00:00", "reader": "Zoë", "kind": "label", "photo": PHOTOS[0],
        "value": "purpura", "is_sure": True, "saw_evidence": False, "why": "random", "seconds": 2.5,
    }  # fmt: skip
