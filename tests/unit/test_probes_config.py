"""The section of probes: a good one, and one row per mistake."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.config import ConfigErrors, load
from monitor.setup.checks import check

GOOD = """
database: sqlite:///monitor.db
models:
  fares:
    source: {push: true}
    columns: {timestamp: at}
    window: 1d
    probes: {url: "https://example.com/predict", inputs: probes.jsonl, headers: {Authorization: "Bearer ${KEY}"}}
"""


def loaded(text: str) -> object:
    return load(text, place="monitor.yaml", environ={"KEY": "hunter2"}, read=str)


def test_it_is_read_and_shows_no_secret() -> None:
    probes = loaded(GOOD).models["fares"].probes
    assert (probes.inputs, probes.every, probes.tolerance) == ("probes.jsonl", timedelta(hours=1), 1e-6)
    assert probes.headers["Authorization"].get_secret_value() == "Bearer hunter2"
    assert "hunter2" not in repr(probes)


def test_a_small_number_is_written_as_everybody_does() -> None:
    written = GOOD.replace("probes.jsonl,", "probes.jsonl, tolerance: 1e-7, ignore: [took],")
    probes = loaded(written).models["fares"].probes
    assert (probes.tolerance, probes.ignore) == (1e-7, ("took",))


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("https://example.com/predict", "example.com", "probes.url: no web address; write one that begins with"),
        ("https://example.com", "http://10.0.0.5", "probes.url: a private address; write private: true beside it"),
        ("probes.jsonl", "probes.jsonl, every: 0s", "probes.every: '0s' is no duration above zero"),
        ("probes.jsonl", "probes.jsonl, tolerance: -1", "probes.tolerance: -1 is no tolerance; write a number of 0"),
        ("inputs: probes.jsonl, ", "", "probes: missing key 'inputs'"),
        ("inputs:", "input:", "probes: unknown key 'input'; did you mean 'inputs'?"),
        ("Authorization", "'X Key'", "probes.headers: 'X Key' is no name of a header"),
        ("Bearer ", "Bearer \\n", "probes.headers.Authorization: a value that no header can hold"),
    ],
)
def test_a_mistake_is_told_with_place_value_and_mend(written: str, instead: str, said: str) -> None:
    assert written in GOOD
    with pytest.raises(ConfigErrors) as caught:
        loaded(GOOD.replace(written, instead, 1))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_inputs_that_are_not_there_are_found_before_anything_runs(tmp_path: Path) -> None:
    (found,) = check(loaded(GOOD), root=tmp_path)
    assert str(found).startswith("monitor.yaml: models.fares.probes.inputs: no file 'probes.jsonl'; write one JSON")
    (tmp_path / "probes.jsonl").write_text("1")
    assert check(loaded(GOOD), root=tmp_path) == []
