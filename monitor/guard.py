"""The guard: whether rows belong to the population that a model was trained on, from what the store knows of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.detectors.attack import Baseline, State, Validation, validate
from monitor.errors import MonitorError, NotReady
from monitor.names import with_names
from monitor.sources.push import parse
from monitor.steps.baselines import unpacked
from monitor.store.attacks import read_baselines, read_followed, with_baselines
from monitor.store.database import Database
from monitor.store.references import WHOLE, known_columns

KEPT = timedelta(seconds=10)
MOST_ROWS = 10_000


@dataclass(frozen=True)
class Known:
    """What a model's rows are laid beside, as it was read at some time; `baseline` is None where there is none.

    columns: those that the reference or a role names.
    """

    at: datetime
    baseline: Baseline | None
    state: State | None
    columns: frozenset[str] = frozenset()


class Guard:
    """Validates rows of the models of a database; what it reads there is at most ten seconds old.

    models: those of the configuration, and whether their queries are watched, by which an unknown name and a model
    that will never be ready are told from one that will.
    """

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], models: Mapping[str, bool] | None = None
    ) -> None:
        self._database, self._clock, self._models = database, clock, models or {}
        self._known: dict[str, Known] = {}
        self._packed: dict[str, tuple[bytes, Baseline | None, frozenset[str]]] = {}
        self._reading = threading.Lock()

    def validate(self, model: str, body: bytes, content_type: str) -> dict[str, Any]:
        """Answer for the records of a body, in their order: JSON, JSON Lines or an Arrow stream, as records are pushed.

        Raises MonitorError when the body cannot be read, or nothing is known of the model: NotReady when it will be.
        """
        known = self._of(model)
        if known.baseline is None:
            raise self._not_known(model)
        try:
            rows, rejected = parse(body, content_type)
        except ValueError as error:
            raise MonitorError(str(error)) from error
        if rejected:
            raise MonitorError(f"{rejected[0].position}: {rejected[0].reason}; nothing was validated")
        if rows.num_rows > MOST_ROWS:
            raise MonitorError(f"{rows.num_rows} records; send at most {MOST_ROWS} at a time")
        rows = with_names(rows, known.baseline.layout.roles)
        found = validate(known.baseline, known.state, rows, known=known.columns)
        return {"model": model, "results": [_json(one) for one in found]}

    def _not_known(self, model: str) -> MonitorError:
        """Say why nothing is known of a model, and of which ones something is."""
        if self._models and model not in self._models:
            return MonitorError(f"model: no model {model!r}, only {', '.join(self._models)}")
        if self._models.get(model):
            read = f"model: the reference of {model!r} is not known yet: the first pass reads it, or learns it from"
            return NotReady(f"{read} the first windows; it needs 200 rows; ask again later")
        with self._database.read() as connection:
            ready = with_baselines(connection)
        why = f"model: no model {model!r} whose queries are watched has a reference"
        others = f", only {', '.join(ready)}" if ready else ""
        return MonitorError(
            f"{why}{others}; set columns.client or attacks: on, and name a reference of 200 rows or more"
        )

    def _of(self, model: str) -> Known:
        now = self._clock()
        known = self._known.get(model)
        if known is not None and now - known.at < KEPT:
            return known
        # One request reads while the others go on with what is known.
        if not self._reading.acquire(blocking=known is None):
            assert known is not None  # noqa: S101  # it would have waited
            return known
        try:
            known = self._read(model, now)
            # whoever asks of ever new names must not fill the memory
            if known.baseline is None:
                self._known.pop(model, None)
            else:
                self._known[model] = known
            return known
        finally:
            self._reading.release()

    def _read(self, model: str, now: datetime) -> Known:
        with self._database.read() as connection:
            packed = read_baselines(connection, model).get(WHOLE)
            followed = read_followed(connection, model, WHOLE)
            fresh = packed is not None and (model not in self._packed or self._packed[model][0] != packed)
            columns = known_columns(connection, model) if fresh else frozenset()
        if packed is None:
            return Known(now, None, None)
        if fresh:
            self._packed[model] = (packed, unpacked({WHOLE: packed}).get(WHOLE), columns)
        _, baseline, columns = self._packed[model]
        if baseline is None:
            return Known(now, None, None)
        return Known(now, baseline, State.of(followed.arrays) if followed.arrays else None, columns)


def _json(one: Validation) -> Mapping[str, Any]:
    return {
        "belongs": one.belongs,
        "contract": one.contract,
        "p_value": one.p_value,
        "near_duplicate": one.near_duplicate,
        "repeated": one.repeated,
        "reasons": list(one.reasons),
    }
