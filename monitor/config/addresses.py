"""What an address stands for, as far as it says so itself."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_web(url: str) -> bool:
    """Say whether an address is one of the web, with a host.

    >>> is_web("https://example.com/hook"), is_web("https:///hook"), is_web("example.com")
    (True, False, False)
    """
    return re.match(r"https?://[^/\s]", url) is not None


def is_private(url: object) -> bool:
    """Say whether an address names a private machine by its number; what a name stands for is seen when it is used."""
    try:
        host = urlsplit(str(url)).hostname or ""
        return host == "localhost" or not ip_address(host).is_global
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a host."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
