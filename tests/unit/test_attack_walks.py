"""Whether a row lies near its client's last one, however the stream is cut."""

import numpy as np
import pytest

from monitor.detectors.attack.fingerprint import TABLES
from monitor.detectors.attack.walks import empty_buckets, shared_with_last


@pytest.mark.parametrize("cuts", [(), (1, 2, 3), (4,)])
def test_rows_are_laid_beside_their_clients_last_row(cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    buckets = rng.integers(0, 2**64, (6, TABLES), dtype=np.uint64)
    places = np.array([3, 0, 3, -1, 0, 3])
    buckets[2, :5], buckets[4] = buckets[0, :5], buckets[1]
    last, found = empty_buckets(4), []
    for part in np.split(np.arange(6), list(cuts)):
        found += shared_with_last(last, buckets[part], places[part]).tolist()
    assert found == [0, 0, 5, 0, TABLES, 0]
