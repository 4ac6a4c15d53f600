"""What a few fictitious projects say besides: shares by quarter, a seat address, entered twice.

Drawn apart from the rest, by action, so that a renewed action keeps what it said and a new detail
does not redraw the programme.
"""

from dataclasses import replace
from random import Random

from analysis.allocation import split_cents
from data.demo.places import Place
from data.demo.programme import CALL, Action, Project

_STEP = 5  # shares are whole multiples of 5 %
_CORRECTED = " – dossier corrigé (fictif)"


def detail(years: dict[int, list[Project]], seed: int) -> dict[int, list[Project]]:
    """Add the details to every year, and to the last one two projects entered twice."""
    detailed = {
        year: [replace(project, action=_detailed(project.action, seed)) for project in projects]
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
