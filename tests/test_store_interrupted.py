"""Imports cut short: killed, out of room, two at once; the former state is always whole."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.imports import Imports
from tests.imported import run, simple, state
from tests.samples import atlas

ROOT = Path(__file__).resolve().parent.parent
MANY = 150
# Each program previews an import of many projects, says so, and makes it when it is told to.
CHILD = """
import sys
from geo.errors import AtlasError
from store import imports as rooms, rows
from store.database import Database
from tests.imported import apply, simple
from tests.samples import atlas

url, title, pause, programme, many = sys.argv[1:]
imports = rooms.Imports(Database(url), atlas().territory)
projects, funding = simple(*(f"N{k}" for k in range(int(many))), title=title)
seen = imports.preview(programme, 2025, projects.assign(programme=programme), funding)
if pause == "midway":
    add = rows.Owner.add

    def slowly(self, connection, part, *words):
        add(self, connection, part, *words)
        if part is rows.PROJECT_PART:
            print("midway", flush=True)
            sys.stdin.readline()

    rows.Owner.add = slowly
print("ready", flush=True)
sys.stdin.readline()
try:
    apply(imports, seen)
except AtlasError as error:
    sys.exit(str(error))
"""


def start(
    url: str, title: str, pause: str = "", programme: str = "essai", **options: Any
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, url, title, pause, programme, str(MANY)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe, **options
    )


def go(*children) -> None:
    """Tell programs to import, once each of them has its preview."""
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()


def former(database: Database) -> tuple[Imports, tuple[str, str]]:
    imports = Imports(database, atlas().territory)
    run(imports, simple("P1", "P2", "N1"))
    return imports, state(imports)


def sound(imports: Imports, before: tuple[str, str]) -> None:
    """The former state is there, whole, and the next import goes through."""
    assert state(imports) == before
    assert len(imports.entries()) == 1
    run(imports, simple("P3"))
    imports.undo(int(imports.entries()["id"].iloc[-1]), author="A")
    assert state(imports) == before


def test_an_import_killed_midway_leaves_the_former_state(base):
    imports, before = former(base)
    with start(base.url, "Neuf", pause="midway") as child:
        go(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "midway\n"
        assert state(imports) == before, "nothing is seen before the whole"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    sound(Imports(Database(base.url), atlas().territory), before)


def test_a_database_server_that_dies_midway_leaves_the_former_state(postgresql):
    base = Database(postgresql.empty())
    imports, before = former(base)
    with start(base.url, "Neuf", pause="midway") as child:
        go(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "midway\n"
        assert postgresql.crash() == 1
        _, told = child.communicate("\n", timeout=60)
    assert child.returncode == 1
    assert "Les imports ne peuvent pas être écrits dans la base « postgres »" in told
    assert "Traceback" not in told
    sound(imports, before)
    base.engine.dispose()


def limited(size: int):
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, the program goes on
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def refused_for_want_of_room(url: str, **options: Any) -> None:
    with start(url, "Neuf " * 500, **options) as child:
        go(child)
        _, told = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "ne peuvent pas être écrits dans la base « atlas.sqlite »" in told
    assert "a de la place" in told
    assert "Traceback" not in told


def test_an_import_beyond_the_quota_leaves_the_former_state(tmp_path):
    url = f"sqlite:///{tmp_path}/atlas.sqlite"
    imports, before = former(Database(url))
    refused_for_want_of_room(url, preexec_fn=limited(300_000))
    sound(imports, before)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disque"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no file system be mounted; the quota is tried instead")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_an_import_on_a_full_disk_leaves_the_former_state(small_disk):
    url = f"sqlite:///{small_disk}/atlas.sqlite"
    imports, before = former(Database(url))
    refused_for_want_of_room(url)
    assert os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize < 400_000
    sound(imports, before)


def test_of_two_imports_at_once_one_is_made_and_one_is_refused(base):
    imports, _ = former(base)
    with start(base.url, "Un") as one, start(base.url, "Deux") as other:
        children = (one, other)
        go(*children)
        told = [child.communicate(timeout=60)[1] for child in children]
    assert sorted(child.returncode for child in children) == [0, 1]
    assert "Un autre import du programme « essai » a eu lieu entre-temps" in "".join(told)
    titles = imports.tables("essai")[0]["title"].value_counts()
    assert titles.to_dict() == {"Un" if one.returncode == 0 else "Deux": MANY}
    assert len(imports.entries()) == 2


def test_two_imports_of_two_programmes_are_both_made(tmp_path):
    base = Database(f"sqlite:///{tmp_path}/atlas.sqlite")
    imports = Imports(base, atlas().territory)
    with (
        start(base.url, "Un", programme="essai") as one,
        start(base.url, "Deux", programme="autre") as other,
    ):
        go(one, other)
        told = [child.communicate(timeout=60)[1] for child in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], told
    assert [len(imports.tables(code)[0]) for code in ("essai", "autre")] == [MANY, MANY]
