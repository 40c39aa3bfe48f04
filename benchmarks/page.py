"""`make bench-page`: many people open the page at once; how long the slowest of them wait.

A real server is started on loopback. In each round a few people upload a photo and read the answer one after another,
then all of them do at the same moment. Bar: an answer for everybody, and a 95th percentile of at most 1.3 times what
the photos take one by one, divided by the two that are looked at together. A second bar: a visitor waits at most 1.3
times as long as usual while another address holds 200 idle connections and 40 forms that only begin.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from photos import draw_photos
from rich.console import Console
from rich.table import Table

TOGETHER = 2
"""Photos that the page looks at at a time."""
ONE_BY_ONE = 6
IDLE, BEGUN = 200, 40
"""Connections that say nothing, and that begin a form."""
FORM = (
    b"POST /gradio_api/upload HTTP/1.1\r\nHost: page\r\nContent-Length: 1000000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
)


@contextmanager
def serving() -> Iterator[str]:
    """Run the page and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app.cli", "serve", "--lang", "en", "--port", str(port)]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            while True:
                try:
                    httpx.get(f"{address}/readyz").raise_for_status()
                    break
                except httpx.HTTPError:
                    if server.poll() is not None:
                        raise SystemExit("the page ended before it started") from None
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()


def visit(address: str, photo: bytes) -> tuple[float, bool]:
    """Upload a photo and read the answer: return the seconds, and whether there was one; "busy" is none."""
    start = time.perf_counter()
    with httpx.Client(base_url=address, timeout=300) as web:
        uploaded = web.post("/gradio_api/upload", files={"files": ("photo.jpg", photo)})
        if uploaded.status_code == 503:
            return time.perf_counter() - start, False
        (path,) = uploaded.raise_for_status().json()
        chosen = {"path": path, "meta": {"_type": "gradio.FileData"}}
        called = web.post("/gradio_api/call/look", json={"data": [chosen, [], None, None, None, None, None]})
        answer = web.get(f"/gradio_api/call/look/{called.raise_for_status().json()['event_id']}").text
    if "event: complete" not in answer or 'class=\\"referral\\"' not in answer:
        raise SystemExit(f"the page gave no answer: {answer[:300]}")
    return time.perf_counter() - start, True


@contextmanager
def slow_clients(address: str) -> Iterator[None]:
    """Hold idle connections and forms that only begin, from another address of this machine."""
    place = urlsplit(address)
    with ExitStack() as stack:
        for number in range(IDLE + BEGUN):
            client = socket.create_connection(
                (str(place.hostname), int(place.port or 0)), timeout=20, source_address=("127.0.0.2", 0)
            )
            stack.enter_context(client)
            if number >= IDLE:
                client.sendall(FORM)
        yield


def held_up(address: str, photos: Sequence[bytes]) -> float:
    """Return how many times as long a visitor waits while slow clients are there; photo by photo in turn."""
    usual, slowed = [], []
    for photo in photos:
        usual.append(visit(address, photo)[0])
        with slow_clients(address):
            slowed.append(visit(address, photo)[0])
    return statistics.median(slowed) / statistics.median(usual)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=("web", "phone"), default="web")
    chosen = parser.parse_args()
    table = Table(
        "round", "one photo, s", "95th percentile, s", "busy", "times the bar's basis", "visitor among slow clients"
    )
    ratios, visitors = [], []
    with tempfile.TemporaryDirectory() as folder, serving() as address:
        draw_photos(Path(folder), web=10, phone=10)
        photos = [path.read_bytes() for path in sorted((Path(folder) / chosen.kind / "all").iterdir())]
        everybody = [photos[number % len(photos)] for number in range(chosen.people)]
        visit(address, photos[0])
        for number in range(1, chosen.rounds + 1):
            one = statistics.median(visit(address, photo)[0] for photo in everybody[:ONE_BY_ONE])
            with ThreadPoolExecutor(chosen.people) as pool:
                waits = list(pool.map(lambda photo: visit(address, photo), everybody))
            answered = [seconds for seconds, has_answer in waits if has_answer]
            late = percentile(answered, 0.95)
            ratios.append(late / (chosen.people * one / TOGETHER))
            visitors.append(held_up(address, everybody[:ONE_BY_ONE]))
            table.add_row(
                str(number),
                f"{one:.3f}",
                f"{late:.2f}",
                str(len(waits) - len(answered)),
                f"{ratios[-1]:.2f}",
                f"{visitors[-1]:.2f}",
            )
    Console().print(table)
    medians = {"median": round(statistics.median(ratios), 2), "visitor": round(statistics.median(visitors), 2)}
    print(json.dumps({"people": chosen.people, "kind": chosen.kind, **medians}))


if __name__ == "__main__":
    main()
