"""A real Chromium for tests: every request and every error of a page is written down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
REQUIRE = "REDSPOTS_REQUIRE_BROWSER"
PHONE, DESK = 360, 1280
"""Widths."""
PLAIN = "plain.test"
"""A name of this machine that browsers treat as any foreign one: over http, it is no secure context."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", PLAIN})

_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@dataclass
class Visit:
    """One open page and what happened on it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        """The requests that left this machine, or tried to."""
        return [
            url
            for url in self.requests
            if not url.startswith(("data:", "blob:", "about:")) and urlsplit(url).hostname not in LOOPBACK
        ]


def chromium_or_skip() -> None:
    """Skip the tests of a module when there is no Chromium; fail instead where the environment asks for one."""
    if CHROMIUM.exists():
        return
    reason = f"NOT TESTED IN A BROWSER: {CHROMIUM} is missing (Debian: apt-get install chromium fonts-liberation)"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def launched() -> Iterator[Browser]:
    """Run Chromium while the block runs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    locale: str = "en-GB",
    touch: bool = False,
    ready: str = "#look",
) -> Iterator[Visit]:
    """Open a page in a fresh profile, that of a phone with `touch`, and wait until it is `ready`: has its button."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale=locale,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        permissions=["camera"],
        has_touch=touch,
        is_mobile=touch,
        # Tests make their own certificates.
        ignore_https_errors=True,
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    visit = Visit(page)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda message: visit.errors.append(message.text) if message.type == "error" else None)
    try:
        # An event stream stays open, so the network never idles.
        page.goto(url, wait_until="domcontentloaded")
        page.locator(ready).wait_for()
        yield visit
    finally:
        context.close()


def choose(visit: Visit, path: Path, *, slot: str = "#photo") -> None:
    """Choose a photo as a person would, and wait for its preview."""
    visit.page.locator(f"{slot} input[type=file]").first.set_input_files(path)
    visit.page.locator(f"{slot} img").first.wait_for()


def look(visit: Visit) -> None:
    """Press the button and wait for the answer."""
    visit.page.locator("#look").click()
    visit.page.locator("#answer article").first.wait_for()


def assert_quiet(visit: Visit) -> None:
    """Nothing went to another machine, and nothing went wrong."""
    assert visit.foreign == []
    assert visit.errors == []


def assert_fits(visit: Visit, width: int) -> None:
    """Nobody has to scroll sideways."""
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
