"""The page's folder is private, and no photo of a killed server stays in it."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.private_folder import private_folder
from model.errors import OutputError

HOLD = "import sys, time; from pathlib import Path; from app.private_folder import private_folder\n" + (
    "with private_folder(Path(sys.argv[1])) as private:\n"
    " folder = private.path; (folder / 'photo.png').write_bytes(b'private'); print(folder, flush=True); time.sleep(60)"
)


def test_the_folder_is_for_its_user_alone_and_is_gone_at_the_end(tmp_path: Path) -> None:
    with private_folder(tmp_path / "home") as private:
        folder = private.path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        (folder / "photo.png").write_bytes(b"private")
    assert not folder.exists()


def test_what_a_killed_server_left_is_purged_at_the_next_start_and_a_living_server_keeps_its_photos(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with private_folder(home) as private:
        living = private.path
        (living / "photo.png").write_bytes(b"private")
        server = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        with server, server.stdout:
            killed = Path(server.stdout.readline().strip())
            assert (killed / "photo.png").exists()
            server.send_signal(signal.SIGKILL)
        assert (killed / "photo.png").exists(), "nobody could clean up behind a killed server"
        with private_folder(home):
            assert not killed.exists()
            assert (living / "photo.png").exists()


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="belongs to someone else"), private_folder(tmp_path / "home"):
        pass
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="set TMPDIR"), private_folder(tmp_path / "file" / "home"):
        pass
