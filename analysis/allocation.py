"""Euros to quarters, exact to the cent.

Each funding line of a project goes to one or several *targets*: a quarter, "outside" (of every
quarter), "undecided" (too close to a boundary to say), "territory" (for everyone) or
"unallocated" (nothing says whom it serves). Nothing is ever dropped: the targets of a line add up
to the line, to the cent.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from geo import declared
from geo.crosswalk import DeclaredCodes, read_cells, split_codes
from geo.schema import AMOUNTS

TARGETS = ("quarter", "outside", "undecided", "territory", "unallocated")
RULES = ("declared", "beneficiaries", "population", "equal")
CENTS = tuple(f"{amount}_cents" for amount in AMOUNTS)
_SERVED = ["situation", "target", "codes", "shares", "beneficiaries"]

Weights = Mapping[str, int]  # a number by quarter


class Service(NamedTuple):
    """Whom one project serves: the situation met, the target and, for quarters, their codes."""

    situation: str
    target: str
    codes: tuple[str, ...] = ()


class _Facts(NamedTuple):
    """What is known of one project before deciding."""

    scope: object
    address: object
    seat: bool
    numbers: int  # of the two coordinates, how many are given
    words: DeclaredCodes
    state: str
    located_in: object
    lived: tuple[str, ...]


class _Part(NamedTuple):
    """A target of a project: ``weight`` parts of the sum of the project's weights."""

    target: str
    qpv_code: str | None
    rule: str
    situation: str
    weight: int


def serve(
    projects: pd.DataFrame,
    located: pd.DataFrame,
    crosswalk: pd.DataFrame,
    lived: pd.Series | None = None,
) -> pd.DataFrame:
    """Say for each project whom it serves, and in which situation that was decided.

    ``projects`` keeps contract PROJECTS, ``located`` is ``geo.location.locate``'s answer on the
    same index, ``lived`` the quarters whose declared places hold the position (a tuple a project,
    ``geo.lived.lived_in``). What the operator declares comes before where the action sits, because
    a project outside a quarter may serve it; a contradiction is named, not hidden. An operator's
    seat says nothing of where its action takes place: such a position is not used. Result, on the
    same index: ``situation``, ``target``, ``codes`` (tuple of quarters), and, by
    quarter, what is declared of each: ``shares`` (hundredths of a per cent) and ``beneficiaries``
    (planned people), empty without; ``unknown_codes``.
    """
    known = set(crosswalk["qpv_code"])
    words = read_cells(projects["declared_qpv"], known, crosswalk)
    services = [_service(facts) for facts in _facts(projects, located, words, lived)]
    frame = pd.DataFrame(services, index=projects.index, columns=list(Service._fields))
    for name, column, read in (
        ("shares", "declared_shares", declared.shares),
        ("beneficiaries", "qpv_beneficiaries", declared.counts),
    ):
        cells = zip(projects["declared_qpv"], projects[column], strict=True)
        weights = [
            _by_quarter(codes, read(cell), known, crosswalk) if isinstance(cell, str) else {}
            for codes, cell in cells
        ]
        frame[name] = pd.Series(weights, index=frame.index, dtype="object")
    frame["unknown_codes"] = [", ".join(found.unknown) for found in words]
    return frame


def _facts(
    projects: pd.DataFrame,
    located: pd.DataFrame,
    words: Sequence[DeclaredCodes],
    lived: pd.Series | None,
) -> Iterator[_Facts]:
    seat = projects["address_kind"] == "seat"
    none: list[tuple[str, ...]] = [()] * len(projects)
    columns = zip(
        projects["scope"],
        projects["address"],
        seat,
        projects["lon"].notna().astype("int64") + projects["lat"].notna(),
        words,
        located["location_status"].mask(seat, "not_located"),
        located["qpv_code"],
        none if lived is None else lived,
        strict=True,
    )
    return (_Facts(*row) for row in columns)


def _service(project: _Facts) -> Service:
    if project.scope == "territory":
        return Service("territory", "territory")
    if project.words.codes:
        return Service(_declared_how(project), "quarter", project.words.codes)
    if project.words.unknown:
        return Service("unknown_code", "unallocated")
    if project.scope == "commune":
        return Service("commune", "unallocated")
    return _by_position(project)


def _declared_how(project: _Facts) -> str:
    """Name how a quarter is declared; what most needs a second look comes first."""
    codes, former = project.words.codes, len(project.words.translated)
    state = project.state
    if state == "outside" or (state == "inside" and project.located_in not in codes):
        return "declared_elsewhere"
    if former:
        return "translated_code" if len(codes) <= former else "split_code"
    if len(codes) > 1:
        return "several_codes"
    return "code_only" if state == "not_located" else "declared"


