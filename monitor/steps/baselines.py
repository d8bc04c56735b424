"""What queries are laid beside: fitted on the reference, one for each version that has enough rows in it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.detectors.attack import Baseline, baseline_of, rehearsed
from monitor.profiles.layout import Layout
from monitor.steps.parts import OWN_ROWS
from monitor.store.references import WHOLE
from monitor.watch import Watch


def fitted(rows: pa.Table, watch: Watch, layout: Layout) -> dict[str, tuple[int, Baseline]]:
    """Give what queries are laid beside, with the rows that it was fitted on: of all, and of each version's own.

    Nothing where attacks are not watched for, or where the reference has too few rows or no feature to compare.
    """
    if not watch.settings.watches_attacks:
        return {}
    columns = tuple(column for column in layout.columns if column.name not in watch.settings.attacks.ignore)
    looked_at = replace(layout, columns=columns)
    seed = int.from_bytes(watch.seed, "little")
    found: dict[str, tuple[int, Baseline]] = {}
    for version, part in ((WHOLE, rows), *_own(rows, watch.roles.version)):
        baseline = baseline_of(part, watch.roles, looked_at, rng=np.random.default_rng(seed))
        if baseline is not None and (version == WHOLE or WHOLE in found):
            found[version] = part.num_rows, rehearsed(baseline, part, watch.roles)
    return found


def unpacked(packed: Mapping[str, bytes]) -> dict[str, Baseline]:
    """Give baselines from what the store keeps, but for those that another version of this program made."""
    found = {version: Baseline.unpacked(data) for version, data in packed.items()}
    return {version: baseline for version, baseline in found.items() if baseline is not None}


def by_version(rows: pa.Table, role: str | None, baselines: Mapping[str, object]) -> dict[str, pa.Table]:
    """Give the rows by the version whose baseline they are laid beside; "" for all that have none of their own."""
    if WHOLE not in baselines:
        return {}
    own = [version for version in baselines if version != WHOLE]
    if role is None or not own or role not in rows.column_names:
        return {WHOLE: rows}
    versions = rows[role].cast(pa.string())
    parts = {version: rows.filter(pc.equal(versions, version)) for version in own}
    known = pc.fill_null(pc.is_in(versions, value_set=pa.array(own, pa.string())), False)  # noqa: FBT003  # a value
    parts[WHOLE] = rows.filter(pc.invert(known))
    return {version: part for version, part in parts.items() if part.num_rows}


def _own(rows: pa.Table, role: str | None) -> Iterator[tuple[str, pa.Table]]:
    if role is None or role not in rows.column_names:
        return
    versions = rows[role].cast(pa.string())
    counts = [(one["values"], one["counts"]) for one in pc.value_counts(versions).to_pylist()]
    named = [(version, count) for version, count in counts if version]
    for version, count in named if len(named) > 1 else ():
        if count >= OWN_ROWS:
            yield version, rows.filter(pc.equal(versions, version))
