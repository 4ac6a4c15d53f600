"""Measure an import: 10,000 projects of 5 funders each, read, matched and fully diagnosed.

Against pandas reading the same file, each in its own process, in turn, in one run. Prints ratios,
peaks of memory above an idle process (server and reading process apart, then added) and the rows
that went in and came out. Usage: ``python bench/import.py [rounds]`` (3 by default).
"""

import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd

from analysis.faults import counts
from geo.catalogue import data_directory
from store.atlas import Atlas
from store.intake import columns_for, diagnose, load_vocabulary, receive, setting

PROJECTS, FUNDERS = 10_000, 5
TINY = "Intitulé;Porteur;CAF accordé\nLire;Asso;1\n"
SUFFIXES = ("csv", "xlsx")


def rows() -> pd.DataFrame:
    """Return 50,000 lines of a long export, amounts in French, one in a hundred at fault."""
    draw = random.Random(20_251_104)
    atlas = Atlas(data_directory())
    names = [funder.short for funder in atlas.territory.funders][:FUNDERS]
    codes = atlas.quarters["qpv_code"].tolist()
    lines = []
    for k in range(PROJECTS):
        project = (
            f"DA{k:08d}-1",
            2025,
            f"Action numéro {k} du contrat",
            f"Association {k % 700}",
            "73282932000075" if k % 100 == 0 else "73282932000074",
            draw.choice(["1.1 Éducation", "Santé", "Sport et loisir"]),
            draw.choice(codes),
            "03/04/2025",
        )
        lines += [
            (
                *project,
                name,
                "A justifier",
                f"{draw.randrange(1, 60)} {k % 1000:03d},50 €",
                "900,00",
            )
            for name in names
        ]
    headers = "Référence;Exercice;Intitulé;Porteur;SIRET;Thématique;QPV concernés;Date de début;"
    headers += "Financeur;Statut;Montant demandé;Montant accordé"
    return pd.DataFrame(lines, columns=headers.split(";"))


def peak(who: int) -> float:
    """Return the largest memory a process has held, in MB."""
    return resource.getrusage(who).ru_maxrss / 1024


def processor() -> float:
    """Return the seconds of processor this process and its children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def read_with_pandas(path: Path) -> dict[str, float]:
    """Read a file as an analyst would, once."""
    before, start = peak(resource.RUSAGE_SELF), time.perf_counter()
    used = processor()
    frame = pd.read_csv(path, sep=";") if path.suffix == ".csv" else pd.read_excel(path)
    seconds = time.perf_counter() - start
    memory = peak(resource.RUSAGE_SELF) - before
    return {"s": seconds, "cpu_s": processor() - used, "mb": memory, "rows": len(frame)}


def read_with_atlas(path: Path) -> dict[str, float]:
    """Read, match and diagnose a file, after a tiny one has loaded every module."""
    atlas = Atlas(data_directory())
    words = load_vocabulary(atlas)
    where = setting(atlas, words, "essai", 2025)
    idle = receive(TINY.encode(), "a.csv")
    diagnose(idle, columns_for(idle, words, 2025), where)
    server, child = peak(resource.RUSAGE_SELF), peak(resource.RUSAGE_CHILDREN)
    start, used = time.perf_counter(), processor()
    received = receive(path.read_bytes(), path.name)
    found = diagnose(received, columns_for(received, words, 2025), where)
    seconds = time.perf_counter() - start
    return {
        "s": seconds,
        "cpu_s": processor() - used,
        "server_mb": peak(resource.RUSAGE_SELF) - server,
        "child_mb": peak(resource.RUSAGE_CHILDREN) - child,
        "rows": found.rows,
        "accepted": len(found.accepted),
        "rejected": len(found.rejected),
        "projects": len(found.projects),
        "lines": len(found.funding),
        "faults": sum(counts(found.faults).values()),
    }


def apart(way: str, path: Path) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, "--one", way, str(path)]
    answer = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(answer.stdout))


def main(rounds: int) -> None:
    """Measure both ways on both formats and print one line each."""
    frame = rows()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in SUFFIXES:
            path = Path(folder) / f"programmation.{suffix}"
            packed = io.BytesIO()
            if suffix == "csv":
                frame.to_csv(packed, sep=";", index=False, encoding="utf-8-sig")
            else:
                frame.to_excel(packed, index=False)
            path.write_bytes(packed.getvalue())
            size = path.stat().st_size / 2**20
            peers = [apart("pandas", path) for _ in range(rounds)]
            ours = [apart("atlas", path) for _ in range(rounds)]
            told(suffix, size, peers, ours)


def told(
    suffix: str, size: float, peers: list[dict[str, float]], ours: list[dict[str, float]]
) -> None:
    """Print what was measured for one format."""
    peer, own = median(one["s"] for one in peers), median(one["s"] for one in ours)
    server, child = (max(one[name] for one in ours) for name in ("server_mb", "child_mb"))
    last = ours[-1]
    allowed = max(5 * peer, 10)
    print(
        f"{suffix}, {size:.1f} MB: pandas {peer:.2f} s, atlas {own:.2f} s (allowed {allowed:.1f})"
    )
    cpu = [median(one["cpu_s"] for one in some) for some in (peers, ours)]
    print(
        f"  of processor: pandas {cpu[0]:.2f} s, atlas {cpu[1]:.2f} s, ratio {cpu[1] / cpu[0]:.1f}"
    )
    print(f"  ratio {own / peer:.1f}; memory +{server:.0f} MB server, +{child:.0f} MB reader")
    print(f"  memory / file {(server + child) / size:.1f}")
    print(
        f"  rows in {last['rows']:.0f} = accepted {last['accepted']:.0f} + rejected "
        f"{last['rejected']:.0f}; {last['projects']:.0f} projects, {last['lines']:.0f} lines, "
        f"{last['faults']:.0f} faults"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        ways = {"pandas": read_with_pandas, "atlas": read_with_atlas}
        print(json.dumps(ways[sys.argv[2]](Path(sys.argv[3]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
