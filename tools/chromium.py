"""Find the Chromium that browser tests drive, or install one.

``python tools/chromium.py`` prints the path of the browser, installing it first when the machine
has none. ``ATLAS_CHROMIUM`` names another executable.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
APT_INSTALL = ("install", "-y", "--no-install-recommends", "chromium", "fonts-liberation")


class ChromiumMissing(Exception):
    """No Chromium can be found or installed; the message says how to mend it."""


def find() -> Path | None:
    """Return the Chromium executable of this machine, or None.

    Looks at ``ATLAS_CHROMIUM``, then at the usual names on the PATH, then at Playwright's own
    download. Raises ChromiumMissing when ``ATLAS_CHROMIUM`` names no executable.
    """
    if chosen := os.environ.get("ATLAS_CHROMIUM"):
        found = shutil.which(chosen)
        if not found:
            raise ChromiumMissing(f"ATLAS_CHROMIUM désigne « {chosen} », qui n'est pas exécutable.")
        return Path(found)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return _playwright_download()


def _playwright_download() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _apt() -> list[str] | None:
    """Return how to call apt-get with the rights to install, or None."""
    apt = shutil.which("apt-get")
    if not apt:
        return None
    if os.geteuid() == 0:
        return [apt]
    sudo = shutil.which("sudo")
    if sudo and _succeeds([sudo, "--non-interactive", "true"]):
        return [sudo, "--non-interactive", apt]
    return None


def _succeeds(command: Sequence[str]) -> bool:
    print("+", *command, file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode == 0


def install() -> Path:
    """Install Chromium with apt where allowed, else with Playwright, and return its path.

    Raises ChromiumMissing when neither way leaves a browser behind.
    """
    apt = _apt()
    if apt and _succeeds([*apt, "update"]) and _succeeds([*apt, *APT_INSTALL]) and (path := find()):
        return path
    _succeeds([sys.executable, "-m", "playwright", "install", "chromium"])
    if path := find():
        return path
    raise ChromiumMissing(
        "Chromium est introuvable et n'a pas pu être installé. Installez-le (par exemple "
        "« sudo apt-get install chromium ») ou indiquez-le : ATLAS_CHROMIUM=/chemin/vers/chromium."
    )


def main() -> int:
    """Print the browser's path, installing it when missing; return the exit status."""
    try:
        print(find() or install())
    except ChromiumMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
