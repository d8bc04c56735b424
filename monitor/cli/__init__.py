"""The command line: what can be asked, and with which options; what is done about it is in `monitor.commands`.

Exit codes: 0 fine; 1 something was found or failed; 2 usage or configuration.
"""

import gc
import os
import sys
from typing import Annotated

import typer

# Nothing of ours but the errors and the options is imported here: `monitor --help` must not wait for pyarrow.
from monitor.cli import answering, looking, manual, running, setting_up, tending, training
from monitor.errors import ConfigError, MonitorError

COMMANDS = {
    "Set up": (setting_up.demo, setting_up.init, setting_up.check, setting_up.migrate),
    "Run": (running.run, running.once, running.replay),
    "Look": (looking.alerts, looking.measurements, looking.dashboard, looking.report, looking.explain),
    "Train": (training.audit, training.export),
    "Answer": (answering.silence, answering.unsilence, answering.ack, answering.resolve),
    "Tend": (tending.doctor, tending.send_test, tending.accept, tending.detectors, manual.help_),
}
"""Every command, under the heading that `monitor --help` shows it under."""

app = typer.Typer(
    name="monitor",
    help="Watches deployed machine-learning models: drift, confidence, performance and broken data.\n\n"
    "`monitor help` lists the topics of the manual.\n\n"
    "Exit codes: 0 fine; 1 something was found or failed; 2 usage or configuration.",
    no_args_is_help=True,
    add_completion=False,
    # An unexpected error keeps Python's own traceback, which shows no variables and thus no secrets.
    pretty_exceptions_enable=False,
)
for heading, commands in COMMANDS.items():
    for command in commands:
        app.command(command.__name__.strip("_").replace("_", "-"), rich_help_panel=heading)(command)


ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""What says how many threads linear algebra and trees take; read when numpy and scikit-learn are imported."""


def main() -> None:
    """Run the command line; what is raised on purpose becomes its sentence on standard error."""
    # Matrices and trees here are small: more threads wait for each other more than they work. On a busy machine they
    # turn seconds into minutes, since threads of OpenMP keep a core while they wait.
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    # A pass makes many small values and few cycles: looking for these less often saves it a twentieth of its time.
    gc.set_threshold(10_000, 10, 10)
    try:
        app()
    except MonitorError as error:
        sys.stderr.write(f"{error}\n")
        from monitor.config import ConfigErrors  # noqa: PLC0415  # pydantic is slow to import

        sys.exit(2 if isinstance(error, ConfigError | ConfigErrors) else 1)


@app.callback(invoke_without_command=True)
def before_any_command(
    *, version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False
) -> None:
    """Do what is asked of no command."""
    if version:
        from importlib.metadata import version as version_of  # noqa: PLC0415

        typer.echo(f"monitor {version_of('ml-monitor')}")
        raise typer.Exit
