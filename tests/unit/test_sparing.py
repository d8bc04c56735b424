"""Arrow does without pandas until a frame is asked for."""

import subprocess
import sys

BEGIN = "import sys, pyarrow as pa, monitor.profiles.reading\n"
ARRAYS = "pa.array([1.5, None]).to_numpy(zero_copy_only=False), pa.array(['a']).to_pylist()\n"


def said_by(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # ours


def test_arrays_are_made_and_read_without_pandas() -> None:
    assert said_by(BEGIN + ARRAYS + "print('pandas' in sys.modules)") == "False"


def test_a_frame_is_given_all_the_same_and_series_are_known_from_then_on() -> None:
    program = BEGIN + ARRAYS + "frame = pa.table({'a': [1, None]}).to_pandas()\nimport pandas as pd\n"
    assert said_by(program + "print(frame.shape, pa.array(pd.Series([1.5, None])).null_count)") == "(2, 1) 1"


def test_who_imports_pandas_first_has_its_series_known() -> None:
    program = "import pandas as pd\n" + BEGIN
    assert said_by(program + "print(pa.array(pd.Series([1.5, None])).null_count)") == "1"
