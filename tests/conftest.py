"""Fixtures shared by all tests: a real Chromium, real Streamlit servers, a record of each visit."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from store.database import Database
from tests import postgresql as postgres
from tools import chromium

# The machine that runs the checks may be busy: how long an example takes proves nothing.
settings.register_profile("atlas", deadline=None)
settings.load_profile("atlas")

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL_HOSTS = {"127.0.0.1"}
INLINE_SCHEMES = {"about", "blob", "data"}


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the tests and the servers they start write out of var/."""
    folder = tempfile.TemporaryDirectory()
    config.add_cleanup(folder.cleanup)
    os.environ["ATLAS_DATABASE_URL"] = f"sqlite:///{folder.name}/atlas.sqlite"
    os.environ["ATLAS_OFFICIAL_DIR"] = f"{folder.name}/official"
    os.environ["ATLAS_INDEX_DIR"] = f"{folder.name}/indexes"


# Several servers and browsers share two processors: five seconds are not a fault.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last: quick faults show first, and Playwright's event loop stays alone.

    Playwright's synchronous interface keeps an event loop running in the main thread, in which
    `asyncio.run` is refused from then on. A file goes whole to one process: one test with a browser
    makes the file one of the last.
    """
    drives = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    items.sort(
        key=lambda item: (
            item.path.name != "test_setup.py",  # it asks for a loop of its own
            item.path in drives,
            "browser" in getattr(item, "fixturenames", ()),
        )
    )


@dataclass
class Visit:
    """One page of the browser, with all it asked for and all it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    @property
    def outside_requests(self) -> list[str]:
        """Addresses asked for that are not on this machine's loopback."""
        return outside_requests(self)


def outside_requests(visit: Visit) -> list[str]:
    """Return every address a visit asked for outside 127.0.0.1, iframes and sockets included."""
    return [
        url
        for url in visit.requests
        if (parts := urlsplit(url)).scheme not in INLINE_SCHEMES
        and parts.hostname not in LOCAL_HOSTS
    ]


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Path of the Chromium executable; `make test` installs one when the machine has none."""
    path = chromium.find()
    assert path, "Chromium is missing: run `make chromium`, or set ATLAS_CHROMIUM"
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """One Chromium for the whole run; every test opens its own contexts in it."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Open recorded pages: `open_page(url, width=1400, height=900, **context_options)`.

    Each call is a new user (own context, own cookies), speaking French. Without an address the
    page stays blank, so that a test can set routes or scripts before going anywhere.
    """
    contexts: list[BrowserContext] = []

    def open_one(url: str = "", *, width: int = 1400, height: int = 900, **options: Any) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="fr-FR", **options
        )
        contexts.append(context)
        visit = Visit(context.new_page())
        if url:
            visit.page.goto(url)
        return visit

    yield open_one
    for context in contexts:
        context.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago."""
    return _free_port()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Start `streamlit run` on 127.0.0.1: `serve(script, cwd=…, env=…, args=…) -> address`.

    The server runs in `cwd` (the project by default, so that its .streamlit/config.toml holds),
    with `env` added to the environment, and stops when the test run ends. A server that does not
    answer fails the test with its own log.
    """
    started: list[subprocess.Popen[bytes]] = []

    def start(
        script: Path,
        *,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
    ) -> str:
        port = _free_port()
        log = tmp_path_factory.mktemp("streamlit") / "server.log"
        listen = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        command = [sys.executable, "-m", "streamlit", "run", str(script), *listen, *args]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        _wait_until_healthy(address, process, log)
        return address

    yield start
    for process in started:
        _stop(process)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310
                if answer.read() == b"ok":
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-4000:]
    pytest.fail(f"streamlit did not answer at {address} (exit {process.poll()}):\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def atlas_url(serve: Callable[..., str]) -> str:
    """Address of the atlas itself, started once for the whole run."""
    return serve(ROOT / "app.py")


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the atlas: a new SQLite file, then PostgreSQL."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/base/atlas.sqlite")
    else:
        made = Database(request.getfixturevalue("postgresql").empty())
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A PostgreSQL server of the tests' own, stopped at their end."""
    with postgres.serving() as server:
        yield server
