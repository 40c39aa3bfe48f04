"""One visit: `redspots serve`, its page and a photo answered by the page and by the API; then the server is ended."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

LINGER = 3.0
"""Seconds that the server stays: what reports to somebody does so a while after it began."""


def visit(model: Path, photo: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "serve", "--model", str(model), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # Only now: what the server has in its environment must not come from here.
    from tests.support.page_server import look, upload

    assert process.stderr is not None
    with process:
        line = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert url, line + process.stderr.read()
        with httpx.Client(base_url=url[0], timeout=60, trust_env=False) as web:
            web.get("/").raise_for_status()
            events = look(web, upload(web, photo.read_bytes()))
            assert events[-1]["event"] == "complete", events
            with photo.open("rb") as file:
                web.post("/api/v1/answers", files={"photo": file}).raise_for_status()
        time.sleep(LINGER)
        process.terminate()
        sys.stderr.write(process.stderr.read())
    sys.exit(0 if process.returncode in {0, -15, 143} else process.returncode)


if __name__ == "__main__":
    visit(Path(sys.argv[1]), Path(sys.argv[2]))
