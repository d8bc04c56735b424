"""From the configuration's words to the things that do the work."""

from os.path import normpath
from pathlib import Path

from monitor.config import Data
from monitor.errors import SourceError
from monitor.sources.files import FilesSource
from monitor.types import Source

_WILD = frozenset("*?[")


def source_of(data: Data, *, root: Path, batch_rows: int = 65_536) -> Source:
    """Give the source that `data` names; nothing is read yet.

    root: the configuration's folder, where relative patterns of files begin.

    Raises SourceError for pushed records, which are pulled from nowhere.
    """
    if data.files is not None:
        folder, pattern = placed(data.files, root=root)
        return FilesSource(pattern, folder, batch_rows=batch_rows)
    if data.sql is not None:
        from monitor.sources.sql import SqlSource  # noqa: PLC0415  # SQLAlchemy is slow to import, and files need none

        url, table = data.sql.get_secret_value(), data.table or ""
        return SqlSource(url, table, data.cursor, data.lookback, batch_rows=batch_rows)
    raise SourceError("pushed records come by themselves; there is nothing to pull")


def placed(pattern: str, *, root: Path) -> tuple[Path, str]:
    """Give the folder that a pattern of files begins in, and the rest of the pattern.

    The folder is `root`, or the longest part without wildcards where the pattern is absolute or leads out of `root`.

    >>> placed("logs/*.csv", root=Path("/etc/monitor"))
    (PosixPath('/etc/monitor'), 'logs/*.csv')
    >>> placed("../logs/*/*.csv", root=Path("/etc/monitor"))
    (PosixPath('/etc/logs'), '*/*.csv')
    """
    if not Path(pattern).is_absolute() and ".." not in Path(pattern).parts:
        return root, pattern
    parts = Path(normpath(root / pattern)).parts
    fixed = next((index for index, part in enumerate(parts) if _WILD & set(part)), len(parts))
    fixed = min(fixed, len(parts) - 1)
    return Path(*parts[:fixed]), str(Path(*parts[fixed:]))
