"""The page's folder is private, and no photo of a killed server stays in it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.web.uploads.temp_folder import ABANDONED_AFTER, home_of_folders, private_folder, purge_abandoned
from model.errors import OutputError

PURGE = (
    "import sys; from pathlib import Path; from app.web.uploads.temp_folder import purge_abandoned; "
    "purge_abandoned(Path(sys.argv[1]))"
)
SERVE = "import sys; from app.cli import main; sys.argv = ['redspots', 'serve', '--model', sys.argv[1]]; main()"
HOLD = "import sys, time; from pathlib import Path; from app.web.uploads.temp_folder import private_folder\n" + (
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


@pytest.mark.parametrize("taken", ["folder", "lock", "home"])
def test_what_a_cleaner_takes_away_comes_back_private_and_locked(tmp_path: Path, taken: str) -> None:
    home = tmp_path / "home"
    with private_folder(home) as private:
        kept = private.path / "pictures" / "drawing.jpg"
        kept.parent.mkdir()
        kept.write_bytes(b"drawing")
        private.keep(kept)
        gone = {"folder": private.path, "lock": private.path / "lock", "home": home}[taken]
        if gone.is_dir():
            shutil.rmtree(gone)
        else:
            gone.unlink()
        before = os.umask(0)
        try:
            private.tend()
        finally:
            os.umask(before)
        (private.path / "photo.png").write_bytes(b"private")
        assert kept.read_bytes() == b"drawing"
        for folder in (home, private.path, *([] if taken == "lock" else [kept.parent])):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        past = time.time() - 2 * ABANDONED_AFTER
        os.utime(private.path, (past, past))
        done = subprocess.run([sys.executable, "-c", PURGE, str(home)], check=True)
        assert done.returncode == 0
        assert (private.path / "photo.png").exists(), "the next server removed the photos of a running one"
    assert not private.path.exists()


def test_a_folder_without_its_lock_is_left_alone_until_its_server_had_time_to_make_it_anew(tmp_path: Path) -> None:
    young, old = tmp_path / "server-young", tmp_path / "server-old"
    young.mkdir()
    old.mkdir()
    past = time.time() - 2 * ABANDONED_AFTER
    os.utime(old, (past, past))
    purge_abandoned(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)


def test_a_machine_without_a_writable_place_gets_one_sentence(tiny_model: Path) -> None:
    nowhere = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc/nothing'];"
    command = [sys.executable, "-c", nowhere + SERVE, str(tiny_model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 4
    assert "set TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_folder_is_there_on_systems_without_posix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getuid")
    monkeypatch.setenv("LOGNAME", "jane")
    assert home_of_folders().name == "redspots-jane"
    with private_folder(tmp_path / "home") as private:
        assert private.path.is_dir()


def test_serve_needs_no_module_that_windows_lacks() -> None:
    without = "import sys; sys.modules.update(dict.fromkeys(('fcntl', 'resource', 'pwd', 'grp')));"
    modules = "app.web.uploads.temp_folder, app.web.service_limits, app.web.security.connections"
    loaded = f"import {modules}; app.web.service_limits.Limits()"
    subprocess.run([sys.executable, "-c", without + loaded], check=True, timeout=120)
