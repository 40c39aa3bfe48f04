"""The command runs where somebody else's `app.py` lies in the current folder or on PYTHONPATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from redspots.command import OWN, put_own_first


def test_the_command_is_not_stopped_by_an_app_of_somebody_else(tmp_path: Path) -> None:
    for name in OWN:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('the {name} of somebody else')")
    # `-m` asks the current folder first, as torchrun does.
    found = subprocess.run(
        [sys.executable, "-m", "redspots", "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0 and found.stdout.startswith("redspots "), found.stderr + found.stdout


def test_places_that_hold_own_names_come_last_and_the_rest_keeps_its_order(tmp_path: Path) -> None:
    home = str(Path(__file__).parents[2])
    (tmp_path / "mine" / "training").mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    path = [str(tmp_path / "mine"), str(tmp_path / "plain"), home, "/nowhere", ""]
    put_own_first(path)
    assert path[:3] == [str(tmp_path / "plain"), home, "/nowhere"] and str(tmp_path / "mine") in path[3:]
