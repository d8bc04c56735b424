"""`monitor doctor --attacks`: after how many queries simple attacks would be seen on each model's own data."""

from collections.abc import Iterator

import typer

from monitor.commands.opening import Setup, reaching_database, stored
from monitor.commands.printing import printable, spinner, table
from monitor.detectors.attack.indicators import INDICATORS_BY_NAME
from monitor.detectors.attack.self_test import INJECTED, TRIED, Delay, blind
from monitor.errors import MonitorError
from monitor.steps.attack_trial import Trial, attack_trial
from monitor.store.attacks import read_seed
from monitor.store.database import Database
from monitor.watch import Watch
from monitor.wiring import watch_of

ANSWERS = "gives nine answers of ten"
ALONE = (
    "That is one client that sends nothing else. Searches that change few values of many rows take several times as "
    "many queries as noisy copies; from several accounts, or among many genuine rows, attacks take longer or stay "
    "unseen."
)


def attack_trials(setup: Setup) -> None:
    """Try every model and print what came of it; changes nothing. MonitorError when the database is no use."""
    with stored(setup) as database, reaching_database(setup):
        with database.read() as connection:
            seed = read_seed(connection) or b""
        for name, model in setup.config.models.items():
            watch = watch_of(name, model, database, root=setup.root, seed=seed)
            with spinner(f"{name}: injecting attacks"):
                found = _tried(database, watch)
            _print(name, found)


def first_seen(delays: list[Delay]) -> Iterator[tuple[str, str | None, int | None]]:
    """Give (injected, detector, queries) of the detector that sees each attack first; None where none does."""
    for injected in INJECTED:
        seen = [(one.queries, one.detector) for one in delays if one.injected == injected and one.queries is not None]
        queries, detector = min(seen, default=(None, None))
        yield injected, detector, queries


def enough_to_copy(found: Trial) -> str:
    """Say with how many rows a model can be copied.

    >>> enough_to_copy(Trial([], 400))
    'About 400 genuine rows are enough for a copy that gives nine answers of ten.'
    >>> enough_to_copy(Trial([], 400, thirds=True)).partition(" are ")[2]
    'enough for a copy that knows of nine numbers in ten whether they are low, middle or high.'
    """
    copied = "knows of nine numbers in ten whether they are low, middle or high" if found.thirds else ANSWERS
    return f"About {found.budget:,} genuine rows are enough for a copy that {copied}."


def _tried(database: Database, watch: Watch) -> Trial | str:
    try:
        return attack_trial(database, watch)
    except MonitorError as error:
        return f"attacks cannot be tried: {error}"


def _print(name: str, found: Trial | str) -> None:
    typer.echo("")
    if isinstance(found, str):
        typer.echo(printable(f"{name}: {found}"))
        return
    typer.echo(printable(f"{name}: attacks of {TRIED} queries by one client, injected beside what has been followed"))
    table(("injected", "seen first by", "after queries"), first_seen(found.delays))
    typer.echo("")
    typer.echo(ALONE)
    if found.budget:
        typer.echo("")
        typer.echo(enough_to_copy(found))
    unseeing = blind(found.delays)
    if unseeing:
        typer.echo("")
        table(("saw none of it", "is always blind to"), [(one, INDICATORS_BY_NAME[one].blind) for one in unseeing])
