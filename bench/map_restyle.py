"""Measure the map in a real browser: opening it, redressing it, and what size changes.

All in one run and in turn, so that only ratios count: (a) opening the page until the quarters are
drawn, against a page with an empty folium map; (b) a change of indicator, against folium rebuilt
at each change; (c) 1 600 quarters and 5 000 projects against 16 and 450; (d) with ``--national``,
one visit of folium rebuilt at that size, which takes some minutes. Bytes are frames before
compression, both directions, and what the server sent as it travels. Everything is served from
this machine. Usage: ``PYTHONPATH=. python bench/map_restyle.py [rounds] [--national]`` (7 rounds).
"""

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from tests.counting_proxy import CountingProxy
from tools import chromium

ROOT = Path(__file__).resolve().parent.parent
ATLAS, FOLIUM = ROOT / "tests" / "app_map.py", ROOT / "bench" / "apps" / "folium_map.py"
SMALL = {"ATLAS_MAP_QUARTERS": "16", "ATLAS_MAP_POINTS": "450"}
LARGE = {"ATLAS_MAP_QUARTERS": "1600", "ATLAS_MAP_POINTS": "5000"}
WAYS = {
    "folium, empty map": (FOLIUM, SMALL | {"ATLAS_BENCH_MODE": "empty"}),
    "folium, rebuilt, 16 / 450": (FOLIUM, SMALL | {"ATLAS_BENCH_MODE": "rebuild"}),
    "atlas, 16 / 450": (ATLAS, SMALL),
    "atlas, 1 600 / 5 000": (ATLAS, LARGE),
}
REBUILT_LARGE = "folium, rebuilt, 1 600 / 5 000"
CHANGES = 3
WAIT_MS = 180_000


@dataclass
class Measures:
    """What one way of drawing costs: seconds, bytes of the websocket and bytes as they travel."""

    open_s: list[float] = field(default_factory=list)
    change_s: list[float] = field(default_factory=list)
    open_bytes: list[int] = field(default_factory=list)
    change_bytes: list[int] = field(default_factory=list)
    change_wire: list[int] = field(default_factory=list)
    server_mb: float = 0.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(script: Path, env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run a copy of the script beside a static folder of its own; give its address and pid."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "static").mkdir()
        copy, port = shutil.copy(script, folder), free_port()
        command = [sys.executable, "-m", "streamlit", "run", copy, f"--server.port={port}"]
        process = subprocess.Popen(
            [*command, "--server.address=127.0.0.1"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_healthy(url, process)
            yield url, process.pid
        finally:
            process.terminate()
            process.wait()


def wait_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"streamlit stopped with status {process.returncode}")


def server_memory_mb(pid: int) -> float:
    """Return the resident memory of the server, in MB (Linux; 0 elsewhere)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def seconds(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def await_mark(page: Page, mark: int) -> None:
    # Every frame of the page is looked at: a rebuilt map may come in a new iframe.
    marked = page.frame_locator("iframe").locator(f'html[data-drawn="{mark}"]')
    marked.wait_for(state="attached", timeout=WAIT_MS)


def visit(browser: Browser, proxy: CountingProxy, measures: Measures) -> None:
    """One new user: open the page, then change the indicator a few times."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    frames: list[int] = []

    def listen(sock: WebSocket) -> None:
        sock.on("framesent", lambda data: frames.append(len(data)))
        sock.on("framereceived", lambda data: frames.append(len(data)))

    page.on("websocket", listen)

    def arrive() -> None:
        page.goto(proxy.url)
        await_mark(page, 1)

    measures.open_s.append(seconds(arrive))
    measures.open_bytes.append(sum(frames))
    box = page.get_by_label("Indicateur")
    for change in range(1, CHANGES + 1):
        page.wait_for_timeout(400)
        frames.clear()
        before = proxy.received
        box.fill(str(change))

        def redress(mark: int = change + 1) -> None:
            box.press("Enter")
            await_mark(page, mark)

        measures.change_s.append(seconds(redress))
        page.wait_for_timeout(200)
        measures.change_bytes.append(sum(frames))
        measures.change_wire.append(proxy.received - before)
    context.close()


def measure(rounds: int, national: bool) -> dict[str, Measures]:
    """Visit the ways in turn, round after round, so that the machine's load weighs on all alike."""
    found = {name: Measures() for name in WAYS}
    with sync_playwright() as playwright, ExitStack() as servers:
        args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=args)
        running = {
            name: servers.enter_context(serving(script, env))
            for name, (script, env) in WAYS.items()
        }
        proxies = {name: CountingProxy(url) for name, (url, _) in running.items()}
        for turn in range(rounds + 1):
            for name, (_, pid) in running.items():
                once = found[name] if turn else Measures()  # the first fills caches
                visit(browser, proxies[name], once)
                found[name].server_mb = server_memory_mb(pid)
        if national:
            env = LARGE | {"ATLAS_BENCH_MODE": "rebuild"}
            url, pid = servers.enter_context(serving(FOLIUM, env))
            found[REBUILT_LARGE] = Measures()
            visit(browser, CountingProxy(url), found[REBUILT_LARGE])
            found[REBUILT_LARGE].server_mb = server_memory_mb(pid)
        browser.close()
    return found


def report(found: dict[str, Measures]) -> None:
    head = ("way", "open s", "change s", "open bytes", "change bytes", "on the wire", "server MB")
    print("{:32}{:>9}{:>10}{:>12}{:>14}{:>13}{:>11}".format(*head))
    for name, one in found.items():
        print(
            f"{name:32}{median(one.open_s):9.2f}{median(one.change_s):10.3f}"
            f"{median(one.open_bytes):12.0f}{median(one.change_bytes):14.0f}"
            f"{median(one.change_wire):13.0f}{one.server_mb:11.0f}"
        )
    empty, rebuilt, small, large = (found[name] for name in WAYS)
    ratios = [
        ("(a) open, atlas / empty folium map", small.open_s, empty.open_s, "<= 1.3"),
        ("(b) change, folium rebuilt / atlas", rebuilt.change_s, small.change_s, ">= 3"),
        ("(c) change, large / small", large.change_s, small.change_s, "<= 1.5"),
        ("(c) open, large / small", large.open_s, small.open_s, "<= 1.5"),
    ]
    if REBUILT_LARGE in found:
        top = found[REBUILT_LARGE].change_s
        ratios.append(("(d) large, folium rebuilt / atlas", top, large.change_s, ">= 50"))
    print()
    for label, top, bottom, target in ratios:
        print(f"{label:40}{median(top) / median(bottom):6.2f}   (target {target})")
    names = ("streamlit", "folium", "playwright", "geopandas")
    print("\nPython", platform.python_version(), *(f"{name} {version(name)}" for name in names))


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--national"]
    print("load", os.getloadavg())
    report(measure(int(words[0]) if words else 7, "--national" in sys.argv))
    print("load", os.getloadavg())


if __name__ == "__main__":
    main()
