"""How far a run is: a bar on a terminal, a line every 30 seconds elsewhere, nothing when quiet."""

from __future__ import annotations

import io
import os
import signal

import pytest
from rich.console import Console

from app.views.progress import Lines, watched
from model.system.interrupts import Stop, Stopped


def test_a_line_comes_every_30_seconds_with_rate_and_remaining_time() -> None:
    now, said = 0.0, []
    lines = Lines(said.append, total=2000, done=500, clock=lambda: now)
    for _ in range(130):
        now += 0.5
        lines()
    assert said == [
        "560 of 2,000 photos, 2.0 photos/s, 0:12:00 left",
        "620 of 2,000 photos, 2.0 photos/s, 0:11:30 left",
    ]


def test_a_terminal_gets_a_bar() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with watched(console, total=4, done=1) as advance:
        advance()
        advance()
    assert "Scoring" in file.getvalue() and "3/4" in file.getvalue()


@pytest.mark.parametrize(("terminal", "quiet"), [(True, True), (False, True), (False, False)])
def test_a_short_or_quiet_run_says_nothing(terminal: bool, quiet: bool) -> None:
    file = io.StringIO()
    with watched(Console(file=file, force_terminal=terminal, width=100), total=1, quiet=quiet) as advance:
        advance()
    assert file.getvalue() == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_block_and_the_handlers_come_back(number: signal.Signals, status: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as caught, Stop():
        os.kill(os.getpid(), number)
        signal.pause()
    assert caught.value.exit_status == status
    assert caught.value.name == number.name
    assert signal.getsignal(number) is before
