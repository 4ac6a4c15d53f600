"""What changes between two states of a programme: projects matched, rows and cells compared."""

from collections.abc import Collection, Sequence

import pandas as pd

CHANGES = {
    "added": "ajouté",
    "changed": "modifié",
    "removed": "retiré",
    "unchanged": "inchangé",
}

_KEYS = (("project_id",), ("project_id", "funder"))


def identify(
    projects: pd.DataFrame, standing: pd.DataFrame, taken: Collection[str], year: int
) -> pd.Series:
    """Return the identifier each project of a file has in the programme, on the file's index.

    ``standing`` has ``project_id``, ``given_id`` (the identifier of the file it came from) and
    ``reference``. A project is the one of the same reference, where that reference is there once
    on both sides, else the one whose file gave the same identifier. A new one keeps its own,
    followed by the year when it is ``taken`` (by another year) already.
    """
    found = _paired(projects, standing, "reference", "reference")
    rest = standing[~standing["project_id"].isin(found.dropna())]
    found = found.fillna(_paired(projects[found.isna()], rest, "project_id", "given_id"))
    used = {*taken, *standing["project_id"]}
    names = []  # written one by one into the column, they would copy it as many times
    for name, new, given in zip(found, found.isna(), projects["project_id"].map(str), strict=True):
        names.append(_unused(given, year, used) if new else name)
        used.add(names[-1])
    return pd.Series(names, index=found.index, dtype="str")


def _unused(given: str, year: int, used: Collection[str]) -> str:
    name, k = given, 1
    while name in used:
        name, k = f"{given}-{year}" if k == 1 else f"{given}-{year}-{k}", k + 1
    return name


def _paired(projects: pd.DataFrame, standing: pd.DataFrame, key: str, other: str) -> pd.Series:
    once = standing[~standing[other].duplicated(keep=False)].dropna(subset=[other])
    names = once.set_index(other)["project_id"].to_dict()
    single = projects[key].where(~projects[key].duplicated(keep=False))
    return single.map(names).astype("str")


def row_changes(
    before: pd.DataFrame, after: pd.DataFrame, keys: Sequence[str]
) -> tuple[pd.Index, pd.Index]:
    """Return the rows of ``before`` that go and those of ``after`` that come, by their index.

    Both have the columns of ``after``, and ``keys`` name a row of either. A row of the two states
    whose cells differ goes and comes; two missing cells are equal.
    """
    then, now = (_keyed(frame, keys) for frame in (before, after))
    columns = [name for name in after.columns if name not in keys]
    common = now.index.intersection(then.index)
    same = ~_differs(then.loc[common, columns], now.loc[common, columns]).any(axis=1)
    kept = common[same.to_numpy(dtype="bool")]
    return (
        before.index[~then.index.isin(kept)],
        after.index[~now.index.isin(kept)],
    )


def changed_cells(before: pd.DataFrame, after: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the cells that differ in rows of both states: keys, ``field``, ``old``, ``new``."""
    then, now = (_keyed(frame, keys) for frame in (before, after))
    columns = [name for name in after.columns if name not in keys]
    common = now.index.intersection(then.index)
    old, new = then.loc[common, columns], now.loc[common, columns]
    rows, places = _differs(old, new).to_numpy().nonzero()
    frame = pd.DataFrame(list(common[rows]), columns=list(keys), dtype="str")
    frame["field"] = pd.Series([columns[k] for k in places], dtype="str")
    for name, state in (("old", old), ("new", new)):
        cells = [state.iat[int(row), int(k)] for row, k in zip(rows, places, strict=True)]
        frame[name] = pd.Series(cells, dtype="object")
    return frame


def _keyed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.set_index(pd.MultiIndex.from_frame(frame[list(keys)]))


def _differs(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name in new.columns:
        one, other = old[name], new[name]
        same = (one == other).fillna(False).astype("bool") | (one.isna() & other.isna())
        columns[name] = ~same
    return pd.DataFrame(columns, index=new.index, dtype="bool")


def project_changes(
    before: tuple[pd.DataFrame, pd.DataFrame], after: tuple[pd.DataFrame, pd.DataFrame]
) -> pd.DataFrame:
    """Say what becomes of each project of two states (projects and funding lines).

    One row a project: ``project_id``, ``reference``, ``title``, ``operator``, ``change`` (a word of
    CHANGES). A project whose funding lines alone differ is changed.
    """
    touched: set[str] = set()
    for then, now, keys in zip(
        before, after, (["project_id"], ["project_id", "funder"]), strict=True
    ):
        gone, come = row_changes(then[list(now.columns)], now, keys)
        touched |= {*then.loc[gone, "project_id"], *now.loc[come, "project_id"]}
    old, new = set(before[0]["project_id"]), set(after[0]["project_id"])
    columns = ["project_id", "reference", "title", "operator"]
    removed = before[0][~before[0]["project_id"].isin(new)]
    frame = pd.concat([after[0][columns], removed[columns]], ignore_index=True)
    frame["change"] = pd.Series(
        [
            "added"
            if key not in old
            else "removed"
            if key not in new
            else "changed"
            if key in touched
            else "unchanged"
            for key in frame["project_id"]
        ],
        dtype="str",
    )
    return frame
