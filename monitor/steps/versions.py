"""New versions of a model, and what they do differently from the older one on the same windows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.detectors.versions import new_version, version_inputs, version_performance, version_predictions
from monitor.profiles.profile import Profile
from monitor.steps.measure import Found, found_of
from monitor.steps.parts import VERSION
from monitor.steps.slices import OTHER
from monitor.store.references import WHOLE

if TYPE_CHECKING:
    from monitor.steps.looks import Sight


def new_versions(sight: "Sight") -> Iterator[Found]:
    """Say of each version that came later than the model's first window what share of the rows it answers.

    It goes on being measured for as long as an alert about it may need to be resolved, even where it is gone.
    """
    length = sight.window.end - sight.window.start
    for version, first in _later(sight.versions, sight.references).items():
        age = (sight.window.start - first) // length
        rows = sight.current[VERSION + version].rows if VERSION + version in sight.current else 0
        if age >= 0 and (rows or age <= new_version.ESTABLISHED + sight.settings.clear):
            for measurement in new_version.compare(rows, sight.whole.rows, age):
                yield found_of(new_version.DETECTOR, replace(measurement, segment=VERSION + version), sight.settings)


def versions_compared(sight: "Sight") -> Iterator[Found]:
    """Lay each newer version beside the one that was there first, in this window."""
    held = [name.removeprefix(VERSION) for name in sight.current if name.startswith(VERSION)]
    held = [version for version in held if version != OTHER and version in sight.versions]
    if len(held) < 2:
        return
    older = min(held, key=lambda version: (sight.versions[version], -sight.current[VERSION + version].rows))
    for version in held:
        if sight.versions[version] > sight.versions[older]:
            yield from _compared(sight, older, version)


def _later(versions: Mapping[str, datetime], references: Mapping[str, Profile]) -> dict[str, datetime]:
    """Give the versions that are new to the model at some time: not the reference's, nor those it began with."""
    known = {name.removeprefix(VERSION) for name in references if name.startswith(VERSION)}
    begun = versions.get("")
    return {
        version: first
        for version, first in versions.items()
        if version not in ("", OTHER, *known) and (known or first != begun)
    }


def _compared(sight: "Sight", older: str, newer: str) -> Iterator[Found]:
    before, after = sight.current[VERSION + older], sight.current[VERSION + newer]
    layout = sight.references[WHOLE].layout
    speaking = {
        version_predictions.NAME: version_predictions.main_outputs(layout),
        version_performance.NAME: (version_performance.main_metric(layout),),
    }
    for detector in (version_predictions.DETECTOR, version_performance.DETECTOR, version_inputs.DETECTOR):
        for measurement in detector.compare(before, after):
            note = measurement.note or (f"beside version {older}" if measurement.value is not None else "")
            placed = replace(measurement, segment=VERSION + newer, note=note)
            found = found_of(detector, placed, sight.settings)
            asked = found.setting.value is not None or measurement.column in speaking.get(detector.name, ())
            yield found if asked else replace(found, armed=False)
