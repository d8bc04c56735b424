"""Clients that the reference names may go on as they did there: repeat themselves, or send what is odd."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor.detectors.attack import ALPHA, Baseline, State, baseline_of, rehearsed, track
from monitor.detectors.attack.indicators import NAMES
from monitor.detectors.attack.lingering import odd_after_odd
from monitor.profiles.arrow import layout_of
from monitor.types import Roles

ROLES = Roles("time", client="client", prediction="answer")
ALARM = -np.log(ALPHA)
START = datetime(2026, 3, 2, tzinfo=UTC)


def posts(days: int, seed: int, *, first: int = 0, poster: str = "poster", ill: str = "ill") -> pa.Table:
    """Draw days of 600 rows of many clients; one posts near-copies of a row for an hour, one sends three far ones."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in range(first, first + days):
        values = rng.normal(size=(600, 6))
        who = np.char.add("client ", rng.integers(0, 120, 600).astype(str)).astype(object)
        times = np.sort(rng.uniform(0, 86_400, 600))
        copies = np.flatnonzero((times > 36_000) & (times < 39_600))[:20]
        values[copies] = np.arange(6) / 3 - 1 + rng.normal(0, 0.02, (copies.size, 6))
        who[copies] = poster
        odd = rng.choice(np.setdiff1d(np.arange(600), copies), 3, replace=False)
        values[odd] *= 2.5 / np.abs(values[odd]).mean(axis=1, keepdims=True)
        who[odd] = ill
        answers = np.where(values[:, 0] > 0, "yes", "no")
        at = [START + timedelta(days=day, seconds=float(second)) for second in times]
        parts.append(
            pa.table(
                {"time": at, "client": who.astype(str), "answer": answers}
                | {f"x{i}": values[:, i] for i in range(values.shape[1])}
            )
        )
    return pa.concat_tables(parts)


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    """Fit what is known beside sixty days of a poster, and of someone who is always odd."""
    reference = posts(60, 1)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    return rehearsed(found, reference, ROLES)


def accused(baseline: Baseline, traffic: pa.Table) -> set[str]:
    _, found = track(baseline, State.empty(baseline), traffic, ROLES, length=timedelta(days=1))
    return {one.client for one in found if not one.total and one.log_e >= ALARM}


def test_who_repeats_himself_in_the_reference_may_go_on(baseline: Baseline) -> None:
    assert accused(baseline, posts(14, 2, first=60)) == set()


def test_who_begins_to_repeat_himself_is_told_of(baseline: Baseline) -> None:
    assert "stranger" in accused(baseline, posts(14, 2, first=60, poster="stranger"))


def test_no_client_is_known_where_the_reference_names_none() -> None:
    reference = posts(20, 1).drop_columns(["client"])
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    assert rehearsed(found, reference, ROLES) is found


def test_a_client_of_few_rows_among_many_is_known_by_all_of_them(baseline: Baseline) -> None:
    few = posts(14, 2, first=60)
    theirs = few.filter(pa.array([who == "ill" for who in few["client"].to_pylist()]))
    together = theirs.set_column(0, "time", pa.array([START + timedelta(days=90, minutes=i) for i in range(42)]))
    assert "ill" not in accused(baseline, together)
    named = together.set_column(1, "client", pa.array(["new"] * 42))
    assert "new" in accused(baseline, named)


@pytest.mark.parametrize("days", [5, 20])
def test_how_near_clients_come_to_their_last_rows_is_counted_once_a_row(days: int) -> None:
    reference = posts(days, 4)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    walks = rehearsed(found, reference, ROLES).walks
    # nearly each client sends five rows a day, of which the third and those after it tell
    assert 0.3 * reference.num_rows < walks.sum() < 0.8 * reference.num_rows
    assert walks[:, found.copies.beside :].sum() < 0.1 * walks.sum()


def goers(rows: int, seed: int, *, many: int = 30) -> pa.Table:
    """Let thirty clients send a row every ten minutes, whose numbers go on from the client's last ones."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, many, 6))
    for i in range(1, rows):
        values[i] = 0.9 * values[i - 1] + np.sqrt(1 - 0.81) * values[i]
    at = [START + timedelta(seconds=20 * i) for i in range(rows * many)]
    columns = {f"x{i}": np.round(values[:, :, i].ravel(), 2) for i in range(6)}
    answers = np.where(columns["x0"] > 0, "yes", "no")
    return pa.table({"time": at, "client": [f"client {i}" for i in range(many)] * rows, "answer": answers} | columns)


def test_who_goes_on_from_row_to_row_in_the_reference_may_from_the_first_row_on() -> None:
    reference = goers(300, 5)
    found = baseline_of(reference, ROLES, layout_of(reference, ROLES), rng=np.random.default_rng(3))
    assert found
    known = rehearsed(found, reference, ROLES)
    after = odd_after_odd(known.lingering)
    assert 0.4 < after[NAMES.index("far_from_population")] < 0.9
    traffic = goers(80, 6)
    assert accused(known, traffic) == set() != accused(found, traffic)
