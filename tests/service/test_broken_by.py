"""Who sent the values by which a column is broken is told, where that is more than its part of the rows."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.alerts.causes import BROKEN_BY, sent_by
from monitor.alerts.finding import Group
from tests.service.keyed import START, fired
from tests.unit.test_wording import finding, group

A_DAY = 400


def days(first: int, count: int) -> dict[str, Any]:
    rng = np.random.default_rng(first + 50)
    n = count * A_DAY
    times = [START + timedelta(days=first + i // A_DAY, seconds=200 * (i % A_DAY)) for i in range(n)]
    keys = rng.choice([f"k{i}" for i in range(20)], n)
    return {"at": times, "key": keys, "age": rng.integers(1, 900, n).astype(float), "tld": rng.choice(["a", "b"], n)}


@pytest.mark.parametrize(
    ("column", "value", "detector"),
    [("age", -500.0, "out_of_range_share"), ("age", None, "missing_share"), ("tld", "zip", "unseen_share")],
)
def test_the_client_is_named_that_sent_what_cannot_be(
    tmp_path: Path, column: str, value: object, detector: str
) -> None:
    log = days(0, 6)
    of_one = (log["key"] == "k7") & (np.arange(6 * A_DAY) >= 3 * A_DAY)
    log[column] = [value if broken else one for one, broken in zip(log[column].tolist(), of_one, strict=True)]
    (found,) = [one for one in fired(tmp_path, days(-20, 20), log) if one["detector"] == detector]
    ((first),) = found["evidence"][BROKEN_BY]
    assert (first["client"], first["share"]) == ("k7", 1.0)
    assert 0.02 < first["traffic"] < 0.09
    if detector == "out_of_range_share":
        assert found["evidence"]["lowest"]["now"] == -500
        assert "lowest 1 → -500" in found["text"]


def told(*sent: tuple[str, float, float]) -> Group:
    clients = [{"client": name, "share": share, "traffic": traffic} for name, share, traffic in sent]
    return group(finding("missing_share", 0.1, column="age", evidence={BROKEN_BY: clients}))


def test_clients_are_named_for_most_of_it_and_for_more_than_their_part() -> None:
    said = "Clients that sent most of these values of age: bot 90 % (10 % of the rows)."
    assert [line.replace("%", " %").replace("  %", " %") for line in sent_by(told(("bot", 0.9, 0.1)))] == [said]
    clients = [{"client": "bot", "share": 0.8, "traffic": 0.1}]
    repeated = group(finding("repeated_share", 0.3, column="", evidence={BROKEN_BY: clients}))
    assert sent_by(repeated)[0].startswith("Clients that sent most of these rows: bot 80")
    assert sent_by(told(("big", 0.6, 0.5), ("other", 0.2, 0.2))) == []
    assert sent_by(told(("one", 0.1, 0.01), ("two", 0.1, 0.01), ("three", 0.1, 0.01))) == []
