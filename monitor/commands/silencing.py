"""`monitor silence`, `monitor unsilence`: nothing is told of alerts for a time; they are judged and shown as ever."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import typer
from sqlalchemy import Connection

from monitor.alerts.lifecycle import PRESENT
from monitor.alerts.phrasing import clock, counted
from monitor.alerts.public import mark_of
from monitor.alerts.silence import Quieted, Silence
from monitor.alerts.taxonomy import is_attack
from monitor.commands.alert_ids import LEAST, present_alert
from monitor.commands.clock import now
from monitor.commands.opening import configured_to_look, reaching_database, watching
from monitor.commands.printing import json_line, table
from monitor.config import KINDS
from monitor.config.values import parse_duration
from monitor.config.words import suggestion
from monitor.errors import ConfigError
from monitor.store.alerts import alert_rows
from monitor.store.silences import end_silences, running_silences, write_silence
from monitor.watch import Monitor

LONGEST = timedelta(days=90)
OF_CLIENTS = ("client", "*", "?", "[")
"""What a pattern of segments begins with that may be of a client."""
SHOWN = ("number", "until", "alert", "model", "kind", "column", "segment", "why")


@dataclass(frozen=True)
class Asked:
    """What is to be silenced: alerts by their ids, or all that fit the patterns."""

    ids: Sequence[str] = ()
    model: str | None = None
    kind: str | None = None
    column: str | None = None
    segment: str | None = None

    @property
    def patterns(self) -> dict[str, str | None]:
        """Give the patterns by what they are of."""
        return {"model": self.model, "kind": self.kind, "column": self.column, "segment": self.segment}

    def __bool__(self) -> bool:
        """Say whether anything is asked for."""
        return bool(self.ids) or any(one is not None for one in self.patterns.values())


def silence(path: Path, asked: Asked, *, length: str | None, why: str, as_json: bool) -> int:
    """Silence what is asked for; list the silences that run where nothing is. ConfigError for what cannot be meant."""
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup):
        if not asked:
            if length is not None:
                mend = "name ids of alerts, --model, --kind, --column or --segment"
                raise ConfigError(setup.place, "nothing to silence", mend)
            return _listed(monitor, as_json=as_json)
        at = now()
        until = at + _length(length)
        with monitor.database.write() as connection:
            new = list(_silences(connection, monitor, asked, setup.place, Silence(at, until, why=why)))
            numbers = [write_silence(connection, one) for one in new]
            rows = alert_rows(connection, quieted=Quieted(tuple(new)))
    covered = sum(row["state"] in PRESENT and row["silenced_until"] is not None for row in rows)
    which = "silence" if len(numbers) == 1 else "silences"
    typer.echo(
        f"{which} {', '.join(map(str, numbers))} until {clock(until)}; {counted(covered, 'alert')} "
        f"of now {'is' if covered == 1 else 'are'} covered"
    )
    if _takes_in_attacks(asked):
        typer.echo("attacks are covered, too: no message tells of one until then")
    return 0


def unsilence(path: Path, asked: Sequence[str]) -> int:
    """End silences now; asked: their numbers, or ids of alerts they were set for. ConfigError for what means none."""
    setup = configured_to_look(path)
    with watching(setup) as monitor, reaching_database(setup), monitor.database.write() as connection:
        at = now()
        running = running_silences(connection, now=at)
        numbers = {number for one in asked for number in _numbers(one, running, setup.place)}
        end_silences(connection, sorted(numbers), now=at)
    ended = counted(len(numbers), "silence")
    typer.echo(f"{ended} ended; what still fires and was not told is told by the next pass")
    return 0


def _numbers(asked: str, running: Iterable[Silence], place: str) -> list[int]:
    """Give the numbers of the running silences that a number, or an alert's id or its beginning, means."""
    found = [one.number for one in running if str(one.number) == asked]
    if not found and len(asked) >= LEAST:
        found = [one.number for one in running if one.mark and one.mark.startswith(asked.partition("-")[0])]
    if not found:
        numbers = ", ".join(map(str, sorted(one.number for one in running)))
        known = f"running are {numbers}" if numbers else "none is running"
        raise ConfigError(f"{place}: silences", f"no running silence {asked}", known)
    return found


def _listed(monitor: Monitor, *, as_json: bool) -> int:
    with monitor.database.read() as connection:
        running = running_silences(connection, now=now())
    if as_json:
        for one in running:
            json_line({"alert" if name == "mark" else name: part for name, part in asdict(one).items()})
    elif running:
        table(SHOWN, (_cells(one) for one in running))
    else:
        typer.echo("no silences")
    return 0


def _cells(one: Silence) -> Sequence[object]:
    shown = {**asdict(one), "alert": one.mark or None}
    # the empty pattern fits alerts about all traffic, or about no column
    return ['""' if shown[name] == "" and name != "why" else shown[name] for name in SHOWN]


def _length(text: str | None) -> timedelta:
    if text is None:
        raise ConfigError("--for", "it is not said for how long", "write for example --for 8h")
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise ConfigError("--for", str(error)) from None
    if not timedelta(0) < length <= LONGEST:
        longest = f"write 1s to {LONGEST.days}d; what is never to be told is switched off under `thresholds`"
        raise ConfigError("--for", f"{text!r} is no length of a silence", longest)
    return length


def _silences(connection: Connection, monitor: Monitor, asked: Asked, place: str, like: Silence) -> Iterator[Silence]:
    """Give the silences to write, each as long as `like`."""
    watched = [watch.name for watch in monitor.watches]
    given = [name for name, one in asked.patterns.items() if one is not None]
    if not asked.ids:
        _fits(asked.model, watched, f"{place}: models", "model")
        _fits(asked.kind, KINDS, "--kind", "kind of alert")
        yield replace(like, model=asked.model, kind=asked.kind, column=asked.column, segment=asked.segment)
        return
    if given:
        raise ConfigError(f"--{given[0]}", "ids and patterns exclude each other", "leave out the one or the other")
    rows = [present_alert(connection, one, place=place, watched=watched) for one in asked.ids]
    for mark in dict.fromkeys(mark_of(row["id"]) for row in rows):
        yield replace(like, mark=mark)


def _fits(pattern: str | None, names: Iterable[str], place: str, what: str) -> None:
    known = list(names)
    if pattern is not None and not any(fnmatchcase(name, pattern) for name in known):
        raise ConfigError(place, f"no {what} {pattern!r}", suggestion(pattern, known))


def _takes_in_attacks(asked: Asked) -> bool:
    """Say whether patterns take in alerts about attacks, whose segments are clients."""
    fit = (kind for kind in KINDS if asked.kind is None or fnmatchcase(kind, asked.kind))
    of_clients = asked.segment is None or asked.segment.startswith(OF_CLIENTS)
    return not asked.ids and of_clients and any(map(is_attack, fit))
