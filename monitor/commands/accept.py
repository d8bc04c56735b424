"""`monitor accept`: what a model's endpoint answers next counts as right."""

from pathlib import Path

import typer

from monitor.commands.opening import configured, named, reaching_database, watching
from monitor.errors import ConfigError
from monitor.store.cursors import forget_cursors
from monitor.store.probes import forget_answers


def accept(path: Path, model: str) -> int:
    """Forget a model's recorded answers and have the next pass ask; ConfigError where it has no probes."""
    setup = configured(path)
    section = named(setup.config.models, model, place=f"{setup.place}: models", what="model")
    if section.probes is None:
        raise ConfigError(f"{setup.place}: models.{model}", "no probes", "write a section `probes` to have some")
    with watching(setup) as monitor, reaching_database(setup), monitor.database.write() as connection:
        forget_answers(connection, model)
        forget_cursors(connection, f"{model}/probes")
    typer.echo(f"{model}: the answers of the next pass are recorded, and an alert about the old ones is resolved by it")
    return 0
