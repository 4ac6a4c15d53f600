"""Euros to quarters, exact to the cent.

Each funding line of a project goes to one or several *targets*: a quarter, "outside" (of every
quarter), "undecided" (too close to a boundary to say), "territory" (for everyone) or
"unallocated" (nothing says whom it serves). Nothing is ever dropped: the targets of a line add up
to the line, to the cent.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from geo.crosswalk import read_cells
from geo.schema import AMOUNTS

TARGETS = ("quarter", "outside", "undecided", "territory", "unallocated")
RULES = ("population", "equal")
CENTS = tuple(f"{amount}_cents" for amount in AMOUNTS)

Row = dict[Hashable, Any]


class Service(NamedTuple):
    """Whom one project serves: the situation met, the targets, the rule that shares them."""

    situation: str
    target: str
    codes: tuple[str, ...]


def serve(projects: pd.DataFrame, located: pd.DataFrame, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Say for each project whom it serves, and in which situation that was decided.

    ``projects`` keeps contract PROJECTS, ``located`` is ``geo.location.locate``'s answer on the
    same index. What the operator declares comes before where the action sits, because a project
    outside a quarter may serve it; a contradiction is named, not hidden. Result, on the same
    index: ``situation``, ``target``, ``codes`` (tuple of quarters), ``unknown_codes``.
    """
    known = set(crosswalk["qpv_code"])
    declared = read_cells(projects["declared_qpv"], known, crosswalk)
    services = [
        _service(scope, address, codes.codes, codes.unknown, state, code)
        for scope, address, codes, state, code in zip(
            projects["scope"],
            projects["address"],
            declared,
            located["location_status"],
            located["qpv_code"],
            strict=True,
        )
    ]
    frame = pd.DataFrame(services, index=projects.index, columns=list(Service._fields))
    frame["unknown_codes"] = [", ".join(codes.unknown) for codes in declared]
    return frame


def _service(
    scope: object,
    address: object,
    codes: tuple[str, ...],
    unknown: tuple[str, ...],
    state: str,
    located_in: object,
) -> Service:
    if scope == "territory":
        return Service("territory", "territory", ())
    if codes:
        elsewhere = state == "outside" or (state == "inside" and located_in not in codes)
        return Service("declared_elsewhere" if elsewhere else "declared", "quarter", codes)
    if unknown:
        return Service("unknown_code", "unallocated", ())
    if scope == "commune":
        return Service("commune", "unallocated", ())
    if state == "inside":
        return Service("position", "quarter", (str(located_in),))
    if state in ("outside", "undecided"):
        return Service(state, state, ())
    return Service("address_only" if isinstance(address, str) else "nothing", "unallocated", ())


def allocate(
    services: pd.DataFrame,
    funding: pd.DataFrame,
    population: Mapping[str, int],
    rules: Sequence[str] = RULES,
) -> pd.DataFrame:
    """Share each funding line between the targets of its project, in integer cents.

    ``services`` is indexed by ``project_id``; ``funding`` keeps contract FUNDING; ``population``
    gives the inhabitants of a quarter. Several quarters are shared by the first rule of ``rules``
    that applies: "population" (known for every quarter served) or "equal". One row a line and
    target: ``project_id, funder, status, target, qpv_code, rule, situation`` and the three amounts;
    a missing amount stays missing. For each amount the rows add up to the lines, to the cent.
    """
    service = services[["situation", "target", "codes"]].to_dict("index")
    rows = [
        row
        for line in funding.to_dict("records")
        for row in _share_line(line, service[line["project_id"]], population, rules)
    ]
    columns = ["project_id", "funder", "status", "target", "qpv_code", "rule", "situation", *CENTS]
    frame = pd.DataFrame(rows, columns=columns)
    text = dict.fromkeys(columns[:7], "str")
    return frame.astype({**text, **dict.fromkeys(CENTS, "Int64")})


def _share_line(
    line: Row, service: Row, population: Mapping[str, int], rules: Sequence[str]
) -> list[Row]:
    codes = service["codes"]
    if service["target"] != "quarter":
        return [{**line, **_where(service, None, "none")}]
    rule, weights = _weights(codes, population, rules)
    parts = {name: _split_cell(line[name], weights) for name in CENTS}
    return [
        {
            **line,
            **_where(service, code, rule),
            **{name: amounts[k] for name, amounts in parts.items()},
        }
        for k, code in enumerate(codes)
    ]


def _where(service: Row, code: str | None, rule: str) -> Row:
    return {
        "target": service["target"],
        "qpv_code": code,
        "rule": rule,
        "situation": service["situation"],
    }


def _weights(
    codes: Sequence[str], population: Mapping[str, int], rules: Sequence[str]
) -> tuple[str, list[int]]:
    if len(codes) == 1:
        return "single", [1]
    for rule in rules:
        if rule == "equal":
            return rule, [1] * len(codes)
        people = [population.get(code, 0) for code in codes]
        if rule == "population" and all(count > 0 for count in people):
            return rule, people
    return "equal", [1] * len(codes)


def _split_cell(cents: Any, weights: Sequence[int]) -> list[int | None]:
    if pd.isna(cents):
        return [None] * len(weights)
    return list(split_cents(int(cents), weights))


def split_cents(cents: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split integer cents by integer weights so that the parts add up exactly.

    Largest remainder (Hamilton): every part gets the floor of its share, and the cents left go
    one by one to the largest remainders, ties to the first. Exact integer arithmetic. Raises
    ValueError without a positive weight or with a negative amount.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0 or cents < 0:
        raise ValueError("split_cents needs a positive total weight and non-negative cents")
    floors = [cents * weight // total for weight in weights]
    remainders = [cents * weight % total for weight in weights]
    left = cents - sum(floors)
    winners = sorted(range(len(weights)), key=lambda k: (-remainders[k], k))[:left]
    return tuple(part + (k in winners) for k, part in enumerate(floors))
