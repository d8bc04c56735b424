"""What the statistics are worth: every module here with a function `figures(bench)` measures something of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers


@dataclass(frozen=True)
class Bench:
    """What a module may use: data sets, if there are any, and peers in environments of their own.

    quick: a tenth of the work or less, under two minutes a module; the figures are then only shown.
    data: a folder with a folder a data set; None where none was named.
    home: where the peers' environments are made and kept.
    """

    quick: bool
    data: Path | None
    home: Path

    def file(self, name: str) -> Path | None:
        """Give a file of a data set, such as `elec2/elec2.parquet`; None where it is not there."""
        place = self.data / name if self.data else None
        return place if place and place.exists() else None

    def peer(self, name: str, script: str, *, tables: dict[str, Any], **options: object) -> Any:  # noqa: ANN401
        """Run `peers/<script>.py` in the environment of a peer; see `peers.run`."""
        return peers.run(self.home, name, script, tables=tables, options=options)
