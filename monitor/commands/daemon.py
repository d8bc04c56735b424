"""`monitor run`, `monitor demo`: what stays until it is told to stop."""

import logging
from pathlib import Path

from monitor.commands.opening import configured, watching
from monitor.daemon.leasing import owner


def run(path: Path) -> int:
    """Run the daemon with its web page until SIGTERM; its log goes to standard error."""
    # Imported here: the daemon's web server need not start for the other commands of this file.
    from monitor.daemon.service import run as run_daemon  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    setup = configured(path)
    with watching(setup, owner=owner()) as monitor:
        return run_daemon(monitor, web=setup.config.web)


def demo(*, serve: bool, home: Path, port: int) -> int:
    """Run the demo in `home`."""
    from monitor.demo.run import run as run_demo  # noqa: PLC0415

    return run_demo(serve=serve, home=home, port=port)
