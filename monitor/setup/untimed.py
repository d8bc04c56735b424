"""A reference without times, of which nobody can say how much its days differ."""

from collections.abc import Iterator

import pyarrow as pa

from monitor.config import Model
from monitor.profiles.correlation import WINDOWS_NEEDED


def untimed(model: Model, reference: pa.Table, records: pa.Table | None) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where rows of a reference name no time, as records do."""
    name = model.columns.timestamp
    logged = records is not None and name in records.column_names
    if logged and reference.num_rows and name not in reference.column_names:
        problem = (
            f"the reference has no column {name!r}: how much one window differs from the next is not known before "
            f"{WINDOWS_NEEDED} have passed, and until then what comes and goes, as weather does, may be told as drift"
        )
        yield problem, f"give each of its rows the time at which it was seen, as {name!r}"
