from datetime import UTC, datetime, timedelta

import pytest

from monitor.commands import printing
from monitor.types import Window

START = datetime(2024, 1, 1, tzinfo=UTC)


def test_where_nobody_looks_on_a_long_pass_writes_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 20.0, 61.0, 62.0, 119.0, 125.0])
    monkeypatch.setattr(printing, "monotonic", lambda: next(times))
    with printing.progress_bar("as it was") as bar:
        for _ in range(3):
            bar.rows("fa\x1bres", 1_000)
        for day in range(2):
            bar.window("fares", Window(START + timedelta(days=day), START + timedelta(days=day + 1)))
    assert capsys.readouterr().err.splitlines() == [
        "as it was: fa\N{REPLACEMENT CHARACTER}res: 2,000 rows read, 61 s",
        "as it was: fares: judged 2024-01-02 00:00, 125 s",
    ]
