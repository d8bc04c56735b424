"""Guesses of roles from names and values, and that what is written loads and passes its own checks."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from monitor.commands.setting_up import init
from monitor.config import Config, Data, load
from monitor.errors import ConfigError
from monitor.setup.checks import check
from monitor.setup.delay import delay_of
from monitor.setup.guess import Guess, guess
from monitor.setup.initial import initial
from monitor.setup.template import written

N, HOUR = 600, timedelta(hours=1)
START = datetime(2024, 5, 1, tzinfo=UTC)
DRAW = random.Random(7)
P = [DRAW.random() for _ in range(N)]
COLUMNS: dict[str, Any] = {
    "logged_at": [START + timedelta(minutes=i) for i in range(N)],
    "request_id": [f"r{i:05d}" for i in range(N)],
    "api_key": [f"k{DRAW.randrange(40)}" for _ in range(N)],
    "model_version": ["v1"] * N,
    "origin": [DRAW.choice(["JFK", "LGA", "EWR"]) for _ in range(N)],
    "distance": [DRAW.gauss(900, 300) for _ in range(N)],
    "customer_type": [DRAW.choice(["a", "b"]) for _ in range(N)],
    "p_delay": P,
    "predicted": [int(p > 0.5) for p in P],
    "delayed": [int(DRAW.random() < p) for p in P],
    "session": [f"s{DRAW.random()}" for _ in range(N)],
    "mode": ["live"] * N,
    "tags": [[1, 2]] * N,
    "comment": [f"late by {DRAW.random()} hours" for _ in range(N)],
    "label_at": [START + timedelta(days=DRAW.randrange(9), minutes=i) for i in range(N)],
}


def with_columns(**columns: Any) -> pa.Table:  # noqa: ANN401
    return pa.table({**COLUMNS, **columns})


def without(*names: str) -> pa.Table:
    return pa.table(COLUMNS).drop_columns(list(names))


def chosen(found: Guess, role: str) -> str | None:
    choice = getattr(found, role)
    return None if choice is None else str(choice.column)


def names(found: Guess, role: str) -> list[str]:
    return [choice.column for choice in getattr(found, role)]


@pytest.mark.parametrize(
    ("role", "column"),
    [
        ("timestamp", "logged_at"),
        ("id", "request_id"),
        ("client", "api_key"),
        ("version", "model_version"),
        ("prediction", "predicted"),
        ("label", "delayed"),
    ],
)
def test_each_role_is_found_by_name_and_content_with_a_reason(role: str, column: str) -> None:
    found = guess(pa.table(COLUMNS))
    assert chosen(found, role) == column
    assert getattr(found, role).reason


def test_scores_segments_and_what_means_nothing_are_found() -> None:
    found = guess(pa.table(COLUMNS))
    assert names(found, "scores") == ["p_delay"]
    assert names(found, "segments") == ["origin", "customer_type"]
    assert sorted(names(found, "ignore")) == ["label_at", "mode", "session", "tags"]


def test_scores_that_sum_to_one_are_of_classes() -> None:
    scores = {"proba_cat": [p * 0.6 for p in P], "proba_car": [p * 0.4 for p in P], "proba_dog": [1 - p for p in P]}
    found = guess(pa.table({"logged_at": COLUMNS["logged_at"], **scores, "z": P}))
    assert found.classes == ("cat", "car", "dog")
    assert names(found, "scores") == list(scores)


@pytest.mark.parametrize("heights", [(1.0, 1.0, 1.0), (1.0, 0.1, 1.0)], ids=["all are decided", "c1 never is"])
def test_classes_are_named_as_the_prediction_does(heights: tuple[float, ...]) -> None:
    drawn = [[DRAW.random() * height for height in heights] for _ in range(N)]
    rows = [[one / sum(row) for one in row] for row in drawn if max(row) > row[1] or heights[1] == 1.0]
    said = [f"c{row.index(max(row))}" for row in rows]
    table = pa.table({**dict(zip(("p0", "p1", "p2"), zip(*rows, strict=True), strict=True)), "pred": said})
    found = guess(table)
    assert found.classes == ("c0", "c1", "c2")
    assert found.scores[0].reason.endswith("each is the highest where pred holds its class")


def test_classes_keep_the_names_of_their_scores_where_the_prediction_shows_no_others() -> None:
    scores = {"p0": [p * 0.6 for p in P], "p1": [p * 0.4 for p in P], "p2": [1 - p for p in P]}
    for said in (["0", "2"], ["up", "down"]):
        drawn = [DRAW.choice(said) for _ in P]
        assert guess(pa.table({**scores, "pred": drawn})).classes == ("0", "1", "2")


def test_an_id_that_hardly_comes_again_means_nothing_to_the_model() -> None:
    ids = [DRAW.randrange(10**4) for _ in range(N)]
    found = guess(with_columns(customer_id=ids, amount=ids, shop_id=[one % 50 for one in ids]))
    assert "customer_id" in names(found, "ignore")
    assert not {"amount", "shop_id"} & {*names(found, "ignore")}
    (why,) = [choice.reason for choice in found.ignore if choice.column == "customer_id"]
    assert why == "named like an id, and hardly a value comes again"


@pytest.mark.parametrize(("high", "low", "named"), [("late", "on time", ("late",)), ("1", "0", ()), ("yes", "no", ())])
def test_one_score_is_that_of_the_word_that_is_predicted_where_it_is_high(
    high: str, low: str, named: tuple[str, ...]
) -> None:
    p = [i / 99 for i in range(100)]
    found = guess(pa.table({"p_delay": p, "predicted": [high if one > 0.4 else low for one in p]}))
    assert ([one.column for one in found.scores], found.classes) == (["p_delay"], named)


def test_of_two_scores_that_sum_to_one_the_positive_is_kept() -> None:
    two = pa.table({"logged_at": COLUMNS["logged_at"], "prob_0": [1 - p for p in P], "prob_1": P})
    found = guess(two)
    assert (names(found, "scores"), found.classes, names(found, "ignore")) == (["prob_1"], (), ["prob_0"])


def test_nothing_is_guessed_where_nothing_shows() -> None:
    found = guess(pa.table({"a": P, "b": P[::-1]}))
    assert [chosen(found, r) for r in ("timestamp", "id", "client", "version", "prediction", "label")] == [None] * 6
    assert (found.scores, found.segments, found.ignore) == ((), (), ())


def test_an_empty_sample_has_no_roles() -> None:
    assert guess(pa.table({})).timestamp is None


def test_times_may_be_text_or_seconds_since_1970() -> None:
    texts = [t.isoformat() for t in COLUMNS["logged_at"]]
    seconds = [int(t.timestamp()) for t in COLUMNS["logged_at"]]
    for values in (texts, seconds):
        assert chosen(guess(pa.table({"x": P, "ts": values})), "timestamp") == "ts"
    assert chosen(guess(pa.table({"x": P, "price": seconds})), "timestamp") is None


@pytest.mark.parametrize("values", [[0, 1], ["new", "returning"]])
def test_whether_a_customer_is_new_names_no_client(values: list[object]) -> None:
    rows = {name: column for name, column in COLUMNS.items() if name != "api_key"}
    found = guess(pa.table(rows | {"new_customer": [values[i % 2] for i in range(N)]}))
    assert chosen(found, "client") is None


def test_a_client_that_never_comes_again_is_none() -> None:
    assert chosen(guess(with_columns(api_key=[f"k{i}" for i in range(N)])), "client") is None


def test_the_version_of_the_askers_program_is_not_the_models() -> None:
    programs = {"app_version": [f"8.{i % 3}" for i in range(N)]}
    assert (
        chosen(
            guess(without("model_version").append_column("app_version", pa.array(programs["app_version"]))), "version"
        )
        is None
    )
    assert chosen(guess(with_columns(**programs)), "version") == "model_version"


@pytest.mark.parametrize(("name", "found"), [("seller_id", True), ("partner", True), ("vendor", True), ("shop", False)])
def test_who_sells_or_brings_may_be_who_asked_where_nobody_is_called_a_client(name: str, *, found: bool) -> None:
    someone = {name: [f"s{i % 9}" for i in range(N)]}
    columns = guess(without("api_key").append_column(name, pa.array(someone[name])))
    assert chosen(columns, "client") == (name if found else None)
    assert chosen(guess(with_columns(**someone)), "client") == "api_key"


@pytest.mark.parametrize("name", ["reviewer_id", "labelled_by", "annotator"])
def test_who_gave_labels_is_no_feature_and_no_label(name: str) -> None:
    people = [f"r{i % 5}" for i in range(N)]
    assert chosen(guess(with_columns(**{name: people})), "contributor") == name
    labels = pa.table({"request_id": COLUMNS["request_id"], "outcome_x": [i % 2 for i in range(N)], name: people})
    found = guess(without("delayed"), labels=labels)
    assert (chosen(found, "contributor"), chosen(found, "label")) == (name, "outcome_x")
    labels = labels.rename_columns(["request_id", "outcome_x", "handled_by"])
    found = guess(without("delayed"), labels=labels)
    assert (chosen(found, "contributor"), chosen(found, "label")) == ("handled_by", "outcome_x")
    assert chosen(guess(with_columns(handled_by=people)), "contributor") is None
    assert chosen(guess(with_columns(rated_by=[f"once {i}" for i in range(N)])), "contributor") is None


def test_groups_that_must_not_be_treated_worse_are_suggested_and_stay_features() -> None:
    columns = {
        "gender": ["f", "m", "x"] * (N // 3),
        "age_band": ["<30", "30+"] * (N // 2),
        "page": ["a", "b"] * (N // 2),
    }
    found = guess(with_columns(**columns))
    assert names(found, "sensitive") == ["gender", "age_band"]
    text = written(found, data=Data(files="logs/*.parquet"))
    assert "# sensitive: [gender, age_band]" in text
    assert "# intersections: [[gender, age_band]]" in text
    assert "# sensitive: [sex, age]" in written(guess(pa.table(COLUMNS)), data=Data(files="logs/*.parquet"))


@pytest.mark.parametrize("known", [True, False])
def test_what_decisions_mean_is_told_by_the_labels_that_they_go_with(*, known: bool) -> None:
    queues = {"bug": "Bug report", "login": "Log-in problems", "refund": "Refunds"}
    said = [DRAW.choice([*queues]) for _ in range(N)]
    right = [DRAW.random() < (0.7 if known else 0.0) for _ in range(N)]
    label = [queues[one if yes else DRAW.choice([*queues])] for one, yes in zip(said, right, strict=True)]
    rows = without("predicted", "delayed", "p_delay").append_column("predicted_queue", pa.array(said))
    found = guess(rows, reference=rows.append_column("actual", pa.array(label)))
    assert (chosen(found, "prediction"), chosen(found, "label")) == ("predicted_queue", "actual")
    assert found.meanings == (queues if known else {})


def test_a_list_of_frauds_is_taken_for_one(tmp_path: Path) -> None:
    rows = pa.table(COLUMNS).drop_columns(["delayed", "predicted"])
    fraud = [int(i % 50 == 0) for i in range(N)]
    (tmp_path / "chargebacks").mkdir()
    pq.write_table(rows, tmp_path / "log.parquet")
    pq.write_table(rows.append_column("is_fraud", pa.array(fraud)), tmp_path / "reference.parquet")
    listed = {"request_id": COLUMNS["request_id"][::50], "reason_code": ["4837", "4863", "4871", "4834"] * (N // 200)}
    listed |= {"reported_at": [START + timedelta(days=9, minutes=i) for i in range(N // 50)]}
    pq.write_table(pa.table(listed), tmp_path / "chargebacks" / "a.parquet")
    text = initial("log.parquet", reference="reference.parquet", labels="chargebacks", here=tmp_path, root=tmp_path)
    assert "label: is_fraud" in text
    assert "present: 1, absent: 0}" in text
    found = check(load(text, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    assert not [one for one in found if one.severity == "error"]


def test_a_chance_named_after_the_label_is_the_score_and_a_class_of_something_is_no_label() -> None:
    chance = [i % 40 / 40 for i in range(N)]
    columns = {"request_id": COLUMNS["request_id"], "logged_at": COLUMNS["logged_at"], "will_claim": chance}
    sample = pa.table({**columns, "nc_class": [i % 9 for i in range(N)]})
    assert (label_of(guess(sample)), guess(sample).scores) == (None, ())
    labels = pa.table({"request_id": COLUMNS["request_id"], "claim": [i % 2 for i in range(N)]})
    found = guess(sample, labels=labels)
    assert (label_of(found), names(found, "scores")) == ("claim", ["will_claim"])


def beside_a_score(**columns: list[Any]) -> Guess:
    return guess(pa.table({"logged_at": COLUMNS["logged_at"], "p_delay": P, **columns}))


@pytest.mark.parametrize("values", [(True, False), (1, 0), (1.0, 0.0), ("approve", "reject")])
def test_a_decision_is_found_by_the_score_that_parts_its_values(values: tuple[Any, Any]) -> None:
    found = beside_a_score(approved=[values[p < 0.7] for p in P], route=[DRAW.choice("ab") for _ in P])
    assert chosen(found, "prediction") == "approved"
    assert found.prediction is not None
    assert found.prediction.reason.startswith("two values that p_delay tells apart at 0.7: ")
    rounded = guess(pa.table({"p_delay": [round(p, 2) for p in P], "approved": [p > 0.695 for p in P]}))
    assert chosen(rounded, "prediction") == "approved"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        # yes where the score says no: a label would be laid beside its opposite
        ({"approved": [int(p < 0.3) for p in P]}, "0 above, 1 below; name it where the label's 1 means the same"),
        # a few were decided otherwise: only the name says so
        ({"approved": [int(p > 0.7) ^ (i % 50 == 0) for i, p in enumerate(P)]}, "named like a decision; name it where"),
        # nothing says so
        ({"owner": [int(DRAW.random() < p) for p in P]}, None),
        # a label is none, however well it is foretold
        ({"label": [int(p > 0.5) for p in P]}, None),
        # too few rows lie above
        ({"owner": [p > sorted(P)[-6] for p in P]}, None),
    ],
)
def test_what_may_be_the_decision_is_only_suggested(columns: dict[str, list[Any]], said: str | None) -> None:
    found = beside_a_score(**columns)
    assert found.prediction is None
    text = written(found, data=Data(files="logs.csv"))
    if said is None:
        assert found.perhaps is None
        assert "# prediction: column" in text
    else:
        assert found.perhaps is not None
        assert said in found.perhaps.reason
        assert "# prediction: approved" in text
        assert load_text(text).models["model"].columns.prediction is None


def test_a_score_of_few_values_may_come_from_the_column() -> None:
    two = [0.2 if i % 2 else 0.8 for i in range(N)]
    assert guess(pa.table({"score": two, "owner": [p > 0.5 for p in two]})).prediction is None


FORETOLD = [DRAW.gauss(40, 10) for _ in range(N)]
CAME = [None if i > 500 else value + DRAW.gauss(0, 3) for i, value in enumerate(FORETOLD)]


@pytest.mark.parametrize(
    ("names", "prediction", "label"),
    [
        (("predicted_price", "price"), "predicted_price", "price"),
        (("eta_minutes", "actual_minutes"), "eta_minutes", "actual_minutes"),
        (("sales_forecast", "sales"), "sales_forecast", "sales"),
        # near, but of another name: only suggested
        (("forecast", "took"), "forecast", None),
        (("model_a", "target"), None, "target"),
    ],
)
def test_a_number_and_its_forecast_are_found_by_each_other(
    names: tuple[str, str], prediction: str | None, label: str | None
) -> None:
    columns = {"ts": COLUMNS["logged_at"], "distance": COLUMNS["distance"], names[0]: FORETOLD, names[1]: CAME}
    found = guess(pa.table(columns))
    assert (chosen(found, "prediction"), chosen(found, "label")) == (prediction, label)
    suggested = chosen(found, "perhaps"), chosen(found, "doubtful")
    assert suggested == (None if prediction else names[0], None if label else names[1])
    lines = written(found, data=Data(files="logs.csv"))
    assert f"prediction: {names[0]}" in lines
    assert f"label: {names[1]}" in lines


def test_numbers_that_lie_elsewhere_are_no_label_of_a_forecast() -> None:
    far = [value * 20 for value in FORETOLD]
    found = guess(pa.table({"predicted_price": FORETOLD, "size": far, "price_code": [i % 7 for i in range(N)]}))
    assert (found.label, found.doubtful) == (None, None)


def test_a_forecast_is_found_in_the_reference_where_labels_come_later() -> None:
    rows = {"eta_minutes": FORETOLD, "distance": COLUMNS["distance"]}
    found = guess(pa.table(rows), reference=pa.table(rows | {"actual_minutes": CAME}))
    assert (chosen(found, "prediction"), chosen(found, "label")) == ("eta_minutes", "actual_minutes")


def test_the_label_is_found_in_the_reference_when_it_comes_later() -> None:
    found = guess(without("delayed"), reference=pa.table(COLUMNS))
    assert chosen(found, "label") == "delayed"


def rare(share: float) -> list[int]:
    return [int(DRAW.random() < share) for _ in range(N)]


def test_a_feature_that_agrees_with_the_prediction_by_chance_alone_is_only_suggested_as_the_label() -> None:
    mostly_0 = pa.table({"logged_at": COLUMNS["logged_at"], "predicted": rare(0.15), "is_holiday": rare(0.04)})
    found = guess(mostly_0)
    assert found.label is None
    assert found.doubtful is not None
    assert found.doubtful.column == "is_holiday"
    text = written(found, data=Data(files="logs.csv"))
    assert "# label: is_holiday" in text
    assert load_text(text).models["model"].columns.label is None


def test_what_only_the_reference_or_the_labels_have_is_the_label_before_any_feature() -> None:
    noise = {**COLUMNS, "predicted": rare(0.15), "is_holiday": rare(0.04)}
    sample = pa.table(noise).drop_columns(["delayed"])
    assert chosen(guess(sample, reference=pa.table(noise)), "label") == "delayed"
    labels = pa.table({name: COLUMNS[name] for name in ("request_id", "delayed", "label_at")})
    assert chosen(guess(sample, labels=labels), "label") == "delayed"


def test_columns_that_count_rows_are_ignored_in_the_reference_too() -> None:
    counted = {"__index_level_0__": list(range(N)), "Unnamed: 0": list(range(N))}
    assert set(counted) <= set(names(guess(with_columns(**counted)), "ignore"))
    found = guess(pa.table(COLUMNS), reference=with_columns(**counted))
    assert set(counted) <= set(names(found, "ignore"))


def test_what_the_records_do_not_have_is_no_feature() -> None:
    reference = with_columns(reviewer=[f"r{i % 5}" for i in range(N)])
    found = guess(without("delayed"), reference=reference)
    assert label_of(found) == "delayed"
    assert ("reviewer", "in the reference only") in {(one.column, one.reason) for one in found.ignore}
    assert "delayed" not in names(found, "ignore")


@pytest.mark.parametrize("folder", ["labels", "outcomes"])
@pytest.mark.parametrize("logs", ["flights/logs/a.parquet", "flights/a.parquet"])
def test_a_folder_of_labels_beside_the_logs_is_found(tmp_path: Path, logs: str, folder: str) -> None:
    rows = pa.table(COLUMNS).select(["request_id", "delayed"])
    for name, columns in ((logs, without("delayed", "tags")), (f"flights/{folder}/a.parquet", rows)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(columns, tmp_path / name)
    text = initial(logs.replace("logs/a", "logs/*"), here=tmp_path, root=tmp_path)
    config = load_text(text)
    (model,) = config.models.values()
    assert model.labels is not None
    assert (model.labels.files, model.labels.max_delay) == (f"flights/{folder}/*.parquet", timedelta(days=30))
    assert model.columns.label == "delayed"
    assert check(config, root=tmp_path) == []


def test_lengths_in_three_directions_are_no_labels() -> None:
    lengths = {name: [1.0 + i % 97 / 10 for i in range(len(COLUMNS["delayed"]))] for name in ("x", "y", "z")}
    named = pa.table({**COLUMNS, **lengths, "label": COLUMNS["delayed"]}).drop_columns(["delayed"])
    assert label_of(guess(named)) == "label"
    assert label_of(guess(with_columns(**lengths))) == "delayed"
    assert label_of(guess(pa.table({**COLUMNS, "y": COLUMNS["delayed"]}).drop_columns(["delayed"]))) == "y"
    assert label_of(guess(with_columns(place_y=lengths["y"]).drop_columns(["delayed"]))) != "place_y"


def label_of(found: Guess) -> str | None:
    return found.label and found.label.column


def test_labels_that_are_named_must_have_the_id(tmp_path: Path) -> None:
    as_file(tmp_path, ".csv")
    pq.write_table(pa.table({"request_id": COLUMNS["request_id"], "y": COLUMNS["delayed"]}), tmp_path / "y.parquet")
    text = initial("data.csv", labels="y.parquet", here=tmp_path, root=tmp_path, model="fares")
    model = load_text(text).models["fares"]
    assert (model.columns.label, model.labels and model.labels.files) == ("y", "y.parquet")
    pq.write_table(pa.table({"y": COLUMNS["delayed"]}), tmp_path / "y.parquet")
    with pytest.raises(ConfigError, match="no column 'request_id'"):
        initial("data.csv", labels="y.parquet", here=tmp_path, root=tmp_path)


def test_lists_of_one_length_are_vectors_and_said_to_be(tmp_path: Path) -> None:
    # of one row no vector could be made
    emb = [[0.0] * 8, *([DRAW.gauss(0, 1) for _ in range(8)] for _ in range(N - 1))]
    uneven = [[0.5] * (1 + i % 3) for i in range(N)]
    found = guess(with_columns(emb=emb, uneven=uneven))
    assert [(one.column, one.reason) for one in found.vectors] == [
        ("emb", "lists of 8 numbers each, as embeddings are")
    ]
    reasons = {choice.column: choice.reason for choice in found.ignore}
    assert reasons["uneven"] == "lists of numbers of several lengths"
    assert "emb" not in reasons
    pq.write_table(with_columns(emb=emb).drop_columns(["tags"]), tmp_path / "logs.parquet")
    text = initial("logs.parquet", here=tmp_path, root=tmp_path, model="m")
    assert load_text(text).models["m"].columns.kinds == {"emb": "vector"}
    assert "#   emb: lists of 8 numbers each" in text
    assert check(load_text(text), root=tmp_path) == []


def test_labels_find_their_records_by_the_column_that_both_have(tmp_path: Path) -> None:
    vorgang = [100 + 3 * i for i in range(N)]
    sample = with_columns(vorgang=vorgang).drop_columns(["request_id", "delayed", "tags", "session"])
    pq.write_table(sample, tmp_path / "data.parquet")
    labels = pa.table({"vorgang": vorgang[:-100], "origin": COLUMNS["origin"][:-100], "y": COLUMNS["delayed"][:-100]})
    pq.write_table(labels, tmp_path / "y.parquet")
    text = initial("data.parquet", labels="y.parquet", here=tmp_path, root=tmp_path, model="m")
    model = load_text(text).models["m"]
    assert (model.columns.id, model.columns.label, model.labels and model.labels.files) == ("vorgang", "y", "y.parquet")
    pq.write_table(labels.rename_columns(["fall", "origin", "y"]), tmp_path / "y.parquet")
    with pytest.raises(ConfigError, match=r"no common id: .*\(origin\) none is different in every record; .* rename"):
        initial("data.parquet", labels="y.parquet", here=tmp_path, root=tmp_path)


def test_an_id_may_come_again_now_and_then_as_what_is_sent_again_does(tmp_path: Path) -> None:
    case = [100 + 3 * (i if i % 100 else i + 1) for i in range(N)]
    sample = with_columns(case_id=case, row_id=range(N)).drop_columns(["request_id", "delayed", "tags", "session"])
    pq.write_table(sample, tmp_path / "data.parquet")
    labels = pa.table({"case_id": sorted(set(case)), "y": COLUMNS["delayed"][: len(set(case))]})
    pq.write_table(labels, tmp_path / "y.parquet")
    text = initial("data.parquet", labels="y.parquet", here=tmp_path, root=tmp_path, model="m")
    assert load_text(text).models["m"].columns.id == "case_id"
    assert "different in nearly every record, and the labels have it too" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"at;age;income\n2024-01-01;40;18.5\n", "fields are separated by ';'; separate them by commas"),
        (b"at\tage\n2024-01-01\t40\n", r"fields are separated by '\\t'"),
        ("at,straße\n2024-01-01,Höhe\n".encode("latin-1"), "not UTF-8 at byte 7; write UTF-8"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_its_mend(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        initial("data.csv", here=tmp_path, root=tmp_path)


@pytest.mark.parametrize(
    ("minutes", "window"),
    # 600 rows: one every 6 seconds, every half minute, every 2, 10 and 20 minutes, every hour
    [(0.1, "1h"), (0.5, "6h"), (2, "1d"), (10, "1d"), (20, "1w"), (60, "1w")],
)
def test_the_window_holds_five_hundred_rows_or_a_day_of_a_hundred(minutes: float, window: str) -> None:
    times = [START + timedelta(minutes=minutes * i) for i in range(N)]
    assert guess(with_columns(logged_at=times)).window.column == window


def test_windows_are_not_empty_more_often_than_not() -> None:
    # 75 rows a minute, but for the first eight minutes of a day only
    times = [START + timedelta(days=i // N, seconds=0.8 * (i % N)) for i in range(4 * N)]
    rows = pa.concat_tables([with_columns()] * 4)
    whole = rows.set_column(rows.column_names.index("logged_at"), "logged_at", pa.array(times))
    assert guess(whole).window.column == "1d"


def load_text(text: str) -> Config:
    return load(text, place="monitor.yaml", environ={}, read=str)


def as_file(folder: Path, ending: str) -> Path:
    flat = pa.table(COLUMNS).drop_columns(["tags"])
    path = folder / f"data{ending}"
    if ending == ".parquet":
        pq.write_table(flat, path)
    else:
        pyarrow.csv.write_csv(flat, path)
    return path


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("asked", ["logs", "logs/*", "logs/data{}"])
def test_what_is_written_loads_and_passes_its_checks(tmp_path: Path, ending: str, asked: str) -> None:
    (tmp_path / "logs").mkdir()
    as_file(tmp_path / "logs", ending)
    text = initial(asked.format(ending), reference=f"logs/data{ending}", here=tmp_path, root=tmp_path)
    config = load_text(text)
    assert check(config, root=tmp_path) == []
    (model,) = config.models.values()
    assert (model.columns.timestamp, model.columns.label) == ("logged_at", "delayed")
    assert str(model.window) in ("6h", "1d")


def test_configurations_in_one_folder_name_models_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_file(tmp_path, ".parquet").rename(tmp_path / "fares.parquet")
    (tmp_path / "broken.yml").write_text("models: [")
    monkeypatch.chdir(tmp_path)
    for out, named in (("one.yaml", "fares"), ("two.yaml", "fares-2"), ("two.yaml", "fares-2")):
        init("fares.parquet", reference=None, labels=None, name=None, out=Path(out), force=True)
        assert list(load_text((tmp_path / out).read_text(encoding="utf-8")).models) == [named]


def test_a_configuration_elsewhere_finds_its_data(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "etc").mkdir()
    as_file(tmp_path / "logs", ".csv")
    text = initial("logs/data.csv", here=tmp_path, root=tmp_path / "etc")
    assert check(load_text(text), root=tmp_path / "etc") == []


def test_names_that_yaml_would_misread_are_quoted(tmp_path: Path) -> None:
    odd = {"no": COLUMNS["origin"], "a: b": COLUMNS["origin"], "1": COLUMNS["mode"], "x#\n": COLUMNS["mode"]}
    pq.write_table(pa.table({"ts": COLUMNS["logged_at"], **odd}), tmp_path / "a b.parquet")
    text = initial("a b.parquet", here=tmp_path, root=tmp_path)
    (model,) = load_text(text).models.values()
    assert set(model.columns.ignore) == {"1", "x#\n"}


def test_the_commented_keys_load_too_when_they_are_set(tmp_path: Path) -> None:
    as_file(tmp_path, ".csv")
    text = initial("data.csv", here=tmp_path, root=tmp_path)
    beginnings = ("    # false_al", "    # every", "    # lat", "    # ret", "    # for", "    # clear", "    # min_l")
    beginnings += (
        "    # segment_v",
        "    # thr",
        "    #   psi",
        "    #   drift",
        "    # sev",
        "# web",
        "#   host",
        "#   port",
    )
    lines = [line.replace("# ", "", 1) if line.startswith(beginnings) else line for line in text.splitlines()]
    plain = load_text(text)
    (model,), (before,) = load_text("\n".join(lines)).models.values(), plain.models.values()
    assert model.model_copy(update={"thresholds": {}, "severity": {}}) == before


@pytest.mark.parametrize(
    ("named", "columns", "cursor"),
    [
        ("label_at", ["request_id", "delayed", "label_at"], ("label_at", "request_id")),
        ("known_on", ["request_id", "delayed", "known_on", "logged_at"], ("known_on", "request_id")),
        ("label_at", ["request_id", "delayed", "logged_at"], ("logged_at", "request_id")),
        ("label_at", ["request_id", "delayed"], None),
    ],
)
def test_a_table_of_labels_is_read_in_the_order_of_its_own_time(
    tmp_path: Path, named: str, columns: list[str], cursor: tuple[str, ...] | None
) -> None:
    times = [str(time) for time in COLUMNS["logged_at"]]
    rows = {**COLUMNS, "logged_at": times, named: times}
    tables = {"predictions": ["logged_at", "request_id", "distance", "p_delay", "predicted"], "known": columns}
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        for table, names in tables.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
            places = ", ".join("?" * len(names))
            values = zip(*(rows[name] for name in names), strict=True)
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608  # ours
        connection.commit()
    url = f"sqlite:///{tmp_path / 'app.db'}"
    text = initial(f"{url}#predictions", labels=f"{url}#known", here=tmp_path, root=tmp_path)
    (model,) = load_text(text).models.values()
    assert model.source.cursor == ("logged_at", "request_id")
    assert (model.labels and model.labels.cursor) == cursor
    if model.labels is not None:
        own = model.labels.cursor == model.source.cursor
        assert model.labels.lookback == (timedelta(days=30) if own else timedelta(minutes=10))
    else:
        assert "name in cursor the time at which a label was written" in text
    assert [found for found in check(load_text(text), root=tmp_path) if found.severity == "error"] == []


Days = Callable[[int], float]


def waited(days: Days, *, rows: int = 400) -> tuple[str, str]:
    """Give what is written for labels that come so many days after each of the records, which come by the hour."""
    logged = [START + timedelta(hours=i) for i in range(rows)]
    came = [at + timedelta(days=days(i)) for i, at in enumerate(logged)]
    late = [i for i in range(rows) if came[i] <= logged[-1]]
    ids = [f"r{i}" for i in range(rows)]
    records = pa.table({"request_id": ids, "logged_at": logged, "p_delay": P[:rows]})
    columns = {"request_id": [ids[i] for i in late], "y": [i % 2 for i in late], "label_at": [came[i] for i in late]}
    return delay_of(
        records, pa.table(columns), identity="request_id", recorded="logged_at", known="label_at" if late else None
    )


@pytest.mark.parametrize(
    ("days", "delay", "why"),
    [
        # one in 200 comes after 5 days
        (
            lambda i: 5.0 if i % 200 == 7 else 2 + i % 10 / 10,
            "3d",
            "99 % of 200 labels came within 3 days, by label_at",
        ),
        (lambda i: 0.01 + i % 7 / 24, "7h", "99 % of 200 labels came within 7 hours, by label_at"),
        # those of the second half that had come were the early ones
        (lambda i: 12.0 if i % 2 else 1.0, "30d", "labels may come later than the sample is long"),
        (lambda _: 0.0, "30d", "label_at is no later than logged_at"),
        (lambda _: 40.0, "30d", "the labels do not say when they came"),
    ],
)
def test_labels_are_waited_for_as_long_as_they_took(days: Days, delay: str, why: str) -> None:
    found = waited(days)
    assert found[0] == delay
    assert found[1].startswith(why)


def test_labels_that_took_longer_than_usual_are_waited_for_as_long_at_least() -> None:
    at = [START + timedelta(hours=i) for i in range(200)]
    records = pa.table({"id": list(range(200)), "at": at})
    labels = pa.table({"id": list(range(200)), "known": [one + timedelta(days=45) for one in at]})
    delay, why = delay_of(records, labels, identity="id", recorded="at", known="known")
    assert (delay, why) == ("45d", "labels may come later than the sample is long; write how long one may")


def test_few_labels_say_nothing_of_how_late_they_come() -> None:
    delay, why = waited(lambda _: 1.0, rows=80)
    assert delay == "30d"
    assert why.startswith("too few labels of the sample find their record, so this is a usual one; write how long")


def test_what_the_wait_for_labels_comes_from_is_written(tmp_path: Path) -> None:
    logged = [START + timedelta(hours=i) for i in range(N)]
    rows = {"request_id": COLUMNS["request_id"], "logged_at": logged, "p_delay": P}
    late = {"request_id": COLUMNS["request_id"], "y": COLUMNS["delayed"], "came_at": [at + HOUR for at in logged]}
    pq.write_table(pa.table(rows), tmp_path / "data.parquet")
    pq.write_table(pa.table(late), tmp_path / "y.parquet")
    text = initial("data.parquet", labels="y.parquet", here=tmp_path, root=tmp_path, model="m")
    assert "# why max_delay is 1h: 99 % of 301 labels came within 1 hour, by came_at" in text
    labels = load_text(text).models["m"].labels
    assert labels is not None
    assert labels.max_delay == HOUR


def test_a_password_is_not_written() -> None:
    data = Data(sql=SecretStr("postgresql://app:hunter2@db/app"), table="predictions")
    text = written(guess(pa.table(COLUMNS)), data=data)
    assert "hunter2" not in text
    config = load(text, place="", environ={"MONITOR_SOURCE": "postgresql://app:hunter2@db/app"}, read=str)
    assert config.models["model"].source.cursor == ("logged_at", "request_id")


@pytest.mark.parametrize("asked", ["none.csv", "empty", "postgresql://db/app"])
def test_data_that_are_not_there_are_refused(tmp_path: Path, asked: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError):
        initial(asked, here=tmp_path, root=tmp_path)


def test_an_empty_table_is_named_as_one(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "app.db") as connection:
        connection.execute("create table comments (at text, id integer)")
    with pytest.raises(ConfigError, match="comments: no rows; name a table that has some"):
        initial(f"sqlite:///{tmp_path}/app.db#comments", here=tmp_path, root=tmp_path)


def test_a_feature_that_stood_still_in_the_records_and_varied_in_the_reference_is_watched() -> None:
    winter = pa.array([int(DRAW.random() < 0.1) for _ in range(N)])
    still = pa.table(COLUMNS).append_column("icing", pa.array([0] * N))
    assert "icing" in {one.column for one in guess(still).ignore}
    assert "icing" not in {one.column for one in guess(still, reference=pa.table(COLUMNS | {"icing": winter})).ignore}


def test_what_the_labels_hold_beside_the_reference_is_said_to_and_who_gave_them_is_no_column_to_ignore() -> None:
    records = pa.table(COLUMNS).drop_columns(["delayed"])
    people = [DRAW.choice(["ann", "bob", "cem"]) for _ in range(N)]
    outcome = {"fault_7d": COLUMNS["delayed"], "technician": people}
    labels = pa.table({"request_id": COLUMNS["request_id"], **outcome})
    found = guess(records, reference=records.append_column("technician", pa.array(people)), labels=labels)
    assert found.contributor
    assert found.contributor.column == "technician"
    assert "technician" not in {one.column for one in found.ignore}


def test_labels_of_weeks_tell_how_late_they_come_where_the_sample_of_records_holds_days(tmp_path: Path) -> None:
    rows, weeks = 60_000, 5
    at = [START + timedelta(weeks=weeks) * (i / rows) for i in range(rows)]
    ids = [f"r{i}" for i in range(rows)]
    late = [one + timedelta(days=1 + 8 * DRAW.random()) for one in at]
    scores = [DRAW.random() for _ in range(rows)]
    pq.write_table(
        pa.table({"logged_at": at, "id": ids, "p_bad": scores}), tmp_path / "log.parquet", row_group_size=5000
    )
    labels = sorted(zip(late, ids, [int(DRAW.random() < p) for p in scores], strict=True))
    known_at, keys, bad = zip(*labels, strict=True)
    pq.write_table(pa.table({"id": keys, "bad": bad, "known_at": known_at}), tmp_path / "labels.parquet")
    text = initial("log.parquet", labels="labels.parquet", here=tmp_path, root=tmp_path)
    assert "max_delay: 9d" in text
    assert "labels came within 9 days, by known_at" in text
