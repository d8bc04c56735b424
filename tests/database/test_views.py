"""Views: what pages are made of, taken from the tables and nothing else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from monitor.alerts.public import KEYS
from monitor.errors import MonitorError
from monitor.render import html, views
from monitor.render.metrics import exposition
from monitor.render.model_view import model_page
from monitor.store.alerts import alert_rows
from monitor.store.database import Database
from monitor.store.schema import alert, alert_event, judgement, measurement, profile, sighting, source_state

Fill = Callable[..., None]
START = datetime(2013, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "a' onload='x",
    "{{ 7*7 }}",
]


class Structure(HTMLParser):
    """Every element with the names of its attributes, in order."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.links: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_an_empty_database_has_pages(database: Database) -> None:
    assert b"No model is watched yet" in dict(html.site(database, now=START))["index.html"]


def test_the_overview_says_how_every_model_is(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.read() as connection:
        page = views.overview(connection)
    (model,) = page["models"]
    assert (model["health"], model["last"]["end"]) == ("alerting", START + 30 * HOUR)
    assert model["kinds"] == [("drift.data", 1), ("performance.realised", 1)]
    assert [row["kind"] for row in page["alerts"]] == ["performance.realised", "drift.data"]
    (receiver,) = page["receivers"]
    assert (receiver["state"], receiver["pending"], receiver["dead"]) == ("off", 2, 1)
    assert page["quarantine"][0]["rows"] == 3


def test_a_model_whose_source_stands_still_cannot_see_and_says_why(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.write() as connection:
        connection.execute(update(source_state).values(problem="logs/: permission denied"))
        page = views.overview(connection)
    assert page["models"][0]["health"] == "cannot see"
    assert page["models"][0]["why"] == "logs/: permission denied"


def test_models_in_trouble_come_first_and_those_that_are_not_watched_apart(database: Database, fill: Fill) -> None:
    for name in ("alpha", "beta", "gone"):
        fill(database, name=name, windows=3)
    with database.write() as connection:
        connection.execute(delete(alert_event))
        connection.execute(delete(alert).where(alert.c.model == "alpha"))
        page = views.overview(connection, watched=["alpha", "beta"])
    assert [(one["name"], one["health"]) for one in page["models"]] == [("beta", "alerting"), ("alpha", "ok")]
    assert page["healths"] == [("alerting", 1), ("ok", 1)]
    assert {row["model"] for row in page["alerts"]} == {"beta"}
    assert [one["name"] for one in page["gone"]] == ["gone"]
    written = html.overview_page(database, watched=["alpha", "beta"], now=START).decode()
    assert "1 alerting, 1 ok" in written
    assert 'Not in this configuration: <a href="model/gone.html">gone</a>' in written


def test_a_model_without_alerts_is_ok(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.write() as connection:
        connection.execute(delete(alert_event))
        connection.execute(delete(alert))
        assert views.overview(connection)["models"][0]["health"] == "ok"


def test_pages_count_what_fires_and_what_recovers_apart(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.write() as connection:
        connection.execute(update(alert).where(alert.c.kind == "drift.data").values(state="recovering"))
    pages = html.overview_page(database, now=START), html.model_page(database, "flight-delays", now=START) or b""
    assert all(b"1 firing, 1 recovering" in b" ".join(page.split()) for page in pages)


def test_every_alert_of_a_page_has_an_anchor_of_its_public_id(database: Database, fill: Fill) -> None:
    fill(database, windows=30, segment="<JFK>")
    with database.read() as connection:
        firing = [row["id"] for row in alert_rows(connection) if row["state"] in views.TOLD]
    assert len(firing) > 1
    for page in (html.overview_page(database, now=START), html.model_page(database, "flight-delays", now=START) or b""):
        assert sorted(re.findall(r' id="([0-9a-f]{12}-[0-9]+)"', page.decode())) == sorted(firing)


def test_the_index_gives_the_labels_of_the_newest_window_and_says_what_earlier_ones_came_to(
    database: Database, fill: Fill
) -> None:
    fill(database)
    with database.read() as connection:
        (model,) = views.overview(connection)["models"]
    newest, matured = model["last"], model["labelled"]
    assert (newest["matured"], matured["matured"]) == (False, True)
    page = html.overview_page(database, now=START).decode()
    assert f"{100 * newest['labelled'] / newest['rows']:.0f} % so far" in page
    assert f"{100 * matured['labelled'] / matured['rows']:.0f} % of " in page


def test_another_models_source_is_not_taken_for_ones_own() -> None:
    sources = [{"source": name} for name in ("a/records", "a/b/records", "ab/records", "a/labels")]
    assert [row["source"] for row in views.sources_of("a", sources)] == ["a/records", "a/labels"]


def test_alerts_have_the_public_keys_and_times_in_utc(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.read() as connection:
        rows = views.alerts(connection, name="flight-delays")
    assert {tuple(row) for row in rows} == {(*KEYS, "page")}
    assert {row["state"] for row in rows} == {"firing", "resolved"}


def test_windows_are_chosen_by_their_end(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.read() as connection:
        page = model_page(connection, "flight-delays", until=START + 12 * HOUR, last=5)
    assert [w["end"] for w in page["windows"]] == [START + HOUR * i for i in range(8, 13)]
    assert (page["links"]["earlier"], page["links"]["later"]) == (START + 7 * HOUR, START + 17 * HOUR)
    assert all(START + 8 * HOUR <= end <= START + 12 * HOUR for c in page["drift"] for end in c["cells"])


def test_an_undefined_measurement_stays_undefined(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.read() as connection:
        page = model_page(connection, "flight-delays")
    cells = [cell for column in page["drift"] for cell in column["cells"].values() if cell.outcome == "insufficient"]
    assert cells
    assert all(cell.value is None and cell.effect is None and cell.note for cell in cells)


def test_an_episode_that_began_before_the_windows_shown_is_still_shown(database: Database, fill: Fill) -> None:
    fill(database, windows=60)
    with database.read() as connection:
        page = model_page(connection, "flight-delays", last=5)
    assert {(e["kind"], e["end"]) for e in page["episodes"]} == {("drift.data", None), ("performance.realised", None)}


def test_columns_are_shown_for_the_window_in_which_most_drifted(database: Database, fill: Fill) -> None:
    fill(database, windows=30, columns=6)
    with database.read() as connection:
        columns = model_page(connection, "flight-delays")["columns"]
    assert columns is not None
    assert [c["name"] for c in columns["charts"]] == [f"column_{i}" for i in range(6)]
    assert columns["charts"][0]["reference"] != columns["charts"][0]["window"]


def test_a_window_without_a_profile_has_a_page_without_shapes(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.write() as connection:
        connection.execute(delete(profile))
    assert b"<h2>Columns</h2>" not in (html.model_page(database, "flight-delays", now=START) or b"")


def test_a_model_that_was_never_judged_has_a_page(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.write() as connection:
        connection.execute(delete(judgement))
        connection.execute(delete(measurement))
    assert b"No window has been judged yet" in (html.model_page(database, "flight-delays", now=START) or b"")


def test_versions_stand_beside_each_other_and_apart_from_segments(database: Database, fill: Fill) -> None:
    fill(database, windows=30)
    with database.read() as connection:
        segments = model_page(connection, "flight-delays")["segments"]
    assert [row["name"] for row in segments["versions"]] == ["version=v1", "version=v2"]
    assert [row["name"] for row in segments["rows"]] == ["origin=JFK"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_data_bring_no_element_or_attribute_into_a_page(database: Database, fill: Fill, name: str) -> None:
    plain = "x" * len(name)  # how long a name is decides whether it fits beside a bar
    benign = [Structure(page) for page in _pages(database, fill, plain)]
    hostile = [Structure(page) for page in _pages(database, fill, name)]
    assert [page.elements for page in hostile] == [page.elements for page in benign]
    assert not [link for page in hostile for link in page.links if ":" in link]


def test_the_page_shows_who_is_suspected_of_an_attack_and_why(database: Database, fill: Fill) -> None:
    fill(database, windows=30, column="mallory")
    (page,) = (page.decode() for path, page in html.site(database, now=START) if path.startswith("model/"))
    assert "mallory: signs of evasion" in page
    assert "1 in 10^21" in page
    assert "37 near-copies of one row, the answer flipped 9 times" in page
    assert "limit or block mallory" in page


def test_the_page_shows_of_a_client_its_own_flips_and_no_sign_that_is_no_more_than_usual(
    database: Database, fill: Fill
) -> None:
    fill(database, windows=30, column="mallory")
    with database.write() as connection:
        (row,) = connection.execute(select(sighting)).mappings().all()
        row = {name: value for name, value in row.items() if name != "id"}
        shared = {"clients": 3, "size": 579, "flips": 141, "own": {"size": 278, "flips": 0}}
        evidence = {"cluster": {**row["evidence"]["cluster"], **shared}}
        other = row | {"client": "trudy", "evidence": evidence}
        usual = row | {"detector": "doubtful", "hits": 4, "rows": 112, "rate": 0.0983, "log_e": 8.0, "evidence": {}}
        connection.execute(insert(sighting), [other, usual])
    (page,) = (page.decode() for path, page in html.site(database, now=START) if path.startswith("model/"))
    assert "278 near-copies of one row." in page
    assert "flipped 141 times" not in page
    assert "barely decided" not in page


def test_page_names_are_file_names_and_differ_where_models_do() -> None:
    names = ["a", "A", "../../etc/passwd", "..", "a/b", "a b", "", "é" * 300, *HOSTILE]
    pages = [views.page_name(name) for name in names]
    assert len({page.lower() for page in pages}) == len(names)
    assert all(page and len(page) < 100 and not set(page) & set("./\\ <>\"'") for page in pages)


def test_the_folder_holds_the_site_and_may_be_written_again(database: Database, fill: Fill, tmp_path: Path) -> None:
    fill(database, windows=30)
    folder = tmp_path / "site"
    assert html.write_site(database, folder, now=START) == html.write_site(database, folder, now=START) == 4
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    expected = [".monitor-dashboard", "index.html", "model/flight-delays.html", "static/script.js", "static/style.css"]
    assert found == expected


def test_a_folder_of_somebody_else_is_left_alone(database: Database, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(MonitorError, match="holds other files"):
        html.write_site(database, tmp_path, now=START)
    with pytest.raises(MonitorError, match="is a file"):
        html.write_site(database, tmp_path / "thesis.tex", now=START)


def test_metrics_escape_what_comes_from_data(database: Database, fill: Fill) -> None:
    fill(database, windows=5, name='a"b\\c\nd')
    with database.read() as connection:
        text = exposition(connection)
    assert 'monitor_window_rows{model="a\\"b\\\\c\\nd"}' in text
    assert 'monitor_dead_letters{receiver="a\\"b\\\\c\\nd-team"} 1' in text


def test_metrics_tell_what_fires_from_what_waits_to_clear(database: Database, fill: Fill) -> None:
    fill(database, windows=10)
    with database.write() as connection:
        (one, *_) = connection.scalars(select(alert.c.fingerprint).where(alert.c.kind == "drift.data")).all()
        connection.execute(update(alert).where(alert.c.fingerprint == one).values(state="recovering"))
        text = exposition(connection)
    found = [line for line in text.splitlines() if line.startswith("monitor_alerts{") and "drift.data" in line]
    assert 'monitor_alerts{model="flight-delays",kind="drift.data",state="recovering"} 1' in found
    assert 'monitor_alerts{model="flight-delays",kind="drift.data",state="firing"} 1' not in found


def _pages(database: Database, fill: Fill, name: str) -> list[bytes]:
    before = {row for row, _ in html.site(database, now=START)}
    fill(database, name=name, windows=12, columns=3, column=name, segment=f"{name}={name}", text=name)
    made = [page for path, page in html.site(database, now=START) if path.startswith("model/") and path not in before]
    with database.write() as connection:
        page = views.overview(connection)
    one = page | {k: [r for r in page[k] if name in str(r)] for k in page}
    return [*made, html._written("overview.html", one, live=False, root="")]  # noqa: SLF001  # one model's share of it
