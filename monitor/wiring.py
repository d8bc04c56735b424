"""From the configuration's words to the things that do the work."""

import secrets
from datetime import timedelta
from functools import partial
from os.path import normpath
from pathlib import Path

from monitor.config import Config, Data, Labels, Model, Receiver
from monitor.config import Probes as ProbesSection
from monitor.errors import SourceError
from monitor.notify import Receiver as Notifier
from monitor.notify.endpoint import HttpEndpoint
from monitor.notify.log import Log
from monitor.notify.slack import Slack
from monitor.notify.webhook import Webhook
from monitor.sources.files import FilesSource
from monitor.sources.meant import Meant
from monitor.store.attacks import kept_seed, read_seed
from monitor.store.database import Database, migrate, open_database
from monitor.store.pushed import Holds, read_pushed
from monitor.types import Source
from monitor.watch import Monitor, Probes, Watch

SEED_BYTES = 16
_WILD = frozenset("*?[")


def opened(config: Config, *, root: Path, owner: str = "monitor", place: str = "monitor.yaml") -> Monitor:
    """Give everything that the configuration names, ready to work; the database is brought to its newest schema.

    root: the configuration's folder, where relative files begin, that of an SQLite database too.
    owner: names this process among those that share the database. place: the configuration's file, as messages name it.
    """
    url = database_url(config, root=root)
    migrate(url)
    database = open_database(url)
    seed = deployment_seed(database)
    return Monitor(
        database=database,
        watches=tuple(watch_of(name, model, database, root=root, seed=seed) for name, model in config.models.items()),
        receivers={name: receiver_of(receiver, root=root) for name, receiver in config.receivers.items()},
        routes=config.routes,
        link=config.web.url or f"http://{config.web.host}:{config.web.port}",
        owner=owner,
        config=place,
        repeats={name: receiver.repeat for name, receiver in config.receivers.items() if receiver.repeat},
    )


def database_url(config: Config, *, root: Path) -> str:
    """Give the database's address; a relative SQLite file lies in the configuration's folder."""
    url = config.database.get_secret_value()
    prefix, path = "sqlite:///", url.removeprefix("sqlite:///")
    return f"{prefix}{root.resolve() / path}" if url.startswith(prefix) and not Path(path).is_absolute() else url


def deployment_seed(database: Database) -> bytes:
    """Give the secret by which the fingerprints of queries cannot be foretold; made once, and kept in the database."""
    with database.read() as connection:
        known = read_seed(connection)
    if known is not None:
        return known
    with database.write() as connection:
        return kept_seed(connection, secrets.token_bytes(SEED_BYTES))


def watch_of(name: str, model: Model, database: Database, *, root: Path, seed: bytes = b"") -> Watch:
    """Give a model with its sources; seed: the deployment's secret."""
    # a reference is closed: read behind its cursor again, it would seem to change at every look
    closed = model.reference.model_copy(update={"lookback": timedelta(0)}) if model.reference else None
    reference: Source | None = source_of(closed, root=root) if closed else None
    source = _pushed(name, database) if model.source.push else source_of(model.source, root=root, live=True)
    labels = _labels_of(name, model.labels, database, root=root) if model.labels else None
    if model.columns.meanings:
        source, reference = Meant(source, model.columns), reference and Meant(reference, model.columns)
    probes = probes_of(model.probes, root=root) if model.probes else None
    return Watch(name, model, source, labels, reference, probes, seed)


def _labels_of(name: str, labels: Labels, database: Database, *, root: Path) -> Source:
    if labels.push:
        return _pushed(name, database, holds="labels")
    return source_of(labels, root=root, may_be_empty=True, live=not labels.files)


def _pushed(name: str, database: Database, *, holds: Holds = "records") -> Source:
    from monitor.sources.push import PushSource  # noqa: PLC0415  # only where something is pushed

    return PushSource(partial(read_pushed, database, name, holds=holds))


def probes_of(section: ProbesSection, *, root: Path) -> Probes:
    """Give a model's probes; a relative file of inputs lies in the configuration's folder."""
    headers = {name: value.get_secret_value() for name, value in section.headers.items()}
    endpoint = HttpEndpoint(section.url.get_secret_value(), headers, private=section.private)
    return Probes(endpoint, root / section.inputs, section.every, section.tolerance, frozenset(section.ignore))


def receiver_of(receiver: Receiver, *, root: Path) -> Notifier:
    """Give the channel that a receiver's section names; a relative log file lies in the configuration's folder."""
    if receiver.slack is not None:
        return Slack(receiver.slack.get_secret_value(), private=receiver.private)
    if receiver.webhook is not None:
        secrets = tuple(secret.get_secret_value() for secret in receiver.secret)
        return Webhook(receiver.webhook.get_secret_value(), secrets, private=receiver.private)
    path = receiver.log or "-"
    return Log(path if path == "-" else str(root / path))


def source_of(
    data: Data, *, root: Path, batch_rows: int = 65_536, may_be_empty: bool = False, live: bool = False
) -> Source:
    """Give the source that `data` names; nothing is read yet.

    root: the configuration's folder, where relative patterns of files begin. may_be_empty: that no file
    ever matched is no fault, as with labels, which come later. live: rows go on coming, so that the source looks after
    what it may have lost.

    Raises SourceError for what is pushed, which is pulled from nowhere.
    """
    if data.files is not None:
        folder, pattern = placed(data.files, root=root)
        return FilesSource(pattern, folder, batch_rows=batch_rows, may_be_empty=may_be_empty, live=live)
    if data.sql is not None:
        from monitor.sources.sql import SqlSource  # noqa: PLC0415  # SQLAlchemy is slow to import, and files need none

        url, table = data.sql.get_secret_value(), data.table or ""
        return SqlSource(url, table, data.cursor, data.lookback, batch_rows=batch_rows, live=live)
    raise SourceError("what is pushed comes by itself; there is nothing to pull")


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