def _by_position(project: _Facts) -> Service:
    if project.seat:
        return Service("seat_address", "unallocated")
    if project.state == "inside":
        return Service("position", "quarter", (str(project.located_in),))
    if project.state == "outside" and project.lived:
        return Service("lived_area", "quarter", project.lived)
    if project.state in ("outside", "undecided"):
        return Service(project.state, project.state)
    if project.numbers:
        # Coordinates that the location refused: they are shown, never used.
        halved = project.numbers == 1
        return Service("incomplete_position" if halved else "suspect_position", "unallocated")
    known = isinstance(project.address, str)
    return Service("address_only" if known else "nothing", "unallocated")


def _by_quarter(
    cell: object, values: Sequence[int], known: set[str], crosswalk: pd.DataFrame
) -> dict[str, int]:
    """Give each declared value to its quarter; nothing if a word is not exactly one quarter.

    A 2015 code that several quarters continue, or an unknown one, leaves no way to say what part
    of the value is whose.
    """
    found = [word.codes for word in read_cells(split_codes(cell), known, crosswalk)]
    if len(found) != len(values) or any(len(codes) != 1 for codes in found):
        return {}
    weights: dict[str, int] = {}
    for (code,), value in zip(found, values, strict=True):
        weights[code] = weights.get(code, 0) + value
    return weights


def allocate(
    services: pd.DataFrame,
    funding: pd.DataFrame,
    population: Mapping[str, int],
    rules: Sequence[str] = RULES,
) -> pd.DataFrame:
    """Share each funding line between the targets of its project, in integer cents.

    ``services`` is indexed by ``project_id``; ``funding`` keeps contract FUNDING; ``population``
    gives the inhabitants of a quarter. Several quarters are shared by the first rule of ``rules``
    that applies: "declared" (shares of every quarter), "beneficiaries" (planned in every quarter),
    "population" (known for every quarter) or "equal"; when none does, the line is not allocated
    (situation "no_rule"). One row a line and target: ``project_id, funder, status, target,
    qpv_code, rule, situation`` and the three amounts; a missing amount stays missing. For each
    amount the rows add up to the lines, to the cent.
    """
    shared = {
        project_id: _parts(service, population, rules)
        for project_id, *service in services[_SERVED].itertuples(name=None)
    }
    lines = [shared[project_id] for project_id in funding["project_id"]]
    taken = np.repeat(np.arange(len(lines)), [len(parts) for parts in lines])
    frame = funding[["project_id", "funder", "status"]].iloc[taken].reset_index(drop=True)
    flat = [part for parts in lines for part in parts]
    for name in ("target", "qpv_code", "rule", "situation"):
        frame[name] = pd.Series([getattr(part, name) for part in flat], dtype="str")
    for name in CENTS:
        cells = [
            amount
            for cents, parts in zip(funding[name].astype("object"), lines, strict=True)
            for amount in _split_cell(cents, parts)
        ]
        frame[name] = pd.Series(cells, dtype="Int64")
    return frame


def _parts(
    service: Sequence[Any], population: Mapping[str, int], rules: Sequence[str]
) -> tuple[_Part, ...]:
    situation, target, codes, shares, planned = service
    if target != "quarter":
        return (_Part(target, None, "none", situation, 1),)
    bases = {"declared": dict(shares), "beneficiaries": dict(planned), "population": population}
    rule, weights = _weights(codes, bases, rules)
    if not weights:
        return (_Part("unallocated", None, rule, "no_rule", 1),)
    return tuple(
        _Part(target, code, rule, situation, weight)
        for code, weight in zip(codes, weights, strict=True)
    )


def _weights(
    codes: Sequence[str], bases: Mapping[str, Weights], rules: Sequence[str]
) -> tuple[str, list[int]]:
    """Return the first rule that applies and the weight of each quarter; none if no rule does."""
    if len(codes) == 1:
        return "single", [1]
    for rule in rules:
        if rule == "equal":
            return rule, [1] * len(codes)
        weights = [bases[rule].get(code, -1) for code in codes]
        # A quarter may be declared for nothing, but it cannot be inhabited by nobody.
        least = 1 if rule == "population" else 0
        if min(weights) >= least and any(weights):
            return rule, weights
    return "none", []


def _split_cell(cents: Any, parts: Sequence[_Part]) -> Sequence[int | None]:
    if len(parts) == 1:
        return (cents,)
    if pd.isna(cents):
        return [None] * len(parts)
    return split_cents(int(cents), [part.weight for part in parts])


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
