"""The section of attacks: what may be written, and one row per mistake."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor.config import Attacks, Config, ConfigErrors, load
from monitor.setup.checks import check
from monitor.steps.tracking import expected_clients

WRITTEN = """
database: sqlite:///monitor.db
models:
  fares:
    source: {{files: records.parquet}}
    columns: {{timestamp: at, client: key}}
    window: 1h
    attacks: {attacks}
"""


def loaded(attacks: str) -> Config:
    return load(WRITTEN.format(attacks=attacks), place="monitor.yaml", environ={}, read=str)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("off", Attacks(watched=False)),
        ("'off'", Attacks(watched=False)),
        ("on", Attacks(watched=True)),
        ("{alpha: 1.0e-7}", Attacks(watched=True, alpha=1e-7)),
        ("{similar_rows: [meter-1, kind=meter]}", Attacks(watched=True, similar_rows=("meter-1", "kind=meter"))),
        ("{show_values: hashed, ignore: [trace]}", Attacks(watched=True, show_values="hashed", ignore=("trace",))),
    ],
)
def test_what_may_be_written(written: str, read: Attacks) -> None:
    assert loaded(written).models["fares"].attacks == read


@pytest.mark.parametrize(
    ("columns", "attacks", "watched"),
    [
        (", client: key", "", True),
        ("", "", False),
        ("", "on", True),
        ("", "{alpha: 0.001}", True),
        (", client: key", "off", False),
    ],
)
def test_queries_are_watched_where_clients_are_named_unless_said_otherwise(
    columns: str, attacks: str, *, watched: bool
) -> None:
    text = WRITTEN.format(attacks=attacks).replace(", client: key", columns)
    text = text if attacks else text.replace("    attacks: \n", "")
    assert load(text, place="monitor.yaml", environ={}, read=str).models["fares"].watches_attacks is watched


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{alpha: 0}", "attacks.alpha: 0 is no level above 0 and up to 0.01; write for example 1e-6"),
        ("{alpha: 0.5}", "attacks.alpha: 0.5 is no level above 0 and up to 0.01"),
        ("{show_values: some}", "attacks.show_values"),
        ("{similar: [a]}", "attacks: unknown key 'similar'; did you mean 'similar_rows'?"),
    ],
)
def test_a_mistake_is_told_with_place_value_and_mend(written: str, said: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        loaded(written)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{ignore: [fair]}", "attacks.ignore: no column 'fair' in the source; did you mean 'fare'?"),
        ("{known_rows: [nightly]}", "attacks.known_rows: 'nightly' is a client, and no column holds clients"),
        ("{similar_rows: [meter-1]}", "attacks.similar_rows: 'meter-1' is a client, and no column holds clients"),
        ("{similar_rows: [kin=meter]}", "attacks.similar_rows: no column 'kin' in the source; did you mean 'kind'?"),
    ],
)
def test_names_that_are_not_there_are_found_before_anything_runs(tmp_path: Path, written: str, said: str) -> None:
    times = pa.array([0, 1], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"at": times, "fare": [1.0, 2.0], "kind": ["a", "b"]}), tmp_path / "records.parquet")
    text = WRITTEN.format(attacks=written).replace(", client: key", "")
    found = check(load(text, place="monitor.yaml", environ={}, read=str), root=tmp_path)
    assert said in "\n".join(map(str, found))


def test_declared_clients_are_named_by_pattern_and_by_segment_too() -> None:
    rows = pa.table({"who": ["gw-1", "gw-22", "app", None, "lamp"], "kind": ["a", "a", "a", "a", "light"]})
    assert expected_clients(rows, "who", ["gw-*", "kind=light", "app"]) == {
        "gw-*",
        "kind=light",
        "app",
        "gw-1",
        "gw-22",
        "lamp",
    }
    assert "gw-22" not in expected_clients(rows, "who", ["gw-?"])
    assert expected_clients(rows, None, ["gw-*"]) == {"gw-*"}
