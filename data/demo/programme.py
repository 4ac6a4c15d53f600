"""The fictitious programme, year after year: what is done, by whom, where and for how much."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from data.demo.money import Line, Money
from data.demo.places import Place, Placer
from geo.territory import Territory

Words = dict[str, Any]  # a part of vocabulary.toml
CALL = "appel-a-projets"  # the dispositif of every project that is of no other


@dataclass(frozen=True)
class Slot:
    """What a project of the year is to be: its dispositif and its theme."""

    dispositif: str
    theme: str


@dataclass(frozen=True)
class Action:
    """What an operator does, year after year, in the same place."""

    slot: Slot
    title: str
    operator: str
    place: Place


@dataclass(frozen=True)
class Project:
    """An action in one year, with its funding lines."""

    action: Action
    renewal: str
    reference: str
    beneficiaries: int | None
    lines: tuple[Line, ...]
    project_id: str = ""
    residents: int | None = None


class Generator:
    """Draws the years in order: each looks back at the one before."""

    def __init__(
        self, territory: Territory, vocabulary: Words, placer: Placer, rng: Random
    ) -> None:
        self.territory = territory
        self.words = vocabulary
        self.placer = placer
        self.rng = rng
        order = [funder.code for funder in territory.funders]
        self.money = Money(order, vocabulary["funders"], rng)
        self.last_dossier = 100
        self.dossiers: dict[str, tuple[str, int]] = {}
        self.taken: set[tuple[str, str]] = set()
        self.used: Counter[str] = Counter()
        self.served: set[tuple[str, str]] = set()

    def programme(self) -> dict[int, list[Project]]:
        """Draw every year of the vocabulary; one quarter is left without project in the last."""
        years: dict[int, list[Project]] = {}
        before: list[Project] = []
        for plan in self.words["years"]:
            last = plan is self.words["years"][-1]
            self.placer.barred = self.placer.quarters[-1].code if last else ""
            before = self.year(plan, before, last=last, first=not years)
            years[plan["year"]] = before
        return years

    def year(self, plan: Words, before: list[Project], *, last: bool, first: bool) -> list[Project]:
        """Draw one year: renewed actions, new ones, then money scaled to the year's total."""
        self.dossiers, self.served = {}, set()
        self.money.start_year(last=last)
        slots = self._slots(plan["projects"])
        renewed, open_slots = self._renew(slots, before)
        kinds = self._kinds(plan["projects"], renewed, last=last)
        new = [self._new(slot, kinds, first=first) for slot in open_slots]
        projects = self._settle(renewed + new, plan["granted_eur"] * 100)
        self.rng.shuffle(projects)
        return [
            replace(project, project_id=f"DEMO-{plan['year']}-{number:03d}")
            for number, project in enumerate(projects, start=1)
        ]

    # What: dispositifs, themes, renewals.

    def _slots(self, count: int) -> list[Slot]:
        """Share the year: the dispositifs first, then the call by the weights of the themes.

        Slots that restrict their kind of position come first, while every kind is left.
        """
        known = {term.code for term in self.territory.dispositifs}
        slots = [
            Slot(code, entry["themes"][number % len(entry["themes"])])
            for code, entry in self.words["dispositifs"].items()
            if code in known and not (entry.get("npnru") and not self.territory.npnru)
            for number in range(entry.get("count", 0))
        ]
        codes = [theme.code for theme in self.territory.nomenclature.themes]
        weights = {code: self.words["themes"][code]["weight"] for code in codes}
        shared = _share(count - len(slots), weights)
        call = [Slot(CALL, theme) for theme, size in shared.items() for _ in range(size)]
        return sorted(slots + call, key=lambda slot: "places" not in self._entry(slot))

    def _entry(self, slot: Slot) -> Words:
        """Return what the vocabulary says of a slot: its theme's entry under its dispositif's."""
        own = self.words["dispositifs"][slot.dispositif]
        return {**self.words["themes"][slot.theme], **own} if slot.dispositif == CALL else own

    def _renew(self, slots: list[Slot], before: list[Project]) -> tuple[list[Project], list[Slot]]:
        """Renew granted actions of the year before, slot by slot; return what is left to invent."""
        pool = [project for project in before if self._renewable(project)]
        self.rng.shuffle(pool)
        renewed, left = [], []
        for slot in slots:
            known = next((one for one in pool if one.action.slot == slot), None)
            if known and self.rng.random() < self._entry(slot)["renewed"]:
                pool.remove(known)
                renewed.append(self._again(known))
            else:
                left.append(slot)
        return renewed, left

    def _renewable(self, project: Project) -> bool:
        paid = any(line.granted for line in project.lines)
        return paid and self.placer.barred not in project.action.place.quarters

    def _again(self, project: Project) -> Project:
        action = project.action
        self._serve(action.slot, action.place)
        same = project.reference and self.rng.random() < 0.35
        return Project(
            action=action,
            renewal="renewed",
            reference=project.reference if same else self._reference(action.operator),
            beneficiaries=self._beneficiaries(action.slot),
            lines=self.money.again(project.lines, **self._purse(action.slot)),
        )

    # Where.

    def _kinds(self, count: int, renewed: list[Project], *, last: bool) -> list[str]:
        """List the kinds of position left to draw, in random order; the vertex comes out first."""
        rare = self.words["places"]
        sizes = {kind: round(count * share / 100) for kind, share in rare.items()}
        kinds = [kind for kind, size in sizes.items() for _ in range(size)]
        kinds += ["inside"] * (count - len(kinds))
        for project in renewed:
            _take(kinds, (project.action.place.kind, "inside"))
        self.rng.shuffle(kinds)
        return [*kinds, "vertex"] if last else kinds

    def _place(self, slot: Slot, kinds: list[str]) -> Place:
        entry = self._entry(slot)
        if "places" not in entry:
            return self.placer.draw(kinds.pop() if kinds else "inside")
        place = self.placer.draw(_take(kinds, entry["places"]), self._among(slot))
        self._serve(slot, place)
        return place

    def _among(self, slot: Slot) -> list[str]:
        """Keep renewal actions to their sites, and spread the others: one a quarter first."""
        if self._entry(slot).get("npnru"):
            return list(self.territory.npnru)
        codes = [quarter.code for quarter in self.placer.quarters]
        return [code for code in codes if (slot.dispositif, code) not in self.served]

    def _serve(self, slot: Slot, place: Place) -> None:
        self.served.update((slot.dispositif, code) for code in place.quarters)

    # Who.

    def _new(self, slot: Slot, kinds: list[str], *, first: bool) -> Project:
        place = self._place(slot, kinds)
        operator, title = self._operator_and_title(slot, place)
        lines = self.money.first(**self._purse(slot))
        said_renewed = first and self.rng.random() < self._entry(slot)["renewed"]
        return Project(
            action=Action(slot, title, operator, place),
            renewal="renewed" if said_renewed else "new",
            reference=self._reference(operator),
            beneficiaries=self._beneficiaries(slot),
            lines=self.money.invent_previous(lines) if said_renewed else lines,
        )

    def _operator_and_title(self, slot: Slot, place: Place) -> tuple[str, str]:
        """Draw a pair never drawn before: it is what ties an action to its renewals."""
        entry = self._entry(slot)
        for _ in range(1_000):
            operator = self._operator(entry["operators"])
            title = self.rng.choice(entry["titles"]).replace("{place}", place.label)
            pair = (operator, f"{title} (fictif)")
            if pair not in self.taken:
                self.taken.add(pair)
                self.used[operator] += 1
                return pair
        raise RuntimeError(f"Trop peu d'intitulés ou de porteurs inventés pour {slot}.")

    def _operator(self, families: list[str]) -> str:
        names = [
            f"{self.words['operators'][family]['kind']} {name}"
            for family in families
            for name in self.words["operators"][family]["names"]
        ]
        if self.rng.random() < 0.5:
            least = min(self.used[name] for name in names)
            return self.rng.choice([name for name in names if self.used[name] == least])
        return self.rng.choices(names, [1 / rank for rank in range(1, len(names) + 1)])[0]

    def _reference(self, operator: str) -> str:
        """Return a reference in DAUPHIN's shape: a file an operator, at times with more actions."""
        if self.rng.random() < 0.06:
            return ""
        dossier, action = self.dossiers.get(operator, ("", 0))
        if not dossier or self.rng.random() < 0.4:
            self.last_dossier += self.rng.randint(1, 9)
            dossier, action = f"DA{self.last_dossier:08d}", 0
        self.dossiers[operator] = (dossier, action + 1)
        return f"{dossier}-{action + 1}"

    def _beneficiaries(self, slot: Slot) -> int | None:
        low, high = self._entry(slot)["beneficiaries"]
        empty = slot.dispositif == CALL and self.rng.random() < 0.12
        return None if empty or not high else self.rng.randint(low, high)

    # How much.

    def _purse(self, slot: Slot) -> Words:
        """Return what the money of a slot depends on."""
        entry = self._entry(slot)
        everywhere = self.words["everywhere"]["funders"] if slot.dispositif == CALL else []
        return {
            "amount": entry["amount"],
            "asked": [*entry.get("funders", []), *everywhere],
            "sure": entry.get("sure", False),
        }

    def _settle(self, projects: list[Project], target: int) -> list[Project]:
        """Scale and round the year's money so that what is granted comes to the target (cents)."""
        factor = self.money.factor([project.lines for project in projects], target)
        return [
            replace(project, lines=self.money.settle(project.lines, factor)) for project in projects
        ]


def _share(count: int, weights: dict[str, float]) -> dict[str, int]:
    """Split a count by weights, at least one each, the rest to the largest remainders."""
    total = sum(weights.values())
    exact = {key: count * weight / total for key, weight in weights.items()}
    sizes = {key: max(1, int(value)) for key, value in exact.items()}
    missing = max(0, count - sum(sizes.values()))
    for key in sorted(exact, key=lambda key: sizes[key] - exact[key])[:missing]:
        sizes[key] += 1
    return sizes


def _take(kinds: list[str], wanted: Iterable[str]) -> str:
    """Take the first wanted kind that is left; if none is, the first one in place of another."""
    wanted = tuple(wanted)
    kind = next((one for one in wanted if one in kinds), None)
    if kind is not None:
        kinds.remove(kind)
    elif kinds:
        kinds.remove("inside" if "inside" in kinds else kinds[0])
    return kind or wanted[0]
