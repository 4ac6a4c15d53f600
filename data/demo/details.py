"""What fictitious projects say besides: shares by quarter, a seat address, public, dates, twice.

Drawn apart from the rest, by action, so that a renewed action keeps what it said and a new detail
does not redraw the programme.
"""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from analysis.allocation import split_cents
from data.demo.money import Line
from data.demo.places import Place
from data.demo.programme import CALL, Action, Project

_STEP = 5  # shares are whole multiples of 5 %
_CORRECTED = " – dossier corrigé (fictif)"


def detail(
    years: dict[int, list[Project]], seed: int, words: dict[str, Any]
) -> dict[int, list[Project]]:
    """Add the details to every year, and to the last one two projects entered twice.

    ``words`` is the vocabulary: its ``calendar`` and the ``public`` of a call for projects.
    """
    detailed = {
        year: [_said(project, year, seed, words) for project in projects]
        for year, projects in years.items()
    }
    last = max(detailed)
    detailed[last] += _entered_twice(detailed[last], last)
    return detailed


def planned(project: Project) -> tuple[int, ...]:
    """Split the planned beneficiaries between the declared quarters, where they are known."""
    weights = project.action.place.people
    if not weights or not project.beneficiaries:
        return ()
    return split_cents(project.beneficiaries, weights)


def _said(project: Project, year: int, seed: int, words: dict[str, Any]) -> Project:
    action = _detailed(project.action, seed)
    rng = Random(f"{seed}|{year}|{action.operator}|{action.title}")
    detailed = replace(project, action=action)
    residents = _residents(detailed, rng, words["public"])
    lines = _dated(project.lines, year, rng, words["calendar"])
    return replace(detailed, residents=residents, lines=lines)


def _residents(project: Project, rng: Random, public: dict[str, float]) -> int | None:
    """Draw how many of the planned beneficiaries live in a quarter; now and then nobody says."""
    if not project.beneficiaries:
        return None
    if project.action.place.people:  # the people planned in each quarter add up to the public
        return project.beneficiaries
    if rng.random() < public["unknown"]:
        return None
    below = rng.random() < public["below"] and project.action.slot.dispositif == CALL
    low, high = (0.15, 0.5) if below else (0.5, 1.0)
    return round(project.beneficiaries * rng.uniform(low, high))


def _dated(
    lines: tuple[Line, ...], year: int, rng: Random, calendar: dict[str, Any]
) -> tuple[Line, ...]:
    """Date the file, on or before the deadline of the year before, and each funder's answer."""
    deadline = date.fromisoformat(f"{year - 1}-{calendar['deadline']}")
    # Most files come in during the last days.
    early = min(int(rng.expovariate(1 / 9)), calendar["open_days"])
    filed = deadline - timedelta(days=early)
    shortest, usual, longest = calendar["answer_days"]
    dated = []
    for line in lines:
        days = int(rng.triangular(shortest, longest, usual))
        unknown = rng.random() < calendar["unknown"]
        answered = line.status != "pending" and not unknown
        decided = (filed + timedelta(days=days)).isoformat() if answered else ""
        dated.append(replace(line, requested_on=filed.isoformat(), decided_on=decided))
    return tuple(dated)


def _detailed(action: Action, seed: int) -> Action:
    rng = Random(f"{seed}|{action.operator}|{action.title}")
    place = action.place
    codes = len(place.declared.split(", "))
    weights = tuple(rng.randint(1, 4) for _ in range(codes))
    said = rng.choices(("shares", "people", ""), (35, 35, 30))[0]
    if codes > 1 and said == "shares":
        steps = split_cents(100 // _STEP, weights)
        place = replace(place, shares=tuple(step * _STEP for step in steps))
    elif codes > 1 and said == "people":
        place = replace(place, people=weights)
    return replace(action, place=replace(place, address_kind=_address_kind(action, place, rng)))


def _address_kind(action: Action, place: Place, rng: Random) -> str:
    """Say what an address is; now and then it is only where the operator has its seat."""
    if not place.address:
        return ""
    vague = place.kind == "address"
    free = action.slot.dispositif == CALL and place.kind == "inside" and not place.declared
    seat = 35 if vague else 16 if free else 0
    return rng.choices(("seat", "activity", ""), (seat, 80 - seat, 20))[0]


def _entered_twice(projects: list[Project], year: int) -> list[Project]:
    """Enter two small new actions again: one under its own reference, one under another."""
    plain = sorted(filter(_plain, projects), key=_granted)
    if len(plain) < 2:
        return []
    first, second = plain[:2]
    title, again = first.action.title, second.action.title
    corrected = replace(first.action, title=title.removesuffix(" (fictif)") + _CORRECTED)
    retyped = replace(second.action, title=again.replace(" ", "  ", 1).replace("é", "e", 1))
    number = len(projects)
    return [
        replace(first, action=corrected, project_id=f"DEMO-{year}-{number + 1:03d}"),
        replace(
            second,
            action=retyped,
            reference="DA00009001-1",
            project_id=f"DEMO-{year}-{number + 2:03d}",
        ),
    ]


def _plain(project: Project) -> bool:
    action = project.action
    simple = action.slot.dispositif == CALL and action.place.kind == "inside"
    return simple and project.renewal == "new" and bool(project.reference) and _granted(project) > 0


def _granted(project: Project) -> int:
    return sum(line.granted or 0 for line in project.lines)
