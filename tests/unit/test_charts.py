"""Charts: what stands where, undefined numbers absent, and nothing from data becomes markup."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from monitor.render import charts, lanes, shapes
from monitor.render.model_view import with_estimates
from monitor.render.svg import LEFT, RIGHT, WIDTH, TimeScale, ValueScale, read_number, tag

START = datetime(2013, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCALE = TimeScale(START, START + 10 * HOUR)
WINDOWS = [
    {"start": START + HOUR * i, "end": START + HOUR * (i + 1), "rows": 100, "labelled": 100 - 10 * i, "matured": i < 5}
    for i in range(10)
]


def point(**given: Any) -> SimpleNamespace:  # noqa: ANN401  # fields of all types
    plain = {"kind": "performance.realised", "value": 0.8, "low": 0.7, "high": 0.9, "n": 100}
    plain |= {"outcome": "clear", "reference": None}
    drift = {"effect": 0.2, "alpha": 1e-4, "p_value": 1e-9, "threshold": 0.1, "detector": "jensen_shannon", "note": ""}
    return SimpleNamespace(**(plain | drift | given))


def elements(drawing: str, name: str) -> list[ET.Element]:
    return list(ET.fromstring(drawing).iter("{http://www.w3.org/2000/svg}" + name))  # noqa: S314  # our own


def circles(drawing: str) -> list[str]:
    return [str(circle.get("class")) for circle in elements(drawing, "circle")]


@pytest.mark.parametrize("span", [1, 5, 24, 24 * 7, 24 * 90, 24 * 3000], ids=lambda hours: f"{hours} h")
def test_times_along_a_chart_are_round_and_at_most_eight_steps_apart(span: int) -> None:
    scale = TimeScale(START, START + span * HOUR)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 9
    assert all(scale.start <= at <= scale.end for at, _ in ticks)
    assert len({said for _, said in ticks}) == len(ticks)


def test_times_carry_the_year_where_it_could_be_in_doubt() -> None:
    year = TimeScale(START, START + timedelta(days=365)).ticks()
    turns = [at for i, (at, _) in enumerate(year) if i == 0 or at.year != year[i - 1][0].year]
    assert [at for at, said in year if said.endswith((" 2013", " 2014"))] == turns
    assert [at.year for at in turns] == [2013, 2014]
    night = TimeScale(datetime(2013, 12, 31, 18, tzinfo=UTC), datetime(2014, 1, 1, 6, tzinfo=UTC)).ticks()
    assert [said for _, said in night[:4]] == ["31 Dec 2013 18:00", "20:00", "22:00", "1 Jan 2014"]
    assert not any("2013" in said for _, said in TimeScale(START, START + timedelta(days=200)).ticks())


def test_instants_outside_a_chart_stay_at_its_edges() -> None:
    assert SCALE.x(START - HOUR) == LEFT
    assert SCALE.x(START + 99 * HOUR) == WIDTH - RIGHT


@pytest.mark.parametrize("values", [[], [0.0], [3.0, 3.0], [-1e-9, 1e-9], [0.1, 1e12], [-5.0, -4.0]], ids=str)
def test_every_set_of_values_has_a_scale_that_holds_it(values: list[float]) -> None:
    scale = ValueScale.around(values, top=0, bottom=100)
    assert scale.low < scale.high
    assert all(scale.low <= v <= scale.high for v in values)


def test_windows_whose_labels_still_come_are_hollow() -> None:
    points = {w["end"]: point() for w in WINDOWS}
    drawn = charts.metric(points, WINDOWS, SCALE, "accuracy")
    assert circles(drawn) == ["dot"] * 5 + ["dot hollow"] * 5
    assert "labels 50%, more may come" in drawn


def test_an_undefined_value_is_a_gap_and_never_a_point() -> None:
    points = {w["end"]: point(value=None if i == 3 else 0.8, low=None) for i, w in enumerate(WINDOWS)}
    drawn = charts.metric(points, WINDOWS, SCALE, "accuracy")
    assert len(circles(drawn)) == 9
    (line,) = [path for path in elements(drawn, "path") if path.get("class") == "line"]
    assert str(line.get("d")).count("M") == 2


def test_the_newest_reference_is_a_dashed_line_within_the_scale() -> None:
    points = {w["end"]: point(reference=2.0 if i < 5 else 0.95 if i < 9 else None) for i, w in enumerate(WINDOWS)}
    drawn = charts.metric(points, WINDOWS, SCALE, "accuracy")
    (dashed,) = [found for found in elements(drawn, "line") if found.get("class") == "reference"]
    grid = [float(str(found.get("y1"))) for found in elements(drawn, "line") if found.get("x1") == str(LEFT)]
    assert min(grid) < float(str(dashed.get("y1"))) < max(grid)
    assert "reference 0.95" in drawn
    assert "reference" not in charts.metric({w["end"]: point() for w in WINDOWS}, WINDOWS, SCALE, "accuracy")


@pytest.mark.parametrize("value", [0.78, 0.8, 0.82])
def test_the_names_of_the_reference_and_of_the_last_value_do_not_overlap(value: float) -> None:
    drawn = charts.metric({w["end"]: point(reference=value) for w in WINDOWS}, WINDOWS, SCALE, "accuracy")
    last, beside = (
        float(str(text.get("y")))
        for name in ("last", "beside")
        for text in elements(drawn, "text")
        if text.get("class") == name
    )
    assert abs(last - beside) >= 14


def test_the_drift_map_marks_breaches_and_leaves_undefined_cells_without_a_colour() -> None:
    cells = {WINDOWS[0]["end"]: point(outcome="breach"), WINDOWS[1]["end"]: point(p_value=0.9)}
    cells[WINDOWS[2]["end"]] = point(effect=None, value=None, outcome="insufficient")
    drawn = lanes.drift_map([{"name": "age", "kind": "drift.data", "cells": cells}], WINDOWS, SCALE)
    classes = [path.get("class") for path in elements(drawn, "path")]
    assert sorted(filter(None, classes)) == ["d0", "d4", "hatch", "unknown"]
    assert [rect.get("class") for rect in elements(drawn, "rect")] == ["breach"]


def test_a_column_has_a_lane_in_which_its_segments_are_drawn_over_the_whole() -> None:
    labels = {"kind": "drift.data", "detector": "psi", "column": "age", "segment": ""}
    episodes = [
        labels | {"segment": "origin=JFK", "start": START + HOUR, "end": None},
        labels | {"start": START, "end": START + 4 * HOUR},
        labels | {"column": "wind", "start": START + 5 * HOUR, "end": START + 6 * HOUR},
    ]
    drawn = lanes.timeline(episodes, SCALE)
    bars = elements(drawn, "rect")
    assert [bar.get("class") for bar in bars] == ["episode", "episode open part", "episode"]
    lower = [float(bar.get("y")) for bar in bars]
    assert abs(lower[0] - lower[1]) < lanes.LANE / 2 < lanes.LANE <= lower[2] - lower[0]


@pytest.mark.parametrize("case", ["numeric", "constant", "no edges", "categories", "empty window"])
def test_every_column_has_a_shape(case: str) -> None:
    column: dict[str, Any] = {"name": case, "edges": [0.0, 1.0, 2.0, 4.0], "categories": None}
    column |= {"reference": [0, 5, 5, 5, 0], "window": [1, 0, 0, 9, 9]}
    if case == "constant":
        column |= {"edges": [3.0, np.nextafter(3.0, 4.0)], "reference": [0, 9, 0], "window": [1, 1, 1]}
    if case == "no edges":
        column |= {"edges": [], "reference": [0], "window": [3]}
    if case == "categories":
        column |= {"edges": None, "categories": ["a", "b", "c", "other", "unseen"]}
    if case == "empty window":
        column |= {"window": [0, 0, 0, 0, 0]}
    drawn = shapes.shape(column)
    assert elements(drawn, "title")
    assert "nan" not in drawn


def test_an_axis_begins_at_the_references_minimum() -> None:
    counts = [0, 1, 500, 500, 0]
    drawn = shapes.shape(
        {"name": "x", "edges": [0.5, 1.5, 2.5, 4.0], "categories": None}
        | dict.fromkeys(("reference", "window"), counts)
    )
    assert [text.text for text in elements(drawn, "text")] == ["0.5", "4"]


def test_few_whole_numbers_are_bars_with_their_values() -> None:
    edges = [0.0, 1.0, np.nextafter(1.0, 2.0)]
    column = {"name": "is_repeated_guest", "edges": edges, "categories": None}
    drawn = shapes.shape(column | {"reference": [0, 97, 3, 0], "window": [0, 90, 9, 1]})
    labels = [text for text in elements(drawn, "text") if text.get("class") == "label"]
    assert ["".join(text.itertext()).rpartition("%")[2] for text in labels] == ["0", "1", "> 1"]


def test_spread_rows_are_all_there() -> None:
    shares = shapes.spread([0.0, 1.0, 2.0, 4.0], np.array([2.0, 5.0, 1.0, 7.0, 3.0]), np.linspace(0.5, 3, 11))
    assert shares.sum() == pytest.approx(1)


def test_text_and_attributes_are_escaped() -> None:
    made = tag("text", "<script>", data_name='"><img onerror=1>')
    assert made == '<text data-name="&#34;&gt;&lt;img onerror=1&gt;">&lt;script&gt;</text>'


def test_an_undefined_number_is_a_dash() -> None:
    assert read_number(None) == "-"


def test_an_estimate_stands_in_the_chart_of_what_it_is_of() -> None:
    guessed = {w["end"]: point(kind="performance.estimated", value=0.6, low=0.5, high=0.7) for w in WINDOWS}
    known = {w["end"]: point() for w in WINDOWS[:5]} | {w["end"]: point(value=None) for w in WINDOWS[5:]}
    drawing = str(charts.metric(known, WINDOWS, SCALE, "ROC AUC", guessed))
    assert circles(drawing).count("dot guess") == 10
    assert circles(drawing).count("dot") == 5
    assert [p.get("class") for p in elements(drawing, "path")] == ["band guess", "line guess", "band", "line"]
    assert any("estimated 0.6 (0.5 to 0.7)" in str(title.text) for title in elements(drawing, "title"))


def test_the_past_error_of_an_estimate_is_that_of_the_windows_whose_labels_came() -> None:
    known = {w["end"]: point(value=0.8 if i < 4 else None) for i, w in enumerate(WINDOWS)}
    guessed = {w["end"]: point(value=0.8 + 0.02 * (-1) ** i) for i, w in enumerate(WINDOWS)}
    metrics = [
        {"kind": "performance.realised", "title": "accuracy", "points": known},
        {"kind": "performance.estimated", "title": "estimated accuracy", "points": guessed},
    ]
    (one,) = with_estimates(metrics)
    assert one["estimated"] == guessed
    assert one["past"] == (pytest.approx(0.02), 4)
    (alone,) = with_estimates(metrics[1:])
    assert (alone["estimated"], alone["past"]) == (None, None)


def test_a_course_shows_the_line_the_limit_and_the_day_it_is_reached() -> None:
    scale = TimeScale(START, START + 20 * HOUR)
    line = ((START + HOUR, 0.8), (START + 10 * HOUR, 0.7), (START + 20 * HOUR, 0.6))
    course = charts.Course(START + 3 * HOUR, line, START + 18 * HOUR, 0.62)
    drawn = str(charts.metric({w["end"]: point() for w in WINDOWS}, WINDOWS, scale, "accuracy", course=course))
    (trend,) = [path for path in elements(drawn, "path") if path.get("class") == "line trend"]
    assert str(trend.get("d")).count("L") == 2
    assert "limit 0.62" in drawn
    assert drawn.count('class="upright"') == 2
    unreached = charts.Course(START - HOUR, line, START + 30 * HOUR, 0.5)
    assert "upright" not in str(charts.metric({}, WINDOWS, scale, "accuracy", course=unreached))
