"""`monitor audit` on files: verdict, suspicious rows, exit codes."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest

from monitor.commands.audit import audit as in_process
from monitor.commands.audited import How
from monitor.errors import ConfigError
from tests.commanding import Done, monitor

CONFIG = """
database: sqlite:///monitor.db
models:
  loans:
    source: {files: "logs/*"}
    reference: {files: reference.parquet}
    columns: {timestamp: at, id: number, client: desk, scores: p, label: repaid}
    window: 1d
"""


def rows(seed: int, n: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    income, city = rng.gamma(2, 1, n), rng.choice(["Rome", "Oslo", "Bonn"], n)
    p = 1 / (1 + np.exp(-(2 * income - 4 + (city == "Oslo"))))
    times = pa.array(1_700_000_000_000_000 + np.arange(n) * 60_000_000, pa.timestamp("us", "UTC"))
    columns = {"at": times, "number": [f"{seed}-{i}" for i in range(n)], "desk": rng.choice(["north", "south"], n)}
    return pa.table(columns | {"income": income, "city": city, "p": p, "repaid": (rng.random(n) < p).astype(int)})


def poisoned(table: pa.Table) -> pa.Table:
    """Let the southern desk flip a quarter of its labels."""
    south = np.array(table["desk"].to_pylist()) == "south"
    y = table["repaid"].to_numpy()
    turned = np.where(south & (np.arange(y.size) % 4 == 0), 1 - y, y)
    return table.set_column(table.column_names.index("repaid"), "repaid", pa.array(turned))


def relabelled(table: pa.Table, words: dict[str, str], *, more: str = "", every: int = 10) -> pa.Table:
    """Write labels in other words, and `more` in every tenth row, or fewer."""
    y = [more if more and i % every == 0 else words[str(value)] for i, value in enumerate(table["repaid"].to_pylist())]
    return table.set_column(table.column_names.index("repaid"), "repaid", pa.array(y))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("audit")
    pq.write_table(rows(1, 3000), made / "reference.parquet")
    arrow_csv.write_csv(rows(2, 500), made / "clean.csv")
    pq.write_table(poisoned(rows(3, 500)), made / "poisoned.parquet")
    pq.write_table(rows(4, 500).drop_columns(["income"]), made / "narrow.parquet")
    pq.write_table(rows(4, 20), made / "short.parquet")
    pq.write_table(relabelled(rows(2, 500), {"0": "no", "1": "yes"}), made / "words.parquet")
    pq.write_table(relabelled(rows(2, 500), {"0": "0", "1": "1"}, more="open"), made / "more.parquet")
    pq.write_table(relabelled(rows(2, 500), {"0": "0", "1": "1"}, more="open", every=200), made / "a_few_more.parquet")
    (made / "monitor.yaml").write_text(CONFIG, encoding="utf-8")
    return made


def audit(folder: Path, batch: str, *words: str) -> Done:
    return monitor(folder, "audit", "monitor.yaml", "loans", "--batch", batch, *words)


def test_a_clean_batch_passes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert here("clean.csv") == 0
    said = capsys.readouterr()
    assert said.out.startswith("clean.csv: clean for loans")
    assert said.err == ""


def test_a_poisoned_batch_fails_with_its_rows_and_who_labelled_them(folder: Path) -> None:
    done = audit(folder, "poisoned.parquet", "--json", "-o", "suspicious.parquet")
    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    assert (said["verdict"], said["n"], said["reference_n"]) == ("suspicious", 500, 3000)
    named = {one["statistic"]: one for one in said["statistics"]}
    assert named["contributors"]["breaches"]
    assert named["contributors"]["contributor"] == "south"
    kept = pq.read_table(folder / "suspicious.parquet")
    assert kept.num_rows == said["suspicious"] > 0
    batch = pq.read_table(folder / "poisoned.parquet")
    assert kept["number"].to_pylist() == [batch["number"][row - 1].as_py() for row in kept["row"].to_pylist()]
    assert "contributors" in {why for reasons in kept["reasons"].to_pylist() for why in reasons}
    reasons = [len(one) for one in kept["reasons"].to_pylist()]
    assert reasons == sorted(reasons, reverse=True)


def here(batch: str, contributor: str | None = None) -> int:
    return in_process(Path("monitor.yaml"), "loans", batch, how=How(contributor), out=None, as_json=False)


def test_too_few_rows_are_no_pass(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert here("short.parquet") == 1
    said = capsys.readouterr().out
    assert "undecided" in said
    assert "at least 50" in said


@pytest.mark.parametrize(
    ("batch", "contributor", "said"),
    [
        ("narrow.parquet", None, "narrow.parquet: no column 'income', which the reference has"),
        ("clean.csv", "dsek", "no column 'dsek'"),
        ("words.parquet", None, "words.parquet: repaid: labels are 'no', 'yes', where the reference's are '0', '1'"),
        ("nowhere.parquet", None, "no file matches 'nowhere.parquet'"),
    ],
)
def test_a_batch_that_cannot_be_compared_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, batch: str, contributor: str | None, said: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match=said):
        here(batch, contributor)


def test_rows_whose_labels_the_reference_does_not_know_are_counted_and_leave_a_batch_undecided(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert here("more.parquet") == 1
    said = capsys.readouterr().out
    assert said.startswith("more.parquet: undecided for loans")
    assert "50 rows have labels that cannot be judged, as the reference lacks them or hardly has them: 'open'" in said
    assert "50 labelled rows were left out: the reference does not know their labels, 'open' (50)" in said
    assert "450 of 450 labelled rows in 2 parts" in said


def test_so_few_rows_of_a_label_that_the_reference_may_lack_by_chance_leave_a_batch_clean(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert here("a_few_more.parquet") == 0
    said = capsys.readouterr().out
    assert "3 labelled rows were left out: the reference does not know their labels, 'open' (3)" in said
    assert "cannot be judged" not in said


def test_labels_of_the_newest_days_are_left_out_while_others_may_still_come(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "reference.parquet").write_bytes((folder / "reference.parquet").read_bytes())
    late = CONFIG.replace("    window: 1d", '    labels: {files: "labels/*", max_delay: 2h}\n    window: 1d')
    (tmp_path / "monitor.yaml").write_text(late, encoding="utf-8")
    table = rows(7, 700)
    y = table["repaid"].to_numpy().astype(float)
    # of the newest two hours only the defaults are known
    y[(np.arange(700) >= 580) & (y == 1)] = np.nan
    known = pa.array(y, from_pandas=True).cast(pa.int64())
    pq.write_table(table.set_column(table.column_names.index("repaid"), "repaid", known), tmp_path / "new.parquet")
    told = json.loads(audit(tmp_path, "new.parquet", "--json").stdout)
    early = int(np.isfinite(y[580:]).sum())
    assert (told["verdict"], told["n"], told["left_out"]) == ("clean", 580, early)
    assert f"{early} labelled rows of the newest days were left out" in audit(tmp_path, "new.parquet").stdout
