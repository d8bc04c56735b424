"""Pages in a real browser, and Evidently's report."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monitor.errors import MonitorError
from monitor.render import html
from monitor.render.deep_report import too_many_values, write_report
from monitor.store.database import Database
from monitor.types import Roles
from monitor.web import create_app, serve

Fill = Callable[..., None]
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def url(sqlite: str) -> str:
    return sqlite


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there: pages were not tried in a browser")
def test_pages_open_from_a_folder_in_a_browser(database: Database, fill: Fill, tmp_path: Path) -> None:
    fill(database, windows=40)
    html.write_site(database, tmp_path / "site", now=datetime.now(UTC))
    drawn, said = _opened((tmp_path / "site/model/flight-delays.html").as_uri(), tmp_path)
    assert drawn.count("<svg") > 10
    assert 'id="tip"' in drawn
    assert not said


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not there: pages were not tried in a browser")
def test_served_pages_run_their_script_under_the_policy_and_nothing_else(
    database: Database, fill: Fill, tmp_path: Path
) -> None:
    name = '<script>document.title="taken"</script><img src=x onerror=document.title="taken">'
    fill(database, windows=40, name=name, column=name, segment=name, text=name)
    served = serve(create_app(database, now=lambda: datetime(2026, 3, 1, tzinfo=UTC)), "127.0.0.1", 0)
    try:
        link = html.views.page_name(name)
        drawn, said = _opened(f"{served.address}/model/{link}", tmp_path)
    finally:
        served.stop()
    assert 'id="tip"' in drawn
    assert "<title>taken" not in drawn
    assert not said


def test_no_name_turns_the_text_of_a_page_around_or_hides_in_it(database: Database, fill: Fill) -> None:
    name = "refund\u202egpj\u200b.exe\x07"
    fill(database, windows=40, name="loans", column=name, segment=name, text=name)
    page = html.model_page(database, html.views.page_name("loans"), live=True, now=datetime.now(UTC))
    assert page
    assert "refund�gpj�.exe␇" in page.decode()
    assert not set("\u202e\u200b\x07") & set(page.decode())


@pytest.mark.filterwarnings("default")
def test_a_report_lays_the_window_beside_the_reference(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    roles = Roles(timestamp="at", scores=("score",), label="late")
    rows = _rows(rng, 200, 1.0)
    hostile = [
        "</script><img src=x onerror=alert(1)>" if i % 7 == 0 else one
        for i, one in enumerate(rows["carrier"].to_pylist())
    ]
    rows = rows.set_column(rows.column_names.index("carrier"), "carrier", pa.array(hostile))
    write_report(_rows(rng, 300, 0.0), rows, roles=roles, out=tmp_path / "new" / "report.html")
    page = (tmp_path / "new" / "report.html").read_text()
    assert "onerror=alert(1)" in page
    assert "<img src=x" not in page
    assert "</script><img" not in page
    assert "<html" in page
    assert "carrier" in page
    assert re.search("ROC|Roc|Accuracy", page)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("scores", [{"bad": "score"}, {}])
def test_a_report_of_two_classes_that_are_words_measures_them(tmp_path: Path, scores: dict[str, str]) -> None:
    rng = np.random.default_rng(0)

    def rows(n: int) -> pa.Table:
        score = rng.random(n)
        met = np.where(rng.random(n) < score, "bad", "good")
        said = np.where(score > 0.5, "bad", "good")
        return pa.table({"outcome": met, "decision": said, "score": score, "x": rng.normal(size=n)})

    columns = {"scores": tuple(scores.values()), "classes": tuple(scores)}
    roles = Roles(timestamp="at", prediction="decision", label="outcome", **columns)
    write_report(rows(400), rows(200), roles=roles, out=tmp_path / "report.html")
    assert re.search("Accuracy", (tmp_path / "report.html").read_text())


@pytest.mark.filterwarnings("default")
def test_a_report_of_numbers_predicted_measures_their_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sides = [
        pa.table({"cost": cost, "predicted": cost + rng.normal(0, 1, len(cost)), "x": rng.normal(size=len(cost))})
        for cost in (rng.gamma(2, 900, 800), rng.gamma(2, 900, 133))
    ]
    roles = Roles(timestamp="at", prediction="predicted", label="cost")
    write_report(*sides, roles=roles, out=tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert re.search("MAE|Mean Absolute Error", page)
    assert "Accuracy" not in page


def test_texts_lists_and_names_are_too_varied_for_a_report() -> None:
    n = 400
    held = {"text": [f"late by {i} hours" for i in range(n)], "list": [[0.5, 1.0]] * n, "x": np.arange(n)}
    few = {"few": ["a", "b"] * (n // 2), "zip": np.arange(n), "id": list(map(str, range(n)))}
    rows = pa.table(held | few)
    roles = Roles(timestamp="at", id="id", kinds={"zip": "categorical"})
    assert too_many_values(rows, rows.slice(0, 10), roles) == {"text", "list", "zip"}


def test_a_report_without_rows_is_refused(tmp_path: Path) -> None:
    rows = _rows(np.random.default_rng(0), 10, 0.0)
    with pytest.raises(MonitorError, match="needs rows"):
        write_report(rows, rows.slice(0, 0), roles=Roles(timestamp="at"), out=tmp_path / "report.html")


def test_the_grafana_dashboard_reads_public_tables_only() -> None:
    for path in (html.dashboards() / "grafana").glob("*.json"):
        panels = json.loads(path.read_text())["panels"]
        queries = [target["rawSql"] for panel in panels for target in panel["targets"]]
        assert {table for query in queries for table in re.findall(r"FROM (\w+)", query)} <= {
            "measurement",
            "alert_event",
        }


def _opened(address: str, folder: Path) -> tuple[str, list[str]]:
    """Give the page as the browser has it after its scripts, and what the browser complained of."""
    plain = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    more = [f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--dump-dom", address]
    done = subprocess.run([CHROMIUM, *plain, *more], capture_output=True, timeout=60, check=True)  # noqa: S603
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode(), said


def _rows(rng: np.random.Generator, n: int, shift: float) -> pa.Table:
    return pa.table(
        {
            "at": pa.array([datetime(2013, 3, 1, tzinfo=UTC)] * n),
            "dep_delay": rng.normal(shift, 1, n),
            "carrier": rng.choice(["UA", "B6"], n).tolist(),
            "score": rng.random(n),
            "late": (rng.random(n) < 0.4).tolist(),
        }
    )
