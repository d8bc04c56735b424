"""Messages whose links open nowhere but on the daemon's own machine."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from monitor.config import Config, Receiver
from monitor.config.addresses import is_loopback

EVERYWHERE = ("0.0.0.0", "::", "[::]")  # noqa: S104  # what is listened on, and no address to go to


def unlinked(config: Config) -> Iterator[tuple[str, str]]:
    """Yield (problem, mend) where messages leave this machine, and their links lead nowhere else."""
    leaving, web = [name for name, receiver in config.receivers.items() if _leaves(receiver)], config.web
    if leaving and web.url is None and (is_loopback(web.host) or web.host in EVERYWHERE):
        problem = f"links in messages to {', '.join(leaving)} begin with http://{web.host}:{web.port}"
        yield f"{problem}, which opens on this machine only", "name the address by which people reach the pages"


def _leaves(receiver: Receiver) -> bool:
    address = receiver.slack or receiver.webhook
    return address is not None and not is_loopback(urlsplit(address.get_secret_value()).hostname or "")
