import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE = ("geo", "analysis", "store", "reports")
ROOMS = (*PURE, "ui", "commands", "api")
# Who may import whom, each room its own modules besides. Nobody imports app or cli.
MAY_IMPORT = {
    "geo": set(),
    "analysis": {"geo"},
    "store": {"analysis", "geo"},
    "reports": {"analysis", "geo"},
    "ui": {"reports", "store", "analysis", "geo"},
    "commands": {"reports", "store", "analysis", "geo"},
    "api": {*PURE},
    "app": {*PURE, "ui"},
    "cli": {*PURE, "commands"},
}
# The only doors to the disk; the catalogue and the territories are TOML files of our own.
DOORS = {
    "geo/readers.py",
    "geo/containers.py",
    "geo/placed.py",
    "geo/writers.py",
    "geo/vectors.py",
    "geo/catalogue.py",
    "geo/official.py",
    "geo/territory.py",
}
FILE_CALLS = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "touch"),
    *("read_file", "read_csv", "read_excel", "read_parquet", "read_dataframe", "read_feather"),
    *("to_file", "to_csv", "to_excel", "to_parquet", "to_feather", "write_dataframe"),
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(("work", "tmp", "root", "home/\\w+")) + ")/")
TEXT_FILES = {"", ".py", ".toml", ".md", ".in", ".yaml", ".yml", ".js", ".css", ".html", ".typ"}
ONE_TERRITORY = re.compile(r"béthune|bethune|bruay|cabbalr|200072460", re.IGNORECASE)
MOST_LINES_APP = 60
MOST_LINES_FILE = 400
MOST_LINES_FUNCTION = 60

SOURCES = [
    path
    for top in ("app.py", "cli.py", *ROOMS)
    for path in ([ROOT / top] if top.endswith(".py") else sorted((ROOT / top).rglob("*.py")))
    if path.exists()
]
shipped = pytest.mark.parametrize(
    "path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES]
)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, late imports too; relative ones are resolved to the room."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield room_of(path) if node.level else str(node.module)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def called(path: Path) -> set[str]:
    """The last name of everything a file calls: `frame.to_csv(...)` is `to_csv`."""
    calls = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    return {getattr(function, "attr", getattr(function, "id", "")) for function in calls}


def test_the_rooms_are_found():
    assert {"geo", "analysis"} <= {room_of(path) for path in SOURCES}


@shipped
def test_imports_run_one_way(path):
    room = room_of(path)
    ours = {name.split(".")[0] for name in imported(path)} & {*MAY_IMPORT, "tests", "tools"}
    backwards = ours - MAY_IMPORT[room] - {room}
    assert not backwards, f"{room} may not import {sorted(backwards)}"


@shipped
def test_only_the_interface_imports_streamlit(path):
    names = {name.split(".")[0] for name in imported(path)}
    assert "streamlit" not in names or room_of(path) in {"ui", "app"}


def test_pure_modules_pull_in_neither_streamlit_nor_folium():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if room_of(path) in PURE
    ]
    program = (
        "import importlib, json, sys\n"
        "guilty = {}\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    before = set(sys.modules)\n"
        "    importlib.import_module(name)\n"
        "    new = (set(sys.modules) - before) & {'streamlit', 'folium'}\n"
        "    guilty |= {name: sorted(new)} if new else {}\n"
        "print(json.dumps(guilty))\n"
    )
    command = [sys.executable, "-c", program, json.dumps(modules)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {}


@shipped
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    most = MOST_LINES_APP if path.name == "app.py" else MOST_LINES_FILE
    assert len(text.splitlines()) <= most
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(ast.parse(text))
    }
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_FUNCTION}


@shipped
def test_public_functions_have_a_docstring(path):
    module = tree_of(path)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    bodies = [module.body, *(one.body for one in classes)]
    public = [
        node
        for body in bodies
        for node in body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_only_readers_writers_and_store_touch_files():
    guilty = {
        name: sorted(calls)
        for path in SOURCES
        if room_of(path) in {"geo", "analysis"}
        and (name := path.relative_to(ROOT).as_posix()) not in DOORS
        and (calls := called(path) & FILE_CALLS)
    }
    assert guilty == {}


@shipped
def test_no_territory_is_written_in_code(path):
    found = ONE_TERRITORY.findall(path.read_text(encoding="utf-8"))
    assert not found, "a territory is a file of data/territories, never code"


def test_no_machine_path_is_written_anywhere():
    hidden_but_ours = {".ci", ".streamlit"}
    tops = [
        top
        for top in ROOT.iterdir()
        # In a linked working tree ".git" is a file of Git's own that holds a path.
        if top.name != ".git"
        and (top.is_file() or not top.name.startswith(".") or top.name in hidden_but_ours)
    ]
    files = [
        path
        for top in tops
        if top.name not in {".git", "static", "out"}  # .git is a file in a worktree
        for path in ([top] if top.is_file() else top.rglob("*"))
        if path.is_file() and path.suffix in TEXT_FILES
    ]
    assert {ROOT / "Makefile", ROOT / ".ci/run", Path(__file__)} <= set(files)
    guilty = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files
        if (match := MACHINE_PATH.search(path.read_text(encoding="utf-8")))
    ]
    assert guilty == []
