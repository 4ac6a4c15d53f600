import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import chromium, python_check

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")
LOCKS = ("requirements.txt", "requirements-dev.txt")


def names(text: str) -> set[str]:
    """The libraries a .in file asks for, in the spelling of a lock."""
    lines = [line.strip() for line in text.splitlines()]
    asked = [line for line in lines if line and not line.startswith(("#", "-"))]
    return {re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", line)[0]).lower() for line in asked}


def entries(lock: str) -> list[str]:
    """Each requirement of a lock with its continuation lines."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def pinned(lock: str) -> set[str]:
    return {match[1] for entry in entries(lock) if (match := PIN.match(entry))}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_exact_and_hashed(lock):
    loose = [
        entry for entry in entries(lock) if not PIN.match(entry) or "--hash=sha256:" not in entry
    ]
    assert entries(lock)
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_is_asked_for(lock):
    asked = names((ROOT / lock).with_suffix(".in").read_text(encoding="utf-8"))
    assert asked
    assert asked <= pinned(lock)


def test_tools_of_the_tests_are_not_installed_to_run_the_atlas():
    tools = names((ROOT / "requirements-dev.in").read_text(encoding="utf-8"))
    assert not tools & pinned("requirements.txt")


def test_both_locks_agree_on_what_they_share():
    versions = [
        {
            (match[1], entry.split("--hash")[0].strip())
            for entry in entries(lock)
            if (match := PIN.match(entry))
        }
        for lock in LOCKS
    ]
    shared = pinned(LOCKS[0]) & pinned(LOCKS[1])
    assert {v for v in versions[0] if v[0] in shared} == {v for v in versions[1] if v[0] in shared}


def test_the_integration_runs_the_readers_command():
    commands = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert commands[-1] == "make test"
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    for page in ("README.md", "CONTRIBUTING.md"):
        told = (ROOT / page).read_text(encoding="utf-8")
        assert re.search(r"^\s*make test\b|`make test`", told, re.MULTILINE), page


def test_make_test_runs_every_check():
    plan = subprocess.run(
        ["make", "--dry-run", "--always-make", "test"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = [
        "-r requirements.txt",
        "-r requirements-dev.txt",
        "ruff check .",
        "ruff format --check .",
    ]
    wanted += ["mypy .", "tools/chromium.py", "-m pytest"]
    places = [plan.find(step) for step in wanted]
    assert -1 not in places
    assert places == sorted(places)
    assert plan.count("--require-hashes") == len(LOCKS)


def test_streamlit_is_set_for_production():
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["showErrorLinks"] is False
    assert config["client"]["toolbarMode"] == "minimal"
    assert config["server"]["headless"] is True
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["enableCORS"] is True
    assert config["server"]["enableStaticServing"] is True
    assert config["server"]["fileWatcherType"] == "none"
    assert config["server"]["maxUploadSize"] <= 100
    assert "enableAgentApi" not in config["server"]
    assert config["runner"]["magicEnabled"] is False


def test_streamlit_knows_every_setting():
    shown = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "not a valid config option" not in shown.stdout + shown.stderr
    effective = tomllib.loads(shown.stdout[shown.stdout.index("[global]") :])
    written = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    # Streamlit does not print these two among its settings, and reads them all the same.
    hidden = ("global.minCachedMessageSize", "runner.postScriptGC")
    ask = f"import streamlit.config as c; print(*map(c.get_option, {hidden!r}))"
    command = [sys.executable, "-c", ask]
    read = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    sizes = [written[section].pop(name) for section, name in (one.split(".") for one in hidden)]
    assert read.stdout.split() == [str(size) for size in sizes] == ["90", "False"]
    for section, settings in written.items():
        assert {name: effective[section][name] for name in settings} == settings


@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("ink", ["primaryColor", "linkColor", "textColor"])
def test_theme_colours_can_be_read(ink, ground):
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    darker, lighter = sorted([luminance(theme[ink]), luminance(theme[ground])])
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.1, criterion 1.4.3


def luminance(colour: str) -> float:
    """Relative luminance of a #rrggbb colour (WCAG 2.1)."""
    levels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_sequential_colours_darken_all_along():
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    ramp = [luminance(colour) for colour in theme["chartSequentialColors"]]
    assert len(ramp) == 10
    assert ramp == sorted(ramp, reverse=True)


def test_an_old_python_is_told_what_to_install():
    assert python_check.fault((3, 11), True) == ""
    assert "3.10" in python_check.fault((3, 10), True)
    assert "python3-venv" in python_check.fault((3, 12), False)


def test_a_wrong_chromium_is_named(monkeypatch):
    monkeypatch.setenv("ATLAS_CHROMIUM", "no-such-browser")
    with pytest.raises(chromium.ChromiumMissing, match="no-such-browser"):
        chromium.find()


def test_the_chosen_chromium_comes_first(monkeypatch, tmp_path):
    chosen = tmp_path / "my browser"
    chosen.write_text("#!/bin/sh\n", encoding="utf-8")
    chosen.chmod(0o755)
    monkeypatch.setenv("ATLAS_CHROMIUM", str(chosen))
    assert chromium.find() == chosen


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """A machine whose PATH holds only what a test writes there, without any browser."""
    monkeypatch.delenv("ATLAS_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def write_program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_missing_chromium_is_installed_with_apt(bare_machine):
    calls, installed = bare_machine / "calls", bare_machine / "chromium"
    copy = f"test $1 = install && /bin/cp '{bare_machine}/apt-get' '{installed}' || true"
    write_program(bare_machine / "apt-get", f"echo $1 >> '{calls}'; {copy}")
    assert chromium.find() is None
    assert chromium.install() == installed
    assert calls.read_text(encoding="utf-8").split() == ["update", "install"]


def test_a_chromium_that_cannot_be_installed_is_told_in_french(bare_machine, monkeypatch, capfd):
    write_program(bare_machine / "apt-get", "exit 1")
    write_program(bare_machine / "python", "exit 1")
    monkeypatch.setattr("sys.executable", str(bare_machine / "python"))
    assert chromium.main() == 1
    assert "ATLAS_CHROMIUM=" in capfd.readouterr().err


def test_a_visit_outside_the_machine_is_seen(open_page):
    visit = open_page()
    visit.page.set_content("<img src='http://atlas.invalid/a.png'><img src='data:,'>")
    visit.page.wait_for_load_state("load")
    assert visit.outside_requests == ["http://atlas.invalid/a.png"]


def test_a_page_error_is_recorded(open_page):
    visit = open_page()
    visit.page.set_content("<script>console.error('grave'); throw new Error('cassé')</script>")
    assert any("grave" in error for error in visit.errors)
    assert any("cassé" in error for error in visit.errors)
