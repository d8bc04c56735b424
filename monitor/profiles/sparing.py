"""Spares every start of a process the import of pandas, which Arrow makes for its own sake at the first array.

Arrow looks once whether pandas is there, to know a series when it is given one, and again when it is asked for a frame.
So a first look that finds none costs nothing later: `to_pandas` still works, and who imports pandas first has it known.
"""

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


class _Absent(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def spare_pandas() -> None:
    """Have Arrow look for pandas while it cannot be found; does nothing where it was imported already."""
    if "pandas" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(absent)
