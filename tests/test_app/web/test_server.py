"""`serve` in a process of its own: how it starts, what it says, and what it leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import pytest

from app.web.api.routes import PER_MINUTE
from app.web.server import serve
from app.web.uploads.store import PHOTOS
from model.errors import InputError
from tests.support.drawing import encoded, skin
from tests.support.page_server import look, upload

SERVE = (
    "import sys; from pathlib import Path; from app.web.server import serve; serve(model=Path(sys.argv[1]), port=0, "
)
IMPATIENT = (
    "import app.web.application as application, app.web.uploads.store as uploads; application.PURGE_EVERY = 0.1;"
    "uploads.PhotoStore.__init__.__defaults__ = (0.5, lambda: None);"
)
"""Photos are old after half a second, and looked for ten times in it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that said where it is."""

    process: subprocess.Popen[str]
    web: httpx.Client
    stderr: IO[str]


@contextmanager
def serving(
    model: Path, temp: Path, *, first: str = "", options: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Run a server whose photos lie below `temp`, after the statements in `first`, with further `options`."""
    environment = {**os.environ, "TMPDIR": str(temp), "PYTHONWARNINGS": "default", **(environment or {})}
    process = subprocess.Popen(
        [sys.executable, "-c", f"{first}{SERVE}{options})", str(model)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr:
        line = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url, line
        with httpx.Client(base_url=url[0], timeout=30) as web:
            try:
                yield Serving(process, web, process.stderr)
            finally:
                process.kill()


def kept(temp: Path) -> list[Path]:
    return [path for path in temp.rglob("*") if PHOTOS in path.parts and path.is_file()]


def test_a_taken_port_is_named_with_the_fix(tiny_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="choose another --host"):
        serve(model=tiny_model, port=taken.getsockname()[1])


def test_a_terminated_server_ends_well_leaves_no_photo_and_has_logged_nothing_about_it(
    tiny_model: Path, tmp_path: Path
) -> None:
    with serving(tiny_model, tmp_path) as server:
        path = upload(server.web, encoded(skin()), "Jane Doe.jpg")
        look(server.web, path)
        look(server.web, "/etc/passwd")
        assert server.web.post("/gradio_api/upload", content=b"Jane").status_code == 400
        for data in (encoded(skin()), b"Jane"):
            server.web.post("/api/v1/answers", files={"photo": ("Jane Doe.jpg", data)}, data={"red_flags": "pregnancy"})
        assert Path(path).exists()
        assert Path(path).is_relative_to(tmp_path)
        server.process.send_signal(signal.SIGTERM)
        logged = server.stderr.read()
        assert server.process.wait(timeout=20) == 0
    assert not list(tmp_path.rglob("*.png"))
    assert kept(tmp_path) == []
    for private in ("Jane", Path(path).parent.name, "petechiae", "pregnan", "probability", "0."):
        assert private not in logged


def test_a_photo_is_gone_after_its_time(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tiny_model, tmp_path, first=IMPATIENT) as server:
        path = Path(upload(server.web, encoded(skin())))
        while path.exists():
            assert server.web.get("/readyz").status_code == 200
        assert kept(tmp_path) == []
        (event,) = look(server.web, str(path))
        assert "deleted after a few minutes" in event["data"]


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of a machine on which somebody else was first."""
    folder = tmp_path_factory.mktemp("temp")
    # A file in its place stops whoever would make it, root included.
    (folder / "gradio").write_bytes(b"somebody else's")
    return folder


@pytest.fixture(scope="module")
def running(tiny_model: Path, temp: Path) -> Iterator[Serving]:
    """One server for the tests that do not end it."""
    with serving(tiny_model, temp, environment={"FORWARDED_ALLOW_IPS": "*"}) as server:
        yield server


def test_somebody_elses_gradio_folder_does_not_matter(running: Serving, temp: Path) -> None:
    (event,) = look(running.web, upload(running.web, encoded(skin())))
    assert event["event"] == "complete"
    assert (temp / "gradio").read_bytes() == b"somebody else's"


def test_a_temp_folder_that_is_cleaned_while_the_server_runs_is_made_anew(running: Serving, temp: Path) -> None:
    icons = re.findall(r'"path":"([^"]+\.jpg)"', running.web.get("/config").text)
    assert icons
    for path in temp.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert running.web.get("/readyz").json() == {"status": "ready"}
    (event,) = look(running.web, upload(running.web, encoded(skin())))
    assert event["event"] == "complete"
    for icon in icons:
        assert running.web.get(f"/gradio_api/file={icon}").status_code == 200
    (home,) = temp.glob("redspots-*")
    (folder,) = home.glob("server-*")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home, folder)] == [0o700, 0o700]
    assert (folder / "lock").exists()
    assert not (temp / "gradio").exists(), "left for the next user, who cannot write there"


def test_what_a_killed_server_left_is_gone_once_the_next_one_is_up(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tiny_model, tmp_path) as server:
        upload(server.web, encoded(skin()))
        server.process.kill()
        server.process.wait(timeout=20)
    assert kept(tmp_path), "nobody could clean up behind a killed server"
    with serving(tiny_model, tmp_path):
        assert kept(tmp_path) == []


def test_no_variable_makes_the_server_believe_what_visitors_claim(running: Serving) -> None:
    statuses = [
        running.web.post("/api/v1/answers", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(PER_MINUTE + 1)
    ]
    assert statuses == [400] * PER_MINUTE + [429]


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT], ids=lambda ends: ends.name)
def test_a_browser_that_stays_holds_up_neither_the_page_nor_its_end(
    tiny_model: Path, tmp_path: Path, ends: signal.Signals
) -> None:
    browser = tmp_path / "browser"
    told, held = tmp_path / "told", tmp_path / "held"
    os.mkfifo(held)
    # It asks for the terminal, as w3m does, and stays until somebody writes to it.
    browser.write_text(
        f'#!/bin/sh\n(: < /dev/tty) 2>/dev/null && tty=yes || tty=no\necho "$1 $tty" > {told}.new\n'
        f"mv {told}.new {told}\nread line < {held}\n"
    )
    browser.chmod(0o700)
    environment = {"BROWSER": str(browser)}
    with serving(tiny_model, tmp_path, options="open_browser=True", environment=environment) as server:
        while not told.exists():
            assert server.web.get("/healthz").status_code == 200
        for _ in range(3):
            assert server.web.get("/", params={"lang": "en"}).status_code == 200
        server.process.send_signal(ends)
        logged = server.stderr.read()
        assert server.process.wait(timeout=20) == 0
    with held.open("w") as line:  # Waits until the browser reads: it was there all the time.
        line.write("\n")
    assert told.read_text(encoding="utf-8") == f"{server.web.base_url}".rstrip("/") + " no\n"
    assert logged == ""
