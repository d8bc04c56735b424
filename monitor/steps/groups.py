"""Look at groups: whether they are treated, labelled and sampled alike."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.config import Model
from monitor.detectors.detector import Detector
from monitor.detectors.fairness import SAMPLING, SELECTION, SHOWN, TREATMENT, compared_values
from monitor.detectors.fairness.sides import Sides, spread_name, spread_of, values_of
from monitor.profiles.layout import Layout
from monitor.profiles.profile import Profile
from monitor.steps.measure import Found, found_of
from monitor.store.references import GROUP, WHOLE
from monitor.types import Measurement, Window, crossing

Parts = Mapping[str, Profile]
UNITS = {"mean_error": "label's unit", "mean_prediction": "prediction's unit"}


@dataclass(frozen=True)
class Beside:
    """All profiles of the reference and of a window by segment, "" being all traffic."""

    references: Parts
    current: Parts

    @property
    def layout(self) -> Layout:
        """Give the layout that all of them have."""
        return self.references[WHOLE].layout

    def sides(self, column: str, segment: str) -> Sides:
        """Lay the groups of one column side by side; `segment` begins the names of their segments."""
        return Sides(column, segment, within(self.references, segment), within(self.current, segment))


def within(parts: Parts, segment: str) -> dict[str, Profile]:
    """Give the profiles of the segments of one column, by value."""
    begun = f"{segment}="
    return {name.removeprefix(begun): profile for name, profile in parts.items() if name.startswith(begun)}


def of_groups(beside: Beside, settings: Model) -> Iterator[Found]:
    """Compare the groups of every sensitive column, the label coverage of every segment's, and stated shares."""
    layout = beside.layout
    for column, segment, detectors in looked_at(layout):
        sides = beside.sides(column, segment)
        if not sides.current:
            continue
        for detector in detectors:
            for measurement in detector.compare(sides):
                yield found_of(detector, measurement, settings, layout)
        if segment.startswith(GROUP):
            yield from _shown(sides, settings)
    for column, shares in layout.roles.population.items():
        if column in layout.by_name:
            for measurement in SAMPLING.compare(column, shares, beside.current[WHOLE].columns[column]):
                yield found_of(SAMPLING, measurement, settings, layout)


def standing_gaps(references: Parts) -> Iterator[tuple[Detector, Measurement]]:
    """Measure the gaps that stand in the reference itself; of these no alert tells."""
    for column, segment, _ in looked_at(references[WHOLE].layout):
        groups = within(references, segment)
        if segment.startswith(GROUP) and groups:
            for detector in TREATMENT:
                for gap in detector.compare(Sides(column, segment, {}, groups)) if detector.armed else ():
                    yield detector, gap


def looked_at(layout: Layout) -> Iterator[tuple[str, str, tuple[Detector, ...]]]:
    """Give (column, beginning of its segments, detectors) of every column that splits the traffic into groups."""
    for column in layout.roles.sensitive:
        yield column, GROUP + column, (*TREATMENT, *SELECTION)
    for columns in layout.roles.intersections:
        yield crossing(columns), GROUP + crossing(columns), (*TREATMENT, *SELECTION)
    for column in layout.roles.segments:
        if column not in layout.roles.sensitive:
            yield column, column, SELECTION


def _shown(sides: Sides, settings: Model) -> Iterator[Found]:
    """Measure every group by itself: to be seen, and never a reason for an alert."""
    for kind, value in SHOWN:
        shown = Detector(value.name, kind, UNITS.get(value.name, "share"), values_of)
        for measurement in values_of(value, sides):
            found = found_of(shown, measurement, settings)
            yield Found(shown, measurement, kind, armed=False, setting=found.setting)


def group_spreads(windows: Mapping[tuple[str, Window], Profile], layout: Layout) -> dict[str, float]:
    """Give how much each gap differs between the reference's windows beyond its own error, by detector and column."""
    found: dict[str, float] = {}
    for column, segment, detectors in looked_at(layout):
        by_window = defaultdict[Window, dict[str, Profile]](dict)
        for (name, window), profile in windows.items():
            if name.startswith(f"{segment}="):
                by_window[window][name] = profile
        for detector in detectors:
            for value in compared_values(detector.name, layout):
                spread, name = spread_of(value, list(by_window.values())), spread_name(detector.name, column, value.of)
                found |= {} if spread is None else {name: max(spread, found.get(name, 0.0))}
    return found
