"""How long things may take, and how many go at once."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Limits:
    """What holds for a daemon.

    tick: how often it looks what is due. workers: how many passes move at once. lease: how long a process that
    disappears keeps others from its models. stuck: after this time without a row or a window a pass gives up its
    place among the workers. hung: after this time it is told as a health problem, and its lease is let go.
    dead: a tick that stands still so long ends the process. grace: how long a stop waits for what runs.
    """

    tick: timedelta = timedelta(seconds=1)
    workers: int = 4
    lease: timedelta = timedelta(seconds=60)
    stuck: timedelta = timedelta(seconds=60)
    hung: timedelta = timedelta(minutes=10)
    dead: timedelta = timedelta(seconds=10)
    grace: timedelta = timedelta(seconds=25)
