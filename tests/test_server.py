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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import pytest
from drawing import encoded, skin
from page_server import look, upload

from app.server import serve
from app.uploads import PHOTOS
from model.errors import InputError

SERVE = "import sys; from pathlib import Path; from app.server import serve; serve(model=Path(sys.argv[1]), port=0)"
IMPATIENT = (
    "import app.application as application, app.uploads as uploads; application.PURGE_EVERY = 0.1;"
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
def serving(model: Path, temp: Path, *, first: str = "") -> Iterator[Serving]:
    """Run a server whose photos lie below `temp`, after the statements in `first`."""
    environment = {**os.environ, "TMPDIR": str(temp), "PYTHONWARNINGS": "default"}
    process = subprocess.Popen(
        [sys.executable, "-c", first + SERVE, str(model)], env=environment, stderr=subprocess.PIPE, text=True
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


def test_somebody_elses_gradio_folder_does_not_matter(tiny_model: Path, tmp_path: Path) -> None:
    # A file in its place stops whoever would make it, root included.
    (tmp_path / "gradio").write_bytes(b"somebody else's")
    with serving(tiny_model, tmp_path) as server:
        (event,) = look(server.web, upload(server.web, encoded(skin())))
        assert event["event"] == "complete"


def test_a_temp_folder_that_is_cleaned_while_the_server_runs_is_made_anew(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tiny_model, tmp_path) as server:
        icons = re.findall(r'"path":"([^"]+\.jpg)"', server.web.get("/config").text)
        assert icons
        for path in tmp_path.glob("redspots-*"):
            shutil.rmtree(path)
        assert server.web.get("/readyz").json() == {"status": "ready"}
        (event,) = look(server.web, upload(server.web, encoded(skin())))
        assert event["event"] == "complete"
        for icon in icons:
            assert server.web.get(f"/gradio_api/file={icon}").status_code == 200
        (home,) = tmp_path.glob("redspots-*")
        (folder,) = home.glob("server-*")
        assert [stat.S_IMODE(path.stat().st_mode) for path in (home, folder)] == [0o700, 0o700]
        assert (folder / "lock").exists()
        assert not (tmp_path / "gradio").exists(), "left for the next user, who cannot write there"


def test_what_a_killed_server_left_is_gone_once_the_next_one_is_up(tiny_model: Path, tmp_path: Path) -> None:
    with serving(tiny_model, tmp_path) as server:
        upload(server.web, encoded(skin()))
        server.process.kill()
        server.process.wait(timeout=20)
    assert kept(tmp_path), "nobody could clean up behind a killed server"
    with serving(tiny_model, tmp_path):
        assert kept(tmp_path) == []
