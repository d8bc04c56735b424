"""More values are missing where more rows come that never have them, and nothing is broken."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.service.keyed import CONFIG, START, fired

A_DAY, ONSET = 600, 5


def payments(first: int, count: int, *, online: float = 0.3, broken: float = 0.0) -> dict[str, Any]:
    """Draw days of payments, those online without a distance; from the fifth on more are online, or lack one anyway."""
    rng, n = np.random.default_rng(first + 60), count * A_DAY
    day = first + np.arange(n) // A_DAY
    late = day >= ONSET
    channel = np.where(rng.random(n) < np.where(late, online, 0.3), "online", rng.choice(["chip", "tap"], n))
    lacks = (channel == "online") | (rng.random(n) < 0.02) | (late & (rng.random(n) < broken))
    times = [START + timedelta(days=int(d), seconds=140 * (i % A_DAY)) for i, d in enumerate(day.tolist())]
    distance = pa.array(np.where(lacks, np.nan, rng.gamma(2, 5, n)), from_pandas=True)
    return {"at": times, "key": rng.choice([f"k{i}" for i in range(40)], n), "channel": channel, "km": distance}


@pytest.mark.parametrize(
    ("online", "broken", "told"),
    [(0.45, 0.0, False), (0.3, 0.15, True), (0.45, 0.15, True)],
    ids=["mix", "feed", "both"],
)
def test_what_a_mix_of_segments_explains_is_no_broken_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, online: float, broken: float, *, told: bool
) -> None:
    segments = CONFIG.replace("client: key}", "client: key, segments: [channel]}")
    monkeypatch.setattr("tests.service.keyed.CONFIG", segments)
    found = fired(tmp_path, payments(-30, 30), payments(0, 10, online=online, broken=broken))
    assert (("quality", "km", "") in {(one["kind"], one["column"], one["segment"]) for one in found}) == told
    assert ("channel" in {one["column"] for one in found}) == (online > 0.3)
