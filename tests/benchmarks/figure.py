"""One number beside its target, and how figures are printed: a JSON object each, then a table."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One number with the range it should lie in; an open side is None, and a figure open on both is only shown.

    value: None where it could not be measured, and `how` says why.
    """

    what: str
    value: float | None
    unit: str
    how: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the target is kept; None where there is no number or no target."""
        if self.value is None or self.at_least is self.at_most is None:
            return None
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def target(self) -> str:
        """Write the range."""
        if self.at_least is None:
            return "shown" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}"
        return f"≥ {self.at_least:g} {self.unit}" if self.at_most is None else f"{self.at_least:g} to {self.at_most:g}"


def skipped(what: str, why: str) -> Figure:
    """Give the figure of something that could not be measured here."""
    return Figure(what, None, "", f"skipped: {why}")


def show(figures: Iterable[Figure]) -> bool:
    """Print each figure as it comes and all of them as a table; say whether no target was missed."""
    shown = []
    for figure in figures:
        print(json.dumps(asdict(figure) | {"target": figure.target, "met": figure.met}), flush=True)
        shown.append(figure)
    print(table(shown))
    return all(figure.met is not False for figure in shown)


def table(figures: Iterable[Figure]) -> str:
    """Write figures as a Markdown table."""
    lines = ["| what | target | measured | kept | how |", "|---|---|---|---|---|"]
    for one in figures:
        kept = {True: "yes", False: "**no**", None: "-"}[one.met]
        lines.append(f"| {one.what} | {one.target} | {_number(one)} | {kept} | {one.how} |")
    return "\n".join(lines)


def _number(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    return f"{figure.value:,.0f}" if figure.unit == "MB" else f"{figure.value:.3g}"
