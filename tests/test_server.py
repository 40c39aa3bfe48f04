"""`serve` in a process of its own: how it starts, what it says, and what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from drawing import encoded, skin
from page_server import look, upload

from app.server import serve
from model.errors import InputError


def test_a_taken_port_is_named_with_the_fix(tiny_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="choose another --host"):
        serve(model=tiny_model, port=taken.getsockname()[1])


SERVE = "import sys; from pathlib import Path; from app.server import serve; serve(model=Path(sys.argv[1]), port=0)"


def test_a_terminated_server_ends_well_leaves_no_photo_and_has_logged_nothing_about_it(
    tiny_model: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONWARNINGS": "default"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tiny_model)], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process, process.stderr:
        line = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url, line
        with httpx.Client(base_url=url[0], timeout=30) as web:
            path = upload(web, encoded(skin()), "Jane Doe.jpg")
            look(web, path)
            look(web, "/etc/passwd")
            assert web.post("/gradio_api/upload", content=b"Jane").status_code == 400
        assert Path(path).exists()
        assert Path(path).is_relative_to(tmp_path)
        process.send_signal(signal.SIGTERM)
        logged = process.stderr.read()
        assert process.wait(timeout=20) == 0
    assert not list(tmp_path.rglob("*.png"))
    for private in ("Jane", Path(path).parent.name, "petechiae"):
        assert private not in logged
