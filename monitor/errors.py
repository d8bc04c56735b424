"""The exception tree.

MonitorError
├── ConfigError      the configuration is wrong: place, value, mend
├── SourceError      a source cannot be read; its cursor stays where it is
│   ├── SourceEmpty      what it was read from is gone: no file matches any more
│   └── SourceStopped    what it gave is not what was agreed; nothing of the batch was taken
├── Busy             another process is at work on a model
├── NotReady         what was asked for will be known later
├── ProbeError       a model's endpoint gave no answer; nothing is known of the model
└── DeliveryError    a receiver did not take a notice
"""

from datetime import timedelta


class MonitorError(Exception):
    """Anything this product raises on purpose."""


class ConfigError(MonitorError):
    """`place: value is wrong; mend`."""

    def __init__(self, place: str, problem: str, mend: str = "") -> None:
        self.place, self.problem, self.mend = place, problem, mend
        super().__init__(f"{place}: {problem}" + (f"; {mend}" if mend else ""))


class SourceError(MonitorError):
    """A source cannot be read now; nothing was taken from it."""


class SourceEmpty(SourceError):  # noqa: N818 - it says what became of the source
    """Nothing is left of what was once read; a mistake, or files that were moved away once they were read."""


class SourceStopped(SourceError):  # noqa: N818 - it says what became of the source
    """Too much of a batch cannot be taken; `columns` are those that changed or hold the unusable values."""

    def __init__(self, message: str, *, columns: tuple[str, ...] = ()) -> None:
        self.columns = columns
        super().__init__(message)


class Busy(MonitorError):  # noqa: N818 - it says what somebody else is
    """Another process is at work on a model."""


class NotReady(MonitorError):  # noqa: N818 - it says how far it is
    """What was asked for is not known yet, and will be."""


class ProbeError(MonitorError):
    """A model's endpoint cannot be asked, or gave no answer that can be read."""


class DeliveryError(MonitorError):
    """A receiver did not take a notice.

    permanent: trying again cannot help.
    retry_after: the receiver asked for this pause; the attempt does not count.
    payload_refused: the receiver dislikes this message, not us; a plainer one may pass.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        payload_refused: bool = False,
    ) -> None:
        self.permanent, self.retry_after, self.payload_refused = permanent, retry_after, payload_refused
        super().__init__(message)
