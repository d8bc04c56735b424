"""Alerts that routes send to nobody."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from monitor.config import KINDS, Route


def unrouted(routes: Sequence[Route]) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where routes pass kinds of alerts over, whatever their model and severity."""
    passed = [kind for kind in KINDS if not any(_takes(route, kind) for route in routes)]
    if routes and passed:
        yield f"alerts of {', '.join(passed)} go to nobody", "end with a route without match, such as {to: [NAME]}"


def _takes(route: Route, kind: str) -> bool:
    return fnmatchcase(kind, route.match.kind or "*")
