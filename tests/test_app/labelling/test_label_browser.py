"""Labelling by keyboard in a real browser, while the server is killed: nothing that was pressed is lost.

`make test-label-kills` does it with 200 labels and three kills, and prints the time between two photos.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from app.labelling.journal import JOURNAL
from tests.support.browser import Visit, assert_fits, visiting
from tests.support.commands import Running, running
from tests.test_app.labelling.conftest import write_photos
from training.data.manifest import read_manifest

pytestmark = pytest.mark.browser

LABELS = int(os.environ.get("REDSPOTS_LABELS", "8"))
KILLS = 3 if LABELS > 100 else 1
CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other", "not_skin", "cannot_tell")
KEYS = dict(zip("1234560", CATEGORIES, strict=True))


class Server:
    """`redspots label` in a process of its own, always at the same address, to be killed and started again."""

    def __init__(self, *options: str | Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._stack = ExitStack()
        self._run: Running | None = None

    def start(self) -> None:
        self._run = self._stack.enter_context(running("label", *self._options, "--port", str(self.port)))
        for _ in range(600):
            assert self._run.poll() is None, (self._run.folder / "err").read_text(encoding="utf-8")
            try:
                httpx.get(self.url, timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        assert self._run is not None
        self._run.send_signal(signal.SIGKILL)
        self._run.process.join(30)

    def stop(self) -> str:
        """End the server as a person would, and return what it said."""
        assert self._run is not None
        self._run.send_signal(signal.SIGINT)
        return self._run.finish(timeout=30).stderr

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def server(tiny_model: Path, tmp_path: Path) -> Iterator[Server]:
    write_photos(tmp_path / "photos", LABELS + 6)
    made = Server(tmp_path / "photos", "--out", tmp_path / "labels", "--model", tiny_model, "--twice", "1")
    try:
        made.start()
        yield made
    finally:
        made.close()


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return the acts that are on the disk."""
    return [json.loads(line) for line in (folder / JOURNAL).read_text(encoding="utf-8").splitlines()[1:]]


def begin(page: Page, name: str) -> None:
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.locator("#frame[data-shown='1']").wait_for()


def press(page: Page, key: str, *, is_away: bool = False) -> None:
    """Press a key, and wait until it is saved, unless the server is away."""
    saved = int(page.evaluate("Number(document.body.dataset.saved ?? 0)"))
    page.keyboard.press(key)
    if not is_away:
        saved_now(page, saved + 1)


def saved_now(page: Page, number: int) -> None:
    page.locator(f"body[data-saved='{number}']").wait_for(timeout=60_000)
    # The key after it counts only then.
    page.locator("body:not([data-busy])").wait_for()


def assert_only_the_kills_were_noticed(visit: Visit) -> None:
    assert visit.foreign == []
    assert [error for error in visit.errors if "ERR_" not in error] == []


def test_a_killed_server_loses_no_label_and_two_readers_come_to_a_manifest(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    labels = tmp_path / "labels"
    dice = random.Random(23)
    keys = [dice.choice(list(KEYS)) for _ in range(LABELS)]
    kills = {LABELS * (turn + 1) // (KILLS + 1) for turn in range(KILLS)}
    with visiting(browser, server.url, ready="#name") as visit:
        page = visit.page
        begin(page, "Ana")
        assert page.locator("#evidence").get_attribute("aria-pressed") == "false"
        assert "Chosen because the model is unsure" in page.locator("#why").inner_text()
        for key in "t7b5":  # As fast as it goes: each digit belongs to its field.
            page.keyboard.press(key)
        saved_now(page, 2)
        fields = {act["field"]: act["value"] for act in journal(labels)}
        assert fields == {"skin_tone": "monk 7", "body_site": "arm"}
        assert page.locator("[data-field=body_site] output").inner_text() == "arm"
        for number, key in enumerate(keys):
            if number not in kills:
                press(page, key)
                continue
            server.kill()
            saved = int(page.evaluate("Number(document.body.dataset.saved)"))
            press(page, key, is_away=True)
            page.locator("#note", has_text="Not saved yet").wait_for()
            press(page, "1", is_away=True)  # Whoever goes on pressing labels no photo twice, nor one unseen.
            server.start()
            saved_now(page, saved + 1)
            assert not page.locator("#note").is_visible()
        said = [act for act in journal(labels) if act["kind"] == "label"]
        assert [act["value"] for act in said] == [KEYS[key] for key in keys]
        assert len({act["photo"] for act in said}) == LABELS
        assert {act["reader"] for act in said} == {"Ana"} and not any(act["saw_evidence"] for act in said)
        tell_pace(page)
        # Taken back, looked at with the evidence, and said anew, by somebody who is not sure.
        press(page, "z")
        page.keyboard.press("e")
        page.locator("#frame img[alt^='Where the score']").wait_for()
        press(page, "Shift+Digit2")
        last = journal(labels)[-1]
        assert (last["photo"], last["value"]) == (said[-1]["photo"], "purpura")
        assert last["saw_evidence"] and not last["is_sure"]
        assert page.locator("#evidence").get_attribute("aria-pressed") == "false"
        page.keyboard.press("+")
        page.locator("#frame img[src^='full/']").wait_for()
        assert "scale(1.5)" in str(page.locator("#frame img").get_attribute("style"))
        assert_fits(visit, 1280)
        assert_only_the_kills_were_noticed(visit)

    labelled = {act["photo"] for act in said}
    by_ana = {act["photo"]: act["value"] for act in journal(labels) if act["kind"] == "label"}
    with visiting(browser, server.url, ready="#name") as visit:
        page = visit.page
        begin(page, "Ben")
        for _ in range(3):
            press(page, "1")
        press(page, "s")
        page.get_by_role("button", name=re.compile("Settle")).click()
        by_ben = {
            act["photo"]: act["value"] for act in journal(labels) if act["reader"] == "Ben" and act["kind"] == "label"
        }
        assert set(by_ben) <= labelled
        differing = [photo for photo, value in by_ben.items() if by_ana[photo] != value]
        assert differing
        page.locator("#differ", has_text=str(len(differing))).wait_for()
        page.locator("#readings table td").first.wait_for()
        page.locator("body:not([data-busy])").wait_for()
        table = page.locator("#readings").inner_text()
        assert "Ana and Ben" in table and f"{3 - len(differing)} of 3" in table
        for _ in differing:
            press(page, "2")
        page.locator("#empty", has_text="Readers differ about no photo").wait_for()
        page.get_by_role("button", name="Write the manifest").click()
        page.locator("#note", has_text="manifest-").wait_for()
        assert_only_the_kills_were_noticed(visit)

    (manifest,) = labels.glob("manifest-*.csv")
    found = {example.path.name: example for example in read_manifest(manifest, categories=CATEGORIES)}
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = {photo: "purpura" if photo in differing else value for photo, value in by_ana.items()}
    assert {row["sha256"]: row["category"] for row in rows} == {
        photo: value for photo, value in wanted.items() if value != "cannot_tell"
    }
    assert len(found) == len(rows)
    assert "labelled" in server.stop()


def tell_pace(page: Page) -> None:
    """Write the milliseconds from a key press to the next photo; they are figures of a machine, and judge nothing."""
    between = page.evaluate("window.redspotsBetween")
    assert len(between) == LABELS
    late = sum(one > 100 for one in between)
    most = statistics.quantiles(between, n=20)[-1]
    middle = statistics.median(between)
    said = f"{LABELS} labels, {KILLS} kills: median {middle:.0f} ms, 95 % within {most:.0f} ms, {late} above 100 ms"
    sys.stdout.write(f"\n{said}\n")
