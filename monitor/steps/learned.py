"""A reference that was learned from a model's first records, and the labels that come for them by themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from monitor.store.labels import count_labels
from monitor.store.records import record_span
from monitor.watch import Watch

SHARD = "learned"
"""Under what the reference's cursors keep what it was learned from."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def told_of(rows: pa.Table, watch: Watch, *, labelled: bool) -> dict[str, Any]:
    """Say what a reference was learned from: the times of its first and last record, how many, with labels or not."""
    span = pc.min_max(rows[watch.roles.timestamp]).as_py()
    return {
        "first": span["min"].isoformat(),
        "last": span["max"].isoformat(),
        "rows": rows.num_rows,
        "labelled": labelled,
    }


def labels_came(connection: Connection, watch: Watch, told: Mapping[str, Any]) -> bool:
    """Say whether the labels of the records that a reference was learned from, or is to be, are known by now.

    Earlier ones are no fair sample. Never where records bring their labels, or those records are not kept any more.
    """
    span, labels = record_span(connection, watch.name), watch.settings.labels
    if watch.labels is None or labels is None or span is None:
        return False
    first, last = (datetime.fromisoformat(told[name]) for name in ("first", "last"))
    days = (first - _EPOCH).days, (last - _EPOCH).days
    known = count_labels(connection, watch.name, *days) if span[0] <= first else 0
    if labels.max_delay is None:
        return known >= watch.settings.min_labels * int(told["rows"])
    return known > 0 and span[1] >= last + labels.max_delay
