"""The command line: what can be asked, and with which options; what is done about it is in `monitor.commands`.

Exit codes: 0 fine; 1 something was found or failed; 2 usage or configuration.
"""

import gc
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

# Nothing of ours but the errors is imported here: `monitor --help` must not wait for pyarrow.
from monitor.errors import ConfigError, MonitorError

app = typer.Typer(
    name="monitor",
    help="Watches deployed machine-learning models: drift, confidence, performance and broken data.\n\n"
    "Exit codes: 0 fine; 1 something was found or failed; 2 usage or configuration.",
    no_args_is_help=True,
    add_completion=False,
    # An unexpected error keeps Python's own traceback, which shows no variables and thus no secrets.
    pretty_exceptions_enable=False,
)


class AlertState(StrEnum):
    """States of an alert worth asking for."""

    pending = "pending"
    firing = "firing"
    recovering = "recovering"
    resolved = "resolved"
    all = "all"


def instant_of(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC.

    >>> instant_of("2013-05-15")
    datetime.datetime(2013, 5, 15, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write for example 2013-05-15 or 2013-05-15T06:00Z") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


Config = Annotated[Path, typer.Argument(help="The configuration, such as monitor.yaml.", metavar="CONFIG")]
ModelName = Annotated[str, typer.Argument(help="A model of the configuration.", metavar="MODEL")]
OnlyModel = Annotated[str | None, typer.Option("--model", help="Only this model.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, and nothing else.")]


def main() -> None:
    """Run the command line; what is raised on purpose becomes its sentence on standard error."""
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


@app.command()
def demo(
    *,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Leave the web page open.")] = True,
    port: Annotated[int, typer.Option(help="Where the web page listens.")] = 8080,
    home: Annotated[Path, typer.Option(help="Where the demo's files go.")] = Path("monitor-demo"),
) -> None:
    """Show the whole thing on real data, with a broken feed and an attack in it, in under two minutes."""
    from monitor.commands.daemon import demo as command  # noqa: PLC0415

    raise typer.Exit(command(serve=serve, home=home, port=port))


@app.command()
def init(
    *,
    data: Annotated[str, typer.Argument(help="A file, a glob, a folder or URL#table.", metavar="DATA")],
    reference: Annotated[str | None, typer.Option(help="What the model was trained or validated on.")] = None,
    labels: Annotated[str | None, typer.Option(help="Labels that come by themselves; written as DATA is.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the model.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The configuration to write.")] = Path("monitor.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a configuration.")] = False,
) -> None:
    """Look at the data, guess the columns' roles, write a commented configuration."""
    from monitor.commands.setting_up import init as command  # noqa: PLC0415

    raise typer.Exit(command(data, reference=reference, labels=labels, name=name, out=out, force=force))


@app.command()
def check(config: Config) -> None:
    """Find everything that can be wrong before anything runs.

    Exit code 2 when something has to be mended; warnings alone give 0.
    """
    from monitor.commands.setting_up import check as command  # noqa: PLC0415

    raise typer.Exit(command(config))


@app.command()
def run(config: Config) -> None:
    """Run the daemon with its web page.

    It stops at SIGTERM and reads the configuration once: restart it when the file changes.
    """
    from monitor.commands.daemon import run as command  # noqa: PLC0415

    raise typer.Exit(command(config))


@app.command()
def once(config: Config) -> None:
    """Make one full pass: pull to the end, judge every closed window, deliver, exit.

    Exit code 1 when a source stood still; alerts alone give 0.
    """
    from monitor.commands.passes import once as command  # noqa: PLC0415

    raise typer.Exit(command(config))


@app.command()
def replay(
    *,
    config: Config,
    begin: Annotated[datetime | None, typer.Option("--from", parser=instant_of, help="Windows from here.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", parser=instant_of, help="Windows up to here.")] = None,
    model: OnlyModel = None,
    inject: Annotated[list[str] | None, typer.Option(help="Put this in; may be repeated.", metavar="CHANGE")] = None,
    share: Annotated[str, typer.Option(help="Of what share of the rows, or of several: 0.01,0.03,0.1.")] = "1",
    at: Annotated[
        datetime | None, typer.Option(parser=instant_of, help="From when; from half of the windows on by default.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(parser=instant_of, help="Until when; for ever by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which rows are changed.")] = 0,
    as_json: Json = False,
) -> None:
    """Say what would have been alerted over history; sends nothing.

    All of history is judged anew; --from and --to limit which windows are told. Exit code 1 when a source stood
    still; alerts alone give 0.

    --inject puts a change into history, each by itself, and says whether, when and by which alert it would have been
    found that would not have been told anyway: shift:COLUMN:0.5sd (or +3, or *1.2), scale:COLUMN:1000, drop:COLUMN,
    missing:COLUMN, swap:COLUMN:COLUMN, label-flip, or evasion: rows decided positive take over everything but their
    label from rows that were barely decided negative; --share is then one of the rows decided positive.
    """
    from monitor.commands.replay import Span  # noqa: PLC0415

    span = Span(begin, end)
    if inject:
        from monitor.commands.inject import Asked  # noqa: PLC0415
        from monitor.commands.inject import inject as trial  # noqa: PLC0415

        asked = Asked(inject, share, at, until, seed)
        raise typer.Exit(trial(config, span=span, model=model, as_lines=as_json, asked=asked))
    if share != "1" or at or until:
        raise typer.BadParameter("--share, --at and --until belong to --inject")
    from monitor.commands.replay import replay as command  # noqa: PLC0415

    raise typer.Exit(command(config, span=span, model=model, as_lines=as_json))


@app.command()
def alerts(
    *,
    config: Config,
    state: Annotated[AlertState | None, typer.Option(help="Only alerts in this state, or all.")] = None,
    model: OnlyModel = None,
    as_json: Json = False,
) -> None:
    """List the alerts that are firing or recovering, weightiest first, or those of a state.

    Exit code 1 when one of those listed is firing or recovering.
    """
    from monitor.commands.listing import alerts as command  # noqa: PLC0415

    raise typer.Exit(command(config, state=state.value if state else None, model=model, as_json=as_json))


@app.command()
def measurements(
    *,
    config: Config,
    model: OnlyModel = None,
    detector: Annotated[str | None, typer.Option(help="Only this detector.")] = None,
    since: Annotated[datetime | None, typer.Option(parser=instant_of, help="Windows that end after this.")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """List what was measured, oldest window first."""
    from monitor.commands.listing import measurements as command  # noqa: PLC0415

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    raise typer.Exit(command(config, model=model, detector=detector, since=since, as_json=as_json, as_csv=as_csv))


@app.command()
def dashboard(
    config: Config, out: Annotated[Path, typer.Option("-o", "--out", help="A new folder, or one written before.")]
) -> None:
    """Write static pages that need no server."""
    from monitor.commands.showing import dashboard as command  # noqa: PLC0415

    raise typer.Exit(command(config, out))


@app.command()
def report(
    config: Config,
    model: ModelName,
    window: Annotated[datetime, typer.Option(parser=instant_of, help="A time within the window.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The page to write.")] = None,
) -> None:
    """Write Evidently's report of a window against the reference."""
    from monitor.commands.report import report as command  # noqa: PLC0415

    raise typer.Exit(command(config, model, window, out))


@app.command()
def explain(
    *,
    config: Config,
    model: ModelName,
    window: Annotated[datetime, typer.Option(parser=instant_of, help="A time within the window.")],
    as_json: Json = False,
) -> None:
    """Say whether a classifier can tell a window's inputs from the reference's, and by which columns.

    AUC lost is what the classifier loses where a column is shuffled: that shows changes of how columns go together,
    too. The p-value takes rows for independent: with many of them any real day differs a little from all of the
    reference, and the AUC says how much. At most 5,000 rows a side take part, without texts, vectors and what the
    model answered. Exit code 1 when p <= 0.01.
    """
    from monitor.commands.explain import explain as command  # noqa: PLC0415

    raise typer.Exit(command(config, model, window, as_json=as_json))


@app.command()
def audit(
    *,
    config: Config,
    model: ModelName,
    batch: Annotated[str, typer.Option(help="Labelled rows: a file, a glob, a folder or URL#table.")],
    contributor: Annotated[
        str | None, typer.Option(help="The column that says who labelled; by default `contributor`, else the client.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Where suspicious rows go, as Parquet.")] = None,
    as_json: Json = False,
) -> None:
    """Say whether labelled rows are fit to train on: whether they look poisoned beside the model's reference.

    One clean batch in 1,000 is called suspicious. Exit code 0 when clean; 1 when suspicious or undecided; 2 when it
    cannot be compared.
    """
    from monitor.commands.audit import audit as command  # noqa: PLC0415

    raise typer.Exit(command(config, model, batch, contributor=contributor, out=out, as_json=as_json))


@app.command()
def export(
    *,
    config: Config,
    model: ModelName,
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write.")],
    measurements: Annotated[bool, typer.Option("--measurements", help="Measurements, not records.")] = False,
    hard_examples: Annotated[
        bool,
        typer.Option("--hard-examples", help="Only what attackers sent, as soon as its right label is known."),
    ] = False,
) -> None:
    """Write a model's records with their labels as Parquet."""
    from monitor.commands.export import What  # noqa: PLC0415
    from monitor.commands.export import export as command  # noqa: PLC0415

    if measurements and hard_examples:
        raise typer.BadParameter("give --measurements or --hard-examples, not both")
    chosen: What = "measurements" if measurements else "hard examples" if hard_examples else "records"
    raise typer.Exit(command(config, model, out, what=chosen))


@app.command()
def migrate(config: Config) -> None:
    """Bring the database to the newest schema; `run` and `once` do so by themselves."""
    from monitor.commands.setting_up import migrate as command  # noqa: PLC0415

    raise typer.Exit(command(config))


@app.command()
def doctor(
    config: Config,
    *,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Try how soon simple attacks would be seen; reads the reference again.")
    ] = False,
) -> None:
    """Say how database, sources, windows and receivers are; changes nothing.

    Exit code 1 when something is wrong.
    """
    from monitor.commands.doctor import doctor as command  # noqa: PLC0415

    raise typer.Exit(command(config, attacks=attacks))


@app.command(name="send-test")
def send_test(
    config: Config,
    receiver: Annotated[str, typer.Argument(help="A receiver of the configuration.", metavar="RECEIVER")],
) -> None:
    """Send one test message to a receiver.

    Exit code 1 when it was not delivered.
    """
    from monitor.commands.send_test import send_test as command  # noqa: PLC0415

    raise typer.Exit(command(config, receiver))


@app.command()
def accept(config: Config, model: ModelName) -> None:
    """Have the next answers of a model's endpoint to its probes count as right."""
    from monitor.commands.accept import accept as command  # noqa: PLC0415

    raise typer.Exit(command(config, model))


@app.command()
def detectors() -> None:
    """List the detectors with what they do."""
    from monitor.commands.listing import detectors as command  # noqa: PLC0415

    raise typer.Exit(command())
