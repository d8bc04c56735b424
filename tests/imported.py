"""All that commands import, imported once, as the command line itself would: with one thread for linear algebra."""

import os
from importlib import import_module
from pkgutil import iter_modules

from monitor import commands
from monitor.cli import ONE_THREAD

for _name in ONE_THREAD:
    os.environ.setdefault(_name, "1")
for _command in iter_modules(commands.__path__, "monitor.commands."):
    import_module(_command.name)
for _learner in ("covariance", "ensemble", "isotonic", "neighbors"):
    import_module(f"sklearn.{_learner}")
