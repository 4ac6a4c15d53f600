"""Money of the fictitious projects: who is asked, for how much, with what answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

# Granted / requested, and how often (per cent): a funder rarely gives more than was asked.
SHARES = {1.0: 52, 0.9: 14, 0.8: 14, 0.7: 11, 0.5: 8, 1.08: 1}


@dataclass(frozen=True)
class Line:
    """A funder's answer, in cents; ``None`` is an empty cell.

    ``wanted`` is the amount drawn before the year is scaled, ``share`` is granted / requested and
    ``exact`` keeps the cents of an amount that is not round. Dates are ISO, empty when unknown.
    """

    funder: str
    wanted: float
    status: str
    share: float
    exact: bool
    requested: int | None = None
    granted: int | None = None
    previous: int | None = None
    requested_on: str = ""
    decided_on: str = ""


class Money:
    """Draws funding lines for the funders ``order``, asked as often as ``weights`` says."""

    def __init__(self, order: list[str], weights: dict[str, float], rng: Random) -> None:
        self.order = order
        self.weights = {code: float(weights.get(code, 1)) for code in order}
        self.unnamed = [code for code in order if code not in weights]
        self.rng = rng
        self.last = False

    def start_year(self, *, last: bool) -> None:
        """Say whether the year is the last: only there is much still pending."""
        self.last = last

    def first(self, *, amount: float, asked: list[str], sure: bool) -> tuple[Line, ...]:
        """Draw the lines of a new action, around ``amount`` euros in all."""
        total = amount * 100 * self.rng.lognormvariate(0, 0.5)
        funders = self._funders(asked)
        parts = [self.weights[code] * self.rng.uniform(0.5, 1.5) for code in funders]
        shared = [total * part / sum(parts) for part in parts]
        return self._answers(dict(zip(funders, shared, strict=True)), sure=sure)

    def again(
        self, lines: Sequence[Line], *, amount: float, asked: list[str], sure: bool
    ) -> tuple[Line, ...]:
        """Ask the funders of the year before for about the same; drop or add one at times.

        ``previous`` is, cell for cell, what the same funder granted the year before.
        """
        kept = [line for line in lines if self.rng.random() < 0.93] or [lines[0]]
        wanted = {
            line.funder: (line.requested or line.granted or 0) * self.rng.uniform(0.95, 1.1)
            for line in kept
        }
        new = [code for code in self._funders(asked) if code not in wanted]
        if new and self.rng.random() < 0.15:
            wanted[new[0]] = amount * 100 * self.rng.uniform(0.1, 0.3)
        before = {line.funder: line.granted for line in lines}
        answers = self._answers(wanted, sure=sure or self.rng.random() < 0.5)
        return tuple(replace(line, previous=before.get(line.funder)) for line in answers)

    def invent_previous(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        """Invent what was given before the first year."""
        return tuple(
            replace(line, previous=_round(line.wanted * self.rng.uniform(0.7, 1), exact=False))
            for line in lines
        )

    def factor(self, projects: Sequence[Sequence[Line]], target: int) -> float:
        """Return by what to multiply the year so that ``target`` cents are granted."""
        lines = [line for lines in projects for line in lines if line.status == "granted"]
        return target / sum(line.wanted * line.share for line in lines)

    def settle(self, lines: Sequence[Line], factor: float) -> tuple[Line, ...]:
        """Scale and round: refused is granted 0, pending and ineligible have no granted amount."""
        return tuple(self._settled(line, factor) for line in lines)

    def _settled(self, line: Line, factor: float) -> Line:
        requested = _round(line.wanted * factor, exact=line.exact)
        full = _round(requested * line.share, exact=line.exact)
        granted = {"granted": full, "refused": 0}.get(line.status)
        unknown = line.status == "granted" and self.rng.random() < 0.015
        return replace(line, requested=None if unknown else requested, granted=granted)

    def _funders(self, asked: list[str]) -> list[str]:
        """Draw one to four of the funders asked; those the vocabulary does not name always are."""
        left = [code for code in self.order if code in asked or code in self.unnamed]
        left = left or list(self.order)
        count = min(self.rng.choices((1, 2, 3, 4), (22, 36, 29, 13))[0], len(left))
        drawn = []
        for _ in range(count):
            chosen = self.rng.choices(left, [self.weights[code] for code in left])[0]
            left.remove(chosen)
            drawn.append(chosen)
        return drawn

    def _answers(self, wanted: dict[str, float], *, sure: bool) -> tuple[Line, ...]:
        """Draw the answers to one project, in the territory's order of funders."""
        outcome = "sure" if sure else self._outcome()
        return tuple(
            Line(
                funder=code,
                wanted=wanted[code],
                status=self._status(outcome),
                share=self.rng.choices(tuple(SHARES), tuple(SHARES.values()))[0],
                exact=self.rng.random() < 0.06,
            )
            for code in sorted(wanted, key=self.order.index)
        )

    def _outcome(self) -> str:
        weights = (84, 8, 2, 6) if self.last else (90, 7, 2, 1)
        return self.rng.choices(("granted", "refused", "ineligible", "pending"), weights)[0]

    def _status(self, outcome: str) -> str:
        """Give a line its project's outcome; a supported project may still be refused by one."""
        if outcome == "sure":
            return "granted"
        if outcome != "granted":
            return outcome
        weights = (87, 9, 4) if self.last else (90, 9, 1)
        return self.rng.choices(("granted", "refused", "pending"), weights)[0]


def _round(cents: float, *, exact: bool) -> int:
    """Round to 50 €, or to the cent for the few amounts that are not round; at least 100 €."""
    step = 1 if exact else 5_000
    return max(10_000, round(cents / step) * step)
